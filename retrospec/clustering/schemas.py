"""What goes over the wire about clustering: rules and explanations."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from retrospec.core.db import read_time
from retrospec.issues.explained import Facts, Told
from retrospec.issues.models import ClusteringRule

Position = Annotated[int, Meta(ge=1, le=1000, description="1 is asked first; those behind it move on")]
Name = Annotated[str, Meta(min_length=1, max_length=100, examples=["Payment provider is down"])]
Part = Annotated[str, Meta(min_length=1, max_length=200, examples=["tenant {tenant}"])]


class TextMatch(msgspec.Struct, omit_defaults=True):
    """What a text must be like: either a `glob` for the whole of it, or a `regex` that is searched for in it.

    In a glob `*` stands for any text, `?` for any character, and case does not count. A regex is in the syntax of
    Python's `re`.
    """

    glob: Annotated[str, Meta(max_length=500, examples=["*payment provider*"])] | None = None
    regex: Annotated[str, Meta(max_length=500)] | None = None


class RuleMatch(msgspec.Struct, omit_defaults=True):
    """Which failures a rule is about. All that is given must match; at least one must be given."""

    kind: TextMatch | None = None
    route: TextMatch | None = None
    label: TextMatch | None = None
    evidence: TextMatch | None = None


class RuleAction(msgspec.Struct, omit_defaults=True):
    """What a rule does: `fingerprint` or `extra`, one of them.

    With `fingerprint` all failures of one kind that a rule of this fingerprint matches become one cluster. With
    `extra` the clusters of the strategy are divided by these texts; `{name}` in them stands for what a named group
    `(?P<name>…)` of one of the rule's regexes has found.
    """

    fingerprint: Annotated[str, Meta(max_length=200, examples=["payment provider is down"])] | None = None
    extra: Annotated[list[Part], Meta(max_length=10)] | None = None


class Rule(msgspec.Struct, rename="camel"):
    """A rule. The first one, by position, that matches a failure decides."""

    id: Annotated[str, Meta(examples=["rule_5f0c8a51d3b24e67a9c1d2e3"])]
    name: Name
    position: Position
    match: RuleMatch
    action: RuleAction
    enabled: bool
    created_at: datetime
    updated_at: datetime


class NewRule(msgspec.Struct, rename="camel"):
    """A rule to be made. Without a `position` it comes last."""

    name: Name
    match: RuleMatch
    action: RuleAction
    position: Position | None = None
    enabled: bool = True


class RulePatch(msgspec.Struct, rename="camel"):
    """What to change; fields left out stay. `match` and `action` are replaced whole."""

    name: Name | UnsetType = UNSET
    match: RuleMatch | UnsetType = UNSET
    action: RuleAction | UnsetType = UNSET
    position: Position | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class RuleAnswer(msgspec.Struct):
    """A rule."""

    rule: Rule


class RuleList(msgspec.Struct):
    """The rules of a project, in the order in which they are asked."""

    rules: list[Rule]


class RuleDeleted(msgspec.Struct, rename="camel"):
    """A rule is gone. Clusters that it made keep their keys."""

    deleted: bool
    rule_id: str


class MarkerToExplain(msgspec.Struct, rename="camel"):
    """A failure as an SDK would send it. `hint` may also be called `clusterKey`, as in ingest.

    `strategy` names another clustering strategy than the project's, to see what that would do.
    """

    kind: str | None = None
    label: str | None = None
    evidence: str | None = None
    hint: str | None = None
    cluster_key: str | None = None
    route: str | None = None
    strategy: Annotated[str, Meta(max_length=64)] | None = None


class RuleTried(msgspec.Struct, rename="camel", omit_defaults=True):
    """A rule that was asked.

    `failed` is the first field that did not match. `tooSlow`: it was skipped, because it took too long.
    """

    id: str
    name: str
    matched: bool
    failed: Literal["", "kind", "route", "label", "evidence"] = ""
    too_slow: bool = False


class Leads(msgspec.Struct, rename="camel", omit_defaults=True):
    """Where a key leads.

    `clusterKey` differs from the key where that was merged, or given up by a move to another strategy: then `merged`
    is true. `state` is `unknown` before a failure of that key was ingested, `candidate` before the cluster has become
    an issue, or the issue's state.
    """

    cluster_key: str
    merged: bool
    state: str
    symptom: str = ""
    session_count: int = 0


class MarkerExplanation(Told, kw_only=True):
    """How a failure would be clustered now: what is read of it, the rules that are asked, the key, where it leads."""

    marker: Facts
    redacted: bool
    rules: list[RuleTried]
    leads_to: Leads


class MarkerExplained(msgspec.Struct):
    """An explanation."""

    explanation: MarkerExplanation


def rule_view(row: ClusteringRule) -> Rule:
    """A rule's row as it is shown."""
    return Rule(
        row.id,
        row.name,
        row.position,
        msgspec.convert(row.match, RuleMatch),
        msgspec.convert(row.action, RuleAction),
        row.enabled,
        read_time(row.created_at),
        read_time(row.updated_at),
    )
