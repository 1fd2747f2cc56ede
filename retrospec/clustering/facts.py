"""What clustering reads of a failure: redacted and bounded, in ingest and wherever a key is explained."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from retrospec.plugin import MarkerFacts
from retrospec.sessions.schemas import KINDS

ROUTE_LENGTH = 2000
# What clusters have in the place of a strategy's name when the redactor has failed.
WITHHELD_BY = "withheld"
_LABEL, _EVIDENCE, _HINT = 500, 4000, 1000
_KNOWN = frozenset(KINDS)
_UNKNOWN = "ui_no_effect"

# Takes the secrets out of texts; None where it failed, so that none of them may be kept or shown.
Clean = Callable[[Sequence[str]], Awaitable[list[str] | None]]


class Words(msgspec.Struct, frozen=True, gc=False):
    """What a marker says."""

    label: str
    evidence: str
    hint: str


def words_of(label: str | None, evidence: str | None, hint: str | None) -> Words:
    """What a marker says, as it was sent."""
    return Words((label or "").strip(), evidence or "", hint or "")


async def cleaned(said: Sequence[Words], clean: Clean) -> list[Words] | None:
    """What markers say without secrets; None where nobody can tell what is one."""
    sent = [text for words in said for text in (words.label, words.evidence, words.hint)]
    texts = await clean(sent)
    if texts is None:
        return None
    if texts == sent:
        return list(said)
    return [Words(*texts[at : at + 3]) for at in range(0, len(texts), 3)]


def facts_of(kind: str | None, words: Words, route: str) -> MarkerFacts:
    """What is stored, and clustered, of a marker.

    Args:
        kind: As sent; what is not known counts as `ui_no_effect`.
        words: Cleaned, where that is wanted.
        route: Of the session.
    """
    known = kind if kind in _KNOWN else _UNKNOWN
    label = words.label[:_LABEL] or known
    return MarkerFacts(route[:ROUTE_LENGTH], known, words.hint[:_HINT], label, words.evidence[:_EVIDENCE])
