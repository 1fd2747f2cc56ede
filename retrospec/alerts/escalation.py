"""Whether an issue gets worse: many more sessions within an hour than is usual for it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows
from retrospec.issues.membership import Cluster, ClusterRef
from retrospec.issues.recent import last_hour, span_of

LEAST, TIMES = 5, 4
_HOUR = timedelta(hours=1)
# Whole days, for so the counts are kept: today, and six before it.
_DAYS_BACK = timedelta(days=6)
_MOST_KNOWN = 10_000

USUAL = Statement("""
    SELECT d.project_id, d.cluster_key, sum(d.session_count) AS sessions FROM cluster_days d
    JOIN @rows($1: project_id text, cluster_key text, since date)
      ON d.project_id = r.project_id AND d.cluster_key = r.cluster_key AND d.day >= r.since
    GROUP BY d.project_id, d.cluster_key
""")


def may_have_escalated(cluster: Cluster, now: datetime) -> bool:
    """Whether it is worth a look: what the cluster's own row says of it."""
    if cluster.promoted_at is None or cluster.promoted_at > now - _HOUR or _usual_hours(cluster, now) < 1:
        # Just promoted, which was news itself, or too young for anything to be usual.
        return False
    return last_hour(cluster.recent, now) >= LEAST


class Escalations:
    """Finds issues that get worse. One for a process.

    What came to an issue before the last hour stays the same while its ten minutes last, so it is looked up once in
    these: a hot issue is asked for by every batch.
    """

    def __init__(self) -> None:
        self._span = 0
        self._before: dict[ClusterRef, int] = {}

    async def among(self, db: BaseDBAsyncClient, clusters: Iterable[Cluster], now: datetime) -> set[ClusterRef]:
        """Which of some clusters have escalated. One statement, or none.

        Args:
            db: The transaction that has counted the batch.
            clusters: Those that `may_have_escalated`.
            now: The batch's time.
        """
        asked = {cluster.ref: cluster for cluster in clusters}
        before = self._known(now)
        if unknown := [cluster for ref, cluster in asked.items() if ref not in before]:
            before |= await _sessions_before(db, unknown, now)
        return {ref for ref, cluster in asked.items() if _is_worse(cluster, before[ref], now)}

    def _known(self, now: datetime) -> dict[ClusterRef, int]:
        if self._span != span_of(now) or len(self._before) > _MOST_KNOWN:
            self._span, self._before = span_of(now), {}
        return self._before


async def _sessions_before(db: BaseDBAsyncClient, clusters: Sequence[Cluster], now: datetime) -> dict[ClusterRef, int]:
    """How many sessions came to clusters before the last hour, not further back than counts."""
    since = (now.date() - _DAYS_BACK).isoformat()
    sent = rows({"project_id": one.project_id, "cluster_key": one.key, "since": since} for one in clusters)
    sessions = {(row["project_id"], row["cluster_key"]): int(row["sessions"]) for row in await USUAL.fetch(db, sent)}
    return {one.ref: max(0, sessions.get(one.ref, 0) - last_hour(one.recent, now)) for one in clusters}


def _is_worse(cluster: Cluster, before: int, now: datetime) -> bool:
    return last_hour(cluster.recent, now) >= TIMES * before / _usual_hours(cluster, now)


def _usual_hours(cluster: Cluster, now: datetime) -> float:
    """The hours that say what is usual: from its first sighting, at most six to seven days back, to an hour ago."""
    begin = datetime.combine(now.date() - _DAYS_BACK, time(), UTC)
    return (now - _HOUR - max(cluster.first_seen_at, begin)) / _HOUR
