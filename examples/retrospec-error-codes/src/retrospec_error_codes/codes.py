"""Finding the error code in what a marker says."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from retrospec.plugin import MarkerFacts


@dataclass(frozen=True, slots=True)
class Found:
    """A code, the part of the marker that it was in, and the pattern that found it."""

    code: str
    place: str
    pattern: str


def find_code(marker: MarkerFacts, patterns: Sequence[re.Pattern[str]], ignored: Collection[str]) -> Found | None:
    """The first code of the label, or else of the evidence.

    Args:
        marker: What failed.
        patterns: In the order of their worth. A group, where there is one, holds the code.
        ignored: Codes that tell nothing, in capitals.
    """
    for place, text in (("label", marker.label), ("evidence", marker.evidence)):
        for pattern in patterns:
            for match in pattern.finditer(text):
                code = (match[pattern.groups] or "").upper()
                if code and code not in ignored:
                    return Found(code, place, pattern.pattern)
    return None
