"""Making issues of clusters that enough sessions hit."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, rows, sql_time
from retrospec.issues.activity import Happening, record
from retrospec.issues.models import CANDIDATE, IssueCluster

# As many as one call promotes or updates at the most.
STEP = 500

# In the order in which everybody locks clusters. A candidate was promoted at 0 sessions, so to say.
_DUE = """
    SELECT uid, state FROM issue_clusters
    WHERE session_count >= $1 AND session_count <> promoted_session_count AND {whose}
    ORDER BY project_id @postgres(COLLATE "C"), key @postgres(COLLATE "C") LIMIT $2 @lock(FOR UPDATE)
"""
_DUE_ANYWHERE = Statement(_DUE.format(whose="true"))
_DUE_IN_PROJECT = Statement(_DUE.format(whose="project_id = $3"))

_PROMOTE = Statement("""
    UPDATE issue_clusters SET
        promoted_session_count = session_count,
        promoted_at = coalesce(promoted_at, r.now),
        state = CASE WHEN state = 'candidate' THEN 'open' ELSE state END
    FROM @rows($1: uid bigint, now timestamptz)
    WHERE issue_clusters.uid = r.uid
""")


async def promote(
    db: BaseDBAsyncClient, *, project_id: str | None, min_sessions: int, now: datetime
) -> list[IssueCluster]:
    """Promote the candidates that enough sessions hit, and take note of issues whose session count has changed.

    At most `STEP` of them, in key order: call it again, each time in a new transaction, until it gives fewer.

    Args:
        db: The transaction; it holds the clusters from then on.
        project_id: Whose clusters; None means everybody's.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
        now: When.

    Returns:
        The clusters that this call promoted or updated.
    """
    due = await (
        _DUE_ANYWHERE.fetch(db, min_sessions, STEP)
        if project_id is None
        else _DUE_IN_PROJECT.fetch(db, min_sessions, STEP, project_id)
    )
    if not due:
        return []
    await _PROMOTE.run(db, rows({"uid": row["uid"], "now": sql_time(now)} for row in due))
    clusters = await IssueCluster.filter(uid__in=[row["uid"] for row in due]).order_by("project_id", "key").using_db(db)
    await _record(db, clusters, due, now)
    return clusters


async def _record(db: BaseDBAsyncClient, clusters: Iterable[IssueCluster], due: Iterable[Row], now: datetime) -> None:
    fresh = {row["uid"] for row in due if row["state"] == CANDIDATE}
    promoted = [cluster for cluster in clusters if cluster.uid in fresh]
    for project, its in groupby(promoted, lambda cluster: cluster.project_id):
        await record(db, project, [_promoted(cluster) for cluster in its], now)


def _promoted(cluster: IssueCluster) -> Happening:
    return Happening(
        cluster_key=cluster.key,
        kind="promoted",
        session_id=cluster.representative_session_id,
        metadata={"sessionCount": cluster.session_count},
    )
