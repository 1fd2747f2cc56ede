"""Why the failures of an issue belong together: what goes over the wire, and who tells it."""

from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

NoteCode = Literal[
    "merged",
    "moved",
    "split",
    "leads_elsewhere",
    "key_differs",
    "strategy_missing",
    "other_version",
    "plain",
    "withheld",
    "no_marker",
]


class NamedText(msgspec.Struct):
    """A name and a text."""

    name: str
    value: str


class Facts(msgspec.Struct):
    """What a clustering strategy may know of a failure, as it is stored: redacted and cut."""

    kind: str
    label: str
    evidence: str
    hint: str
    route: str


class RuleApplied(msgspec.Struct, omit_defaults=True):
    """The rule that decided: the fingerprint that it gives, or the texts that it adds to what the strategy says."""

    id: str
    name: str
    fingerprint: str = ""
    extra: list[str] = []


class Told(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """How a key comes about.

    `parts` are what two failures must have in common to share the key. `text` is what the key's digits are a digest
    of, the first of its SHA-256, letter by letter; U+001F stands between its parts. `steps` is what was read before.
    """

    strategy: Annotated[str, Meta(examples=["fingerprint"])]
    strategy_version: int
    steps: list[NamedText] = []
    rule: RuleApplied | None = None
    parts: list[NamedText] = []
    text: str = ""
    key: Annotated[str, Meta(examples=["api_error:0a1b2c3d4e5f6071"])] = ""


class Note(msgspec.Struct):
    """Something to know about an issue's key. `code` stays the same, `text` is for people."""

    code: NoteCode
    text: str


class IssueExplanation(Told, kw_only=True):
    """Why the failures of an issue belong together, told of one of them: the `marker`.

    Strategy and version are those that made the cluster. `agrees` tells whether they give that marker the issue's key
    today; where they do not, `notes` say why.
    """

    marker: Facts | None = None
    session_id: str = ""
    agrees: bool
    notes: list[Note] = []


class ClusterToExplain(Protocol):
    """What of an issue decides what there is to tell."""

    project_id: str
    key: str
    strategy: str
    strategy_version: int
    representative_session_id: str


class ClusterExplainer(Protocol):
    """Tells why the failures of a cluster belong together."""

    async def explain_cluster(self, cluster: ClusterToExplain) -> IssueExplanation:
        """Tell of one failure of a cluster how it gets its key. Reads a marker and a few keys by indexes, no more."""
