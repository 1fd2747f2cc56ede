"""The strategy, and how it comes to a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from retrospec.plugin import ClusteringStrategy, Explanation, MarkerFacts, clustering_strategy

from retrospec_error_codes.codes import Found, find_code
from retrospec_error_codes.settings import ErrorCodesSettings
from retrospec_error_codes.shapes import Components, wording


@dataclass(frozen=True, slots=True)
class Reasons:
    """What two failures must have in common to be the same, and where it was found."""

    parts: tuple[tuple[str, str], ...]
    found: Found | None

    @property
    def text(self) -> str:
        """What the key is a digest of. Names are in it, so that a code is never taken for a wording."""
        return "\n".join(f"{name}={value}" for name, value in self.parts)

    @property
    def key(self) -> str:
        """The key: kind and digest."""
        # Half of a surrogate pair, which a label may hold, is no UTF-8.
        return f"{self.parts[0][1]}:{sha256(self.text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


@clustering_strategy("error-codes", "Groups failures by error code and component", settings=ErrorCodesSettings)
class ErrorCodesStrategy(ClusteringStrategy):
    """Failures with the same code, of the same kind, in the same component are the same, however they are worded.

    Failures without a code are the same when their wording is, but for numbers, quotations and ids.
    """

    version: ClassVar[int] = 1

    def __init__(self, settings: ErrorCodesSettings) -> None:
        self._patterns = settings.patterns
        self._ignored = frozenset(code.upper() for code in settings.ignore)
        self._components = Components(settings.components)
        self._by_component = settings.by_component

    def keys(self, markers: Sequence[MarkerFacts]) -> Sequence[str]:
        """Name the cluster of each marker."""
        return [self._reasons(marker).key for marker in markers]

    def explain(self, marker: MarkerFacts) -> Explanation:
        """Tell the code or the wording that counts, and where it was found."""
        reasons = self._reasons(marker)
        found = reasons.found
        steps = (
            (("code", f"{found.code}, in the {found.place}"), ("pattern", found.pattern))
            if found
            else (("code", "none of the patterns finds one in label or evidence"),)
        )
        return Explanation(reasons.key, reasons.parts, steps, reasons.text)

    def _reasons(self, marker: MarkerFacts) -> Reasons:
        found = find_code(marker, self._patterns, self._ignored)
        parts = [("kind", marker.kind), ("code", found.code) if found else ("wording", wording(marker.label))]
        if self._by_component:
            parts.append(("component", self._components.of(marker.route)))
        return Reasons(tuple(parts), found)
