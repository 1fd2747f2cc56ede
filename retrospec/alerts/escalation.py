"""Whether an issue gets worse: many more sessions within an hour than is usual for it."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows
from retrospec.issues.membership import Cluster, ClusterRef
from retrospec.issues.recent import last_hour

LEAST, TIMES = 5, 4
_HOUR = timedelta(hours=1)
# Whole days, for so the counts are kept: today, and six before it.
_DAYS_BACK = timedelta(days=6)

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


async def escalated(db: BaseDBAsyncClient, clusters: Iterable[Cluster], now: datetime) -> set[ClusterRef]:
    """Which of some clusters have escalated. One statement.

    Args:
        db: The transaction that has counted the batch.
        clusters: Those that `may_have_escalated`.
        now: The batch's time.
    """
    asked = {cluster.ref: cluster for cluster in clusters}
    if not asked:
        return set()
    since = (now.date() - _DAYS_BACK).isoformat()
    sent = rows({"project_id": project, "cluster_key": key, "since": since} for project, key in asked)
    sessions = {(row["project_id"], row["cluster_key"]): int(row["sessions"]) for row in await USUAL.fetch(db, sent)}
    return {ref for ref, cluster in asked.items() if _is_worse(cluster, sessions.get(ref, 0), now)}


def _is_worse(cluster: Cluster, sessions: int, now: datetime) -> bool:
    recent = last_hour(cluster.recent, now)
    usual = max(0, sessions - recent) / _usual_hours(cluster, now)
    return recent >= TIMES * usual


def _usual_hours(cluster: Cluster, now: datetime) -> float:
    """The hours that say what is usual: from its first sighting, at most six to seven days back, to an hour ago."""
    begin = datetime.combine(now.date() - _DAYS_BACK, time(), UTC)
    return (now - _HOUR - max(cluster.first_seen_at, begin)) / _HOUR
