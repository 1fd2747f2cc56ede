"""Taking sessions out of their clusters, and clusters out of the project once nothing supports them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, read_time, rows
from retrospec.issues.kinds import ClusterMove, KindChanges
from retrospec.issues.membership import Cluster, ClusterRef, lock_clusters, update_clusters
from retrospec.issues.recount import drop_days, key_rows, set_latest, share_project, shift_sessions
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
    RETURNING cluster_key, marker_count
""")

_DELETE_UNSUPPORTED = Statement("""
    DELETE FROM issue_clusters
    WHERE project_id = $1 AND key IN (SELECT r.key FROM @rows($2: key text))
      AND NOT EXISTS (SELECT 1 FROM cluster_members m
                      WHERE m.project_id = $1 AND m.cluster_key = issue_clusters.key)
    RETURNING key, promoted_at
""")

_EMPTY = Statement("SELECT key FROM issue_clusters WHERE project_id = $1 AND session_count <= 0 LIMIT $2")

# What hangs on clusters that are gone.
_DELETE_REST = tuple(
    Statement(f"DELETE FROM {table} WHERE project_id = $1 AND {key} IN (SELECT r.key FROM @rows($2: key text))")  # noqa: S608
    for table, key in (
        ("cluster_aliases", "target_key"),
        ("cluster_days", "cluster_key"),
        ("issue_activities", "cluster_key"),
    )
)


class Leaving(msgspec.Struct):
    """What sessions on their way out were to their clusters.

    Attributes:
        members: Their memberships, deleted.
        users: How many users more their clusters have now; nowhere more than none.
        days: Their markers by cluster and day.
        kinds: Their markers by kind and hour.
    """

    members: list[Row]
    users: Counter[ClusterRef]
    days: list[Row]
    kinds: KindChanges


async def leave_clusters(db: BaseDBAsyncClient, project_id: str, session_ids: Sequence[str]) -> Leaving:
    """Take sessions out of their clusters, whose counters `count_out` corrects. It locks nothing that ingest is after.

    Call it while the sessions and their markers are still there, and delete them before `count_out`.

    Args:
        db: A transaction that has locked these sessions and called `share_project`.
        project_id: Whose sessions.
        session_ids: Which; unknown ones are left out.
    """
    named = rows({"session_id": session_id} for session_id in session_ids)
    members = await _DELETE_MEMBERS.fetch(db, project_id, named)
    sessions = Counter((project_id, row["cluster_key"], row["user_hash"]) for row in members)
    users = await count_users(db, {ref: -count for ref, count in sessions.items()})
    kinds = KindChanges()
    await kinds.take_removed(db, project_id, session_ids)
    return Leaving(members, users, await _MARKER_DAYS.fetch(db, project_id, named), kinds)


async def count_out(db: BaseDBAsyncClient, project_id: str, leaving: Leaving) -> int:
    """Correct the counters of the clusters that sessions have left, and delete those that nothing supports any more.

    The last statements of the transaction: ingest waits for the clusters from here on. A batch of ingest that has
    written its members and waits counts itself in afterwards, and makes the cluster again where this deleted it.
    What is read grows with the sessions, not with the clusters that they hit.

    Args:
        db: The transaction.
        project_id: Whose sessions they were.
        leaving: As `leave_clusters` gave it.

    Returns:
        How many issues were deleted; candidates are not counted.
    """
    keys = {row["cluster_key"] for row in leaving.members}
    clusters = list((await lock_clusters(db, [(project_id, key) for key in keys])).values())
    before = [_last_seen(cluster) for cluster in clusters]
    await _subtract(db, project_id, clusters, leaving)
    await _subtract_days(db, project_id, leaving)
    for cluster, last_seen in zip(clusters, before, strict=True):
        leaving.kinds.take_cluster(ClusterMove(project_id, cluster.kind, last_seen, _last_seen(cluster)))
    await leaving.kinds.write(db)
    return await _delete_unsupported(db, project_id, [one.key for one in clusters if one.session_count == 0])


def _last_seen(cluster: Cluster) -> datetime | None:
    return cluster.last_seen_at if cluster.session_count else None


async def forget_unsupported(db: BaseDBAsyncClient, project_id: str, limit: int = 500) -> int:
    """Delete clusters that have lost their last marker otherwise than by sessions that left.

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
    await share_project(db, project_id)
    keys = {row["key"] for row in await _EMPTY.fetch(db, project_id, limit)}
    await lock_clusters(db, [(project_id, key) for key in keys])
    return await _delete_unsupported(db, project_id, keys)


async def _subtract(db: BaseDBAsyncClient, project_id: str, clusters: Sequence[Cluster], leaving: Leaving) -> None:
    members: defaultdict[str, list[Row]] = defaultdict(list)
    for row in leaving.members:
        members[row["cluster_key"]].append(row)
    stale = []
    for cluster in clusters:
        gone = members[cluster.key]
        shift_sessions(cluster, -len(gone))
        cluster.marker_count = max(0, cluster.marker_count - sum(row["marker_count"] for row in gone))
        cluster.user_count = max(0, cluster.user_count + leaving.users[cluster.ref])
        if _was_latest(cluster, gone):
            stale.append(cluster)
    if stale:
        await set_latest(db, project_id, stale)
    await update_clusters(db, clusters)


def _was_latest(cluster: Cluster, gone: Iterable[Row]) -> bool:
    return any(
        row["session_id"] == cluster.representative_session_id
        or read_time(row["last_observed_at"]) >= cluster.last_seen_at
        for row in gone
    )


async def _subtract_days(db: BaseDBAsyncClient, project_id: str, leaving: Leaving) -> None:
    markers = {(row["cluster_key"], _day(row["day"])): row["markers"] for row in leaving.days}
    sessions = Counter((row["cluster_key"], read_time(row["first_observed_at"]).date()) for row in leaving.members)
    less = [
        {"key": key, "day": day.isoformat(), "markers": markers.get((key, day), 0), "sessions": sessions[key, day]}
        for key, day in markers.keys() | sessions.keys()
    ]
    if less:
        left = await _SUBTRACT_DAYS.fetch(db, project_id, rows(less))
        if over := {row["cluster_key"] for row in left if row["marker_count"] <= 0}:
            await drop_days(db, project_id, over)


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


async def _delete_unsupported(db: BaseDBAsyncClient, project_id: str, keys: Collection[str]) -> int:
    deleted = await _DELETE_UNSUPPORTED.fetch(db, project_id, key_rows(sorted(keys))) if keys else []
    gone = key_rows(row["key"] for row in deleted)
    for statement in _DELETE_REST if deleted else ():
        await statement.run(db, project_id, gone)
    return sum(row["promoted_at"] is not None for row in deleted)
