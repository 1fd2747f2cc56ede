"""Counting clusters anew, from the rows that their counters stand for.

Ingest keeps counters as failures happen. What moves or removes many failures at once, a merge, a split or a
removal of sessions, holds the project instead: ingest locks its row FOR KEY SHARE, this FOR UPDATE.
"""

from collections.abc import Collection, Iterable, Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, read_time, rows
from retrospec.issues.membership import Cluster, lock_clusters, update_clusters

_LOCK_PROJECT = Statement("SELECT id FROM projects WHERE id = $1 @lock(FOR UPDATE)")
_SHARE_PROJECT = Statement("SELECT id FROM projects WHERE id = $1 @lock(FOR KEY SHARE)")

_COUNT = Statement("""
    SELECT count(*) AS sessions, coalesce(sum(marker_count), 0) AS markers, min(first_observed_at) AS first_seen,
           count(DISTINCT nullif(user_hash, '')) AS users
    FROM cluster_members WHERE project_id = $1 AND cluster_key = $2
""")

# Among the latest 100 sessions, so that a cluster without any recording is not read whole.
_LATEST = Statement("""
    SELECT r.key,
           (SELECT max(m.last_observed_at) FROM cluster_members m
            WHERE m.project_id = $1 AND m.cluster_key = r.key) AS last_seen,
           (SELECT latest.session_id FROM (
                SELECT m.session_id, m.last_observed_at, m.uid FROM cluster_members m
                WHERE m.project_id = $1 AND m.cluster_key = r.key
                ORDER BY m.last_observed_at DESC, m.uid DESC LIMIT 100) AS latest
            JOIN sessions s ON s.project_id = $1 AND s.session_id = latest.session_id
            ORDER BY CASE WHEN s.events_object_key = '' THEN 1 ELSE 0 END,
                     latest.last_observed_at DESC, latest.uid DESC LIMIT 1) AS representative
    FROM @rows($2: key text)
""")

# As ingest counts: a session belongs to the day on which it first hit the cluster.
_COUNT_DAYS = Statement("""
    UPDATE cluster_days SET session_count = counted.sessions
    FROM (SELECT date(first_observed_at @postgres(AT TIME ZONE 'UTC')) AS day, count(*) AS sessions
          FROM cluster_members WHERE project_id = $1 AND cluster_key = $2 GROUP BY 1) AS counted
    WHERE cluster_days.project_id = $1 AND cluster_days.cluster_key = $2 AND cluster_days.day = counted.day
""")

_FORGET_DAYS = Statement("UPDATE cluster_days SET session_count = 0 WHERE project_id = $1 AND cluster_key = $2")

_DROP_DAYS = Statement("""
    DELETE FROM cluster_days
    WHERE project_id = $1 AND cluster_key IN (SELECT r.key FROM @rows($2: key text)) AND marker_count <= 0
""")


async def lock_project(db: BaseDBAsyncClient, project_id: str) -> None:
    """Hold off ingest into a project until the transaction ends.

    The first lock of its transaction: whoever holds rows of sessions or clusters and then waits for this,
    waits for an ingest that waits for them.
    """
    await _LOCK_PROJECT.fetch(db, project_id)


async def share_project(db: BaseDBAsyncClient, project_id: str) -> None:
    """Hold off merges and splits, but not ingest, until the transaction ends. The first lock of its transaction."""
    await _SHARE_PROJECT.fetch(db, project_id)


async def recount(db: BaseDBAsyncClient, project_id: str, keys: Collection[str]) -> dict[str, Cluster]:
    """Make the counters of clusters exact, and give them as they are now.

    Their earliest sighting stays: it may lie before the oldest session that is kept. Each is counted by itself,
    so that the database knows how many rows to expect of it.

    Args:
        db: A transaction that has called `lock_project`.
        project_id: Whose clusters.
        keys: Which; those that do not exist are left out.
    """
    locked = await lock_clusters(db, [(project_id, key) for key in keys])
    clusters = {key: cluster for (_, key), cluster in locked.items()}
    for key, cluster in clusters.items():
        (counted,) = await _COUNT.fetch(db, project_id, key)
        shift_sessions(cluster, counted["sessions"] - cluster.session_count)
        cluster.marker_count, cluster.user_count = int(counted["markers"]), counted["users"]
        if counted["first_seen"] is not None:
            cluster.first_seen_at = min(cluster.first_seen_at, read_time(counted["first_seen"]))
        for statement in (_FORGET_DAYS, _COUNT_DAYS):
            await statement.run(db, project_id, key)
    await drop_days(db, project_id, clusters)
    await set_latest(db, project_id, list(clusters.values()))
    await update_clusters(db, list(clusters.values()))
    return clusters


def shift_sessions(cluster: Cluster, change: int) -> None:
    """Change a cluster's session count for another reason than new sessions.

    What is measured against that count moves with it: otherwise a removal would look like an issue that was
    updated, and a mute would wait for the removed sessions to come again.
    """
    cluster.session_count = max(0, cluster.session_count + change)
    cluster.promoted_session_count = max(0, cluster.promoted_session_count + change)
    if cluster.muted_until_sessions is not None:
        cluster.muted_until_sessions = max(0, cluster.muted_until_sessions + change)


async def set_latest(db: BaseDBAsyncClient, project_id: str, clusters: Sequence[Cluster]) -> None:
    """Look up when clusters were last seen, and which session shows them best: the latest with a recording.

    Changes the structs only. A cluster without sessions keeps its time and loses its session.
    """
    found_rows = await _LATEST.fetch(db, project_id, key_rows(cluster.key for cluster in clusters))
    latest = {row["key"]: row for row in found_rows}
    for cluster in clusters:
        found = latest[cluster.key]
        cluster.representative_session_id = found["representative"] or ""
        if found["last_seen"] is not None:
            cluster.last_seen_at = read_time(found["last_seen"])


async def drop_days(db: BaseDBAsyncClient, project_id: str, keys: Collection[str]) -> None:
    """Forget the days of clusters on which nothing happened any more."""
    await _DROP_DAYS.run(db, project_id, key_rows(keys))


def key_rows(keys: Iterable[str]) -> str:
    """Cluster keys as a parameter of `@rows($n: key text)`."""
    return rows({"key": key} for key in keys)
