"""Which news goes out: decided and written in the transaction that makes the news."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.wire import PROMOTED, REGRESSED, AlertWire, Links, cluster_wire
from retrospec.core.db import Statement, rows, sql_time
from retrospec.core.ids import new_id, ordered_id
from retrospec.core.settings import Settings
from retrospec.issues.lifecycle import Seen
from retrospec.issues.membership import Cluster, ClusterRef
from retrospec.issues.schemas import confidence
from retrospec.jobs.outbox import NewJob, enqueue

_TOLD = frozenset({"open", "acknowledged"})

_RECENT = Statement("""
    SELECT DISTINCT a.project_id, a.cluster_key, a.event FROM alert_deliveries a
    JOIN @rows($1: project_id text, cluster_key text, event text)
      ON a.project_id = r.project_id AND a.cluster_key = r.cluster_key AND a.event = r.event
    WHERE a.created_at > $2
""")

_INSERT = Statement("""
    INSERT INTO alert_deliveries (id, alert_id, project_id, cluster_key, event, sink, body, status, attempts,
                                  last_error, created_at)
    SELECT r.id, r.alert_id, r.project_id, r.cluster_key, r.event, r.sink, r.body, 'pending', 0, '', r.created_at
    FROM @rows($1: id text, alert_id text, project_id text, cluster_key text, event text, sink text, body jsonb,
               created_at timestamptz)
""")


def sink_queue(sink: str) -> str:
    """The queue of one sink's deliveries: of its own, so that a slow sink delays no other."""
    return f"alerts:{sink}"


class AlertBook:
    """Accepts alerts for delivery."""

    def __init__(self, settings: Settings) -> None:
        self._sinks = settings.sink_names
        self._least = settings.alert_min_cluster_confidence
        self._cooldown = timedelta(minutes=settings.alert_cooldown_minutes)
        self._min_sessions = settings.cluster_promote_min_sessions
        self._links = Links(settings)

    async def accept(
        self, db: BaseDBAsyncClient, seen: Sequence[Seen], *, trigger: str, now: datetime
    ) -> dict[ClusterRef, int]:
        """Write the alerts that a batch gives rise to, with their deliveries.

        Args:
            db: The transaction that holds the clusters' locks, so that a cooldown holds across processes.
            seen: The batch's clusters.
            trigger: `ingest_auto_promote`, `manual_promote` or `scheduled_promote`.
            now: The batch's time.

        Returns:
            How many alerts were accepted, by cluster.
        """
        if not self._sinks:
            return {}
        wanted = [(one.cluster, event) for one in seen if self._is_told(one.cluster) for event in _events(one)]
        recent = await self._recent(db, wanted, now) if wanted else set()
        accepted: defaultdict[ClusterRef, int] = defaultdict(int)
        deliveries: list[Mapping[str, Any]] = []
        for cluster, event in wanted:
            if (*cluster.ref, event) not in recent:
                accepted[cluster.ref] += 1
                deliveries += self._deliveries(cluster, event, trigger, now)
        if deliveries:
            await _INSERT.run(db, rows(deliveries))
            await enqueue(db, [_job(delivery) for delivery in deliveries], now)
        return dict(accepted)

    def _is_told(self, cluster: Cluster) -> bool:
        return cluster.state in _TOLD and confidence(cluster.session_count, self._min_sessions) >= self._least

    async def _recent(
        self, db: BaseDBAsyncClient, wanted: Iterable[tuple[Cluster, str]], now: datetime
    ) -> set[tuple[str, str, str]]:
        asked = ({"project_id": c.project_id, "cluster_key": c.key, "event": event} for c, event in wanted)
        since = now - self._cooldown
        found = await _RECENT.fetch(db, rows(asked), since)
        return {(row["project_id"], row["cluster_key"], row["event"]) for row in found}

    def _deliveries(self, cluster: Cluster, event: str, trigger: str, now: datetime) -> list[Mapping[str, Any]]:
        alert_id = new_id("alert")
        body = AlertWire(
            event,
            trigger,
            now,
            cluster.project_id,
            cluster_wire(cluster, self._min_sessions),
            self._links.issue(*cluster.ref),
            self._links.replay(cluster.project_id, cluster.representative_session_id),
        )
        return [
            {
                "id": f"dlv_{ordered_id()}",
                "alert_id": alert_id,
                "project_id": cluster.project_id,
                "cluster_key": cluster.key,
                "event": event,
                "sink": sink,
                "body": body,
                "created_at": sql_time(now),
            }
            for sink in self._sinks
        ]


def _events(seen: Seen) -> list[str]:
    return [PROMOTED] * seen.promoted + [REGRESSED] * ("regressed" in seen.activities)


def _job(delivery: Mapping[str, Any]) -> NewJob:
    payload = msgspec.json.encode({"deliveryId": delivery["id"], "projectId": delivery["project_id"]}).decode()
    return NewJob(sink_queue(delivery["sink"]), delivery["project_id"], "", payload, id=delivery["id"])
