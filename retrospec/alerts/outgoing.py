"""Which news goes out: decided and written in the transaction that makes the news."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.cooldowns import Cooldowns
from retrospec.alerts.escalation import Escalations
from retrospec.alerts.news import News, Sites, news_of
from retrospec.alerts.outbox import NewDelivery, hand_over
from retrospec.alerts.rules import Listener
from retrospec.alerts.sinks import Sink, SinkDirectory
from retrospec.alerts.storms import hold_back
from retrospec.alerts.wire import ESCALATED, AlertWire, Links, cluster_wire
from retrospec.core.counters import Counters
from retrospec.core.ids import new_id
from retrospec.core.settings import Settings
from retrospec.issues.lifecycle import Seen
from retrospec.issues.membership import Cluster, ClusterRef

# Who hears of which project; without those of which nobody does.
Audience = Mapping[str, Sequence[Listener]]
FindSites = Callable[[BaseDBAsyncClient, Collection[ClusterRef]], Awaitable[Sites]]


class Accepted(msgspec.Struct):
    """What became of a batch's news.

    Attributes:
        alerts: How many alerts were accepted for delivery, by cluster; one for three sinks counts once.
        held_back: How many deliveries a storm has held back, by the type of their sinks.
    """

    alerts: Counter[ClusterRef] = msgspec.field(default_factory=Counter)
    held_back: Counter[str] = msgspec.field(default_factory=Counter)


class _Wish(msgspec.Struct):
    """What one sink wants to hear of one issue, the most important first."""

    cluster: Cluster
    listener: Listener
    events: Sequence[str]


class AlertBook:
    """Accepts alerts for delivery. One for a process."""

    def __init__(self, settings: Settings, directory: SinkDirectory, counters: Counters) -> None:
        self._settings = settings
        self._directory = directory
        self._counters = counters
        self._min_sessions = settings.cluster_promote_min_sessions
        self._links = Links(settings)
        self._escalations = Escalations()
        self._listeners: dict[str, tuple[Sink, Listener]] = {}

    async def audience(self, project_ids: Iterable[str]) -> Audience:
        """Who hears of some projects. Asked before the transaction, in which nothing else may be waited for."""
        found = await self._directory.of_projects(set(project_ids))
        heard = {project: [self._listener(sink) for sink in sinks if sink.enabled] for project, sinks in found.items()}
        return {project: listeners for project, listeners in heard.items() if listeners}

    async def accept(
        self,
        db: BaseDBAsyncClient,
        seen: Collection[Seen],
        audience: Audience,
        *,
        trigger: str,
        now: datetime,
        find_sites: FindSites,
    ) -> Accepted:
        """Write the alerts that a batch gives rise to, with their deliveries.

        Args:
            db: The transaction that holds the clusters' locks, so that a cooldown holds across processes.
            seen: The batch's clusters.
            audience: Who hears of their projects.
            trigger: `ingest_auto_promote`, `manual_promote` or `scheduled_promote`.
            now: The batch's time.
            find_sites: Where clusters were hit; called only if a rule asks for it.
        """
        if not audience:
            return Accepted()
        news = [one for one in news_of(seen, now) if one.cluster.project_id in audience]
        wishes = await _wishes(db, news, audience, find_sites) if news else []
        told = await _to_tell(db, wishes, self._escalations, now) if wishes else []
        deliveries = self._deliveries(told, trigger, now)
        limits = {listener.sink.id: listener.storm_limit for _, _, listener in told}
        held = await hold_back(db, deliveries, limits, now)
        await hand_over(db, deliveries, now)
        return _accepted(deliveries, held)

    def settle(self, accepted: Accepted) -> None:
        """Count what became of news whose transaction has committed."""
        for type_, count in accepted.held_back.items():
            self._counters.add("retrospec_alert_held_back_total", count, type=type_)

    def _listener(self, sink: Sink) -> Listener:
        known = self._listeners.get(sink.id)
        if known is None or known[0] is not sink:
            self._listeners[sink.id] = known = (sink, Listener(sink, self._settings))
        return known[1]

    def _deliveries(
        self, told: Iterable[tuple[Cluster, str, Listener]], trigger: str, now: datetime
    ) -> list[NewDelivery]:
        alerts: dict[tuple[ClusterRef, str], tuple[str, AlertWire]] = {}
        deliveries = []
        for cluster, event, listener in told:
            alert = cluster.ref, event
            if alert not in alerts:
                alerts[alert] = new_id("alert"), self._body(cluster, event, trigger, now)
            alert_id, body = alerts[alert]
            deliveries.append(NewDelivery(alert_id, listener.sink, body, now))
        return deliveries

    def _body(self, cluster: Cluster, event: str, trigger: str, now: datetime) -> AlertWire:
        return AlertWire(
            event=event,
            trigger=trigger,
            sent_at=now,
            project_id=cluster.project_id,
            cluster=cluster_wire(cluster, self._min_sessions),
            issue_url=self._links.issue(*cluster.ref),
            replay_url=self._links.replay(cluster.project_id, cluster.representative_session_id),
        )


async def _wishes(
    db: BaseDBAsyncClient, news: Sequence[News], audience: Audience, find_sites: FindSites
) -> list[_Wish]:
    asked = any(one.asks_for_sites for listeners in audience.values() for one in listeners)
    sites = await find_sites(db, [one.cluster.ref for one in news]) if asked else {}
    wishes = (
        _Wish(one.cluster, listener, listener.wanted(one, sites.get(one.cluster.ref, frozenset())))
        for one in news
        for listener in audience[one.cluster.project_id]
    )
    return [wish for wish in wishes if wish.events]


async def _to_tell(
    db: BaseDBAsyncClient, wishes: Sequence[_Wish], escalations: Escalations, now: datetime
) -> list[tuple[Cluster, str, Listener]]:
    """What each sink is told of each issue: one thing, and none that it was told lately. Most sessions first."""
    refs = dict.fromkeys(wish.cluster.ref for wish in wishes)
    cooldowns = await Cooldowns.read(db, refs, [wish.listener for wish in wishes], now)
    for wish in wishes:
        wish.events = [e for e in wish.events if not cooldowns.hold(wish.listener, wish.cluster.ref, e)]
    asked = [wish.cluster for wish in wishes if ESCALATED in wish.events[:1]]
    worse = await escalations.among(db, asked, now)
    told = []
    for wish in sorted(wishes, key=lambda wish: (-wish.cluster.session_count, wish.cluster.ref)):
        events = (event for event in wish.events if event != ESCALATED or wish.cluster.ref in worse)
        if event := next(events, None):
            told.append((wish.cluster, event, wish.listener))
    return told


def _accepted(deliveries: Iterable[NewDelivery], held: Iterable[NewDelivery]) -> Accepted:
    sent = {one.alert_id: (one.body.project_id, one.body.cluster.key) for one in deliveries if one.status == "pending"}
    return Accepted(Counter(sent.values()), Counter(one.sink.type for one in held))
