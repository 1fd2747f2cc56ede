"""Making issues of clusters that enough sessions hit."""

from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, reading, rows, sql_time
from retrospec.issues.activity import Happening, record
from retrospec.issues.models import CANDIDATE, IssueCluster

# As many as one call promotes or updates at the most.
STEP = 500

# In the order in which everybody locks clusters. A candidate was promoted at 0 sessions, so to say.
_DUE = Statement("""
    SELECT uid, state FROM issue_clusters
    WHERE session_count >= $1 AND session_count <> promoted_session_count AND project_id = $3
    ORDER BY key @postgres(COLLATE "C") LIMIT $2 @lock(FOR UPDATE)
""")
_PROJECTS = Statement("""
    SELECT DISTINCT project_id FROM issue_clusters
    WHERE session_count >= $1 AND session_count <> promoted_session_count
""")

_PROMOTE = Statement("""
    UPDATE issue_clusters SET
        promoted_session_count = session_count,
        promoted_at = coalesce(promoted_at, r.now),
        state = CASE WHEN state = 'candidate' THEN 'open' ELSE state END
    FROM @rows($1: uid bigint, now timestamptz)
    WHERE issue_clusters.uid = r.uid
""")


async def projects_to_promote(min_sessions: int) -> list[str]:
    """The projects in which there is something to promote now."""

    async def look(db: BaseDBAsyncClient) -> list[str]:
        return sorted(row["project_id"] for row in await _PROJECTS.fetch(db, min_sessions))

    return await reading(look)


async def promote(db: BaseDBAsyncClient, *, project_id: str, min_sessions: int, now: datetime) -> list[IssueCluster]:
    """Promote the candidates that enough sessions hit, and take note of issues whose session count has changed.

    At most `STEP` of them, in key order: call it again, each time in a new transaction, until it gives fewer.

    Args:
        db: The transaction; it holds the clusters from then on.
        project_id: Whose clusters.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
        now: When.

    Returns:
        The clusters that this call promoted or updated.
    """
    due = await _DUE.fetch(db, min_sessions, STEP, project_id)
    if not due:
        return []
    await _PROMOTE.run(db, rows({"uid": row["uid"], "now": sql_time(now)} for row in due))
    clusters = await IssueCluster.filter(uid__in=[row["uid"] for row in due]).order_by("key").using_db(db)
    fresh = {row["uid"] for row in due if row["state"] == CANDIDATE}
    await record(db, project_id, [_promoted(cluster) for cluster in clusters if cluster.uid in fresh], now)
    return clusters


def _promoted(cluster: IssueCluster) -> Happening:
    return Happening(
        cluster_key=cluster.key,
        kind="promoted",
        session_id=cluster.representative_session_id,
        metadata={"sessionCount": cluster.session_count},
    )
