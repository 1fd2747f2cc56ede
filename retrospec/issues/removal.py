"""Taking sessions out of their clusters, and clusters out of the project once nothing supports them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, read_time, rows
from retrospec.issues.kinds import KindChanges, clusters_changing
from retrospec.issues.membership import Cluster, ClusterRef, lock_clusters, update_clusters
from retrospec.issues.models import ClusterAlias, ClusterDay, IssueActivity
from retrospec.issues.recount import drop_days, key_rows, lock_project, set_latest, shift_sessions
from retrospec.issues.users import count_users

_DELETE_MEMBERS = Statement("""
    DELETE FROM cluster_members
    WHERE project_id = $1 AND session_id IN (SELECT r.session_id FROM @rows($2: session_id text))
    RETURNING cluster_key, session_id, user_hash, marker_count, first_observed_at, last_observed_at
""")

_MARKER_DAYS = Statement("""
    SELECT cluster_key, date(observed_at @postgres(AT TIME ZONE 'UTC')) AS day, count(*) AS markers
    FROM error_markers
    WHERE project_id = $1 AND session_id IN (SELECT r.session_id FROM @rows($2: session_id text))
    GROUP BY 1, 2
""")

_SUBTRACT_DAYS = Statement("""
    UPDATE cluster_days SET
        marker_count = cluster_days.marker_count - r.markers,
        session_count = CASE WHEN cluster_days.session_count > r.sessions
                             THEN cluster_days.session_count - r.sessions ELSE 0 END
    FROM @rows($2: key text, day date, markers bigint, sessions integer)
    WHERE cluster_days.project_id = $1 AND cluster_days.cluster_key = r.key AND cluster_days.day = r.day
""")

_DELETE_UNSUPPORTED = Statement("""
    DELETE FROM issue_clusters
    WHERE project_id = $1 AND key IN (SELECT r.key FROM @rows($2: key text))
      AND NOT EXISTS (SELECT 1 FROM cluster_members m
                      WHERE m.project_id = $1 AND m.cluster_key = issue_clusters.key)
    RETURNING key, promoted_at
""")

_EMPTY = Statement("SELECT key FROM issue_clusters WHERE project_id = $1 AND session_count <= 0 LIMIT $2")


async def forget_sessions(db: BaseDBAsyncClient, project_id: str, session_ids: Sequence[str]) -> int:
    """Take sessions out of their clusters, correct the counters, and delete clusters that nothing supports any more.

    Call it first in a transaction, while the sessions and their markers are still there, and delete those
    after it in the same transaction. It holds off ingest into the project, so pass some hundred sessions at most.
    What it reads grows with these sessions, not with the clusters that they hit.

    Args:
        db: The transaction.
        project_id: Whose sessions.
        session_ids: Which; unknown ones are left out.

    Returns:
        How many issues were deleted; candidates are not counted.
    """
    await lock_project(db, project_id)
    named = rows({"session_id": session_id} for session_id in session_ids)
    removed = await _DELETE_MEMBERS.fetch(db, project_id, named)
    if not removed:
        return 0
    keys = {row["cluster_key"] for row in removed}
    clusters = await lock_clusters(db, [(project_id, key) for key in keys])
    kinds = KindChanges()
    await kinds.take_removed(db, project_id, session_ids)
    async with clusters_changing(db, project_id, keys, kinds):
        return await _take_out(db, project_id, named, list(clusters.values()), removed)


async def _take_out(
    db: BaseDBAsyncClient, project_id: str, named: str, clusters: Sequence[Cluster], removed: Sequence[Row]
) -> int:
    hit = Counter((project_id, row["cluster_key"], row["user_hash"]) for row in removed)
    users = await count_users(db, {ref: -sessions for ref, sessions in hit.items()})
    await _subtract(db, project_id, clusters, removed, users)
    await _subtract_days(db, project_id, removed, await _MARKER_DAYS.fetch(db, project_id, named))
    return await _delete_unsupported(db, project_id, {cluster.key for cluster in clusters})


async def forget_unsupported(db: BaseDBAsyncClient, project_id: str, limit: int = 500) -> int:
    """Delete clusters that have lost their last marker otherwise than by `forget_sessions`.

    A split may move all sessions of an issue, and a marker sent again may belong to another cluster.

    Args:
        db: A transaction; this is its first step.
        project_id: Whose clusters.
        limit: How many at the most.

    Returns:
        How many issues were deleted; candidates are not counted.
    """
    if not await _EMPTY.fetch(db, project_id, 1):
        return 0
    await lock_project(db, project_id)
    keys = {row["key"] for row in await _EMPTY.fetch(db, project_id, limit)}
    await lock_clusters(db, [(project_id, key) for key in keys])
    return await _delete_unsupported(db, project_id, keys)


async def _subtract(
    db: BaseDBAsyncClient,
    project_id: str,
    clusters: Sequence[Cluster],
    removed: Iterable[Row],
    users: Counter[ClusterRef],
) -> None:
    members: defaultdict[str, list[Row]] = defaultdict(list)
    for row in removed:
        members[row["cluster_key"]].append(row)
    stale = []
    for cluster in clusters:
        gone = members[cluster.key]
        shift_sessions(cluster, -len(gone))
        cluster.marker_count = max(0, cluster.marker_count - sum(row["marker_count"] for row in gone))
        cluster.user_count = max(0, cluster.user_count + users[cluster.ref])
        if _was_latest(cluster, gone):
            stale.append(cluster)
    await set_latest(db, project_id, stale)
    await update_clusters(db, clusters)


def _was_latest(cluster: Cluster, gone: Iterable[Row]) -> bool:
    return any(
        row["session_id"] == cluster.representative_session_id
        or read_time(row["last_observed_at"]) >= cluster.last_seen_at
        for row in gone
    )


async def _subtract_days(
    db: BaseDBAsyncClient, project_id: str, removed: Iterable[Row], marker_days: Iterable[Row]
) -> None:
    markers = {(row["cluster_key"], _day(row["day"])): row["markers"] for row in marker_days}
    sessions = Counter((row["cluster_key"], read_time(row["first_observed_at"]).date()) for row in removed)
    less = [
        {"key": key, "day": day.isoformat(), "markers": markers.get((key, day), 0), "sessions": sessions[key, day]}
        for key, day in markers.keys() | sessions.keys()
    ]
    await _SUBTRACT_DAYS.run(db, project_id, rows(less))
    await drop_days(db, project_id, {key for key, _ in markers})


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


async def _delete_unsupported(db: BaseDBAsyncClient, project_id: str, keys: Collection[str]) -> int:
    deleted = await _DELETE_UNSUPPORTED.fetch(db, project_id, key_rows(sorted(keys)))
    gone = [row["key"] for row in deleted]
    if gone:
        await ClusterAlias.filter(project_id=project_id, target_key__in=gone).using_db(db).delete()
        for model in (ClusterDay, IssueActivity):
            await model.filter(project_id=project_id, cluster_key__in=gone).using_db(db).delete()
    return sum(row["promoted_at"] is not None for row in deleted)
