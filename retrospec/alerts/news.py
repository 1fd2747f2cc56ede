"""What is news about an issue: that it began or goes on, that it is back, that it got worse."""

from collections.abc import Iterable, Mapping, Set
from datetime import datetime

import msgspec

from retrospec.alerts.escalation import may_have_escalated
from retrospec.alerts.wire import ESCALATED, PROMOTED, REGRESSED
from retrospec.issues.lifecycle import Seen
from retrospec.issues.membership import Cluster, ClusterRef

_TOLD = frozenset({"open", "acknowledged"})
Sites = Mapping[ClusterRef, Set[str]]


class News(msgspec.Struct):
    """News about one issue.

    Attributes:
        cluster: The issue.
        events: What it may be, the most important first. A sink hears of one.
    """

    cluster: Cluster
    events: tuple[str, ...]


def news_of(seen: Iterable[Seen], now: datetime) -> list[News]:
    """The news that a batch makes; whether an issue has escalated is only guessed by what its row says."""
    made = ((one.cluster, _events(one, now)) for one in seen if one.cluster.state in _TOLD)
    return [News(cluster, events) for cluster, events in made if events]


def _events(seen: Seen, now: datetime) -> tuple[str, ...]:
    events = (
        (REGRESSED, seen.is_back),
        (ESCALATED, seen.sessions > 0 and may_have_escalated(seen.cluster, now)),
        (PROMOTED, seen.promoted),
    )
    return tuple(event for event, happened in events if happened)
