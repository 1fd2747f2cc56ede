"""What sinks have been told lately, so that an issue does not call every minute."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.rules import Listener
from retrospec.alerts.wire import EVENTS, PROMOTED
from retrospec.core.db import Statement, read_time, rows
from retrospec.issues.membership import ClusterRef

TOLD = Statement("""
    SELECT a.project_id, a.cluster_key, a.sink, a.event, max(a.created_at) AS told_at FROM alert_deliveries a
    JOIN @rows($1: project_id text, cluster_key text, event text)
      ON a.project_id = r.project_id AND a.cluster_key = r.cluster_key AND a.event = r.event
    WHERE a.created_at > $2
    GROUP BY a.project_id, a.cluster_key, a.sink, a.event
""")
_Told = Mapping[tuple[str, str, str, str], datetime]


class Cooldowns:
    """What was told of some clusters. What a storm held back counts: its digest tells."""

    def __init__(self, told: _Told, now: datetime) -> None:
        self._told = told
        self._now = now

    @classmethod
    async def read(
        cls, db: BaseDBAsyncClient, refs: Iterable[ClusterRef], listeners: Iterable[Listener], now: datetime
    ) -> "Cooldowns":
        """Look up what was told. One statement.

        Args:
            db: The transaction that holds the clusters' locks, so that nobody tells of them meanwhile.
            refs: The clusters.
            listeners: Whose cooldowns are asked for.
            now: The batch's time.
        """
        asked = rows({"project_id": p, "cluster_key": key, "event": event} for p, key in refs for event in EVENTS)
        since = now - max(listener.cooldown for listener in listeners)
        told = {
            (row["project_id"], row["cluster_key"], row["sink"], row["event"]): read_time(row["told_at"])
            for row in await TOLD.fetch(db, asked, since)
        }
        return cls(told, now)

    def hold(self, listener: Listener, ref: ClusterRef, event: str) -> bool:
        """Whether it is too early to tell a sink of an event again.

        That an issue goes on is no news after anything else was told of it: whoever heard a moment ago that it is back
        knows.
        """
        others = EVENTS if event == PROMOTED else (event,)
        since = self._now - listener.cooldown
        return any(
            told > since for one in others if (told := self._told.get((*ref, listener.sink.id, one))) is not None
        )
