"""What hangs on a cluster beside its failures, given to the one that takes its place: bounded, the latest first."""

from collections.abc import Iterable
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows

# As many rows of a table as one step takes on.
AT_ONCE = 1_000

ACTIVITIES = Statement("""
    UPDATE issue_activities SET cluster_key = $3 WHERE uid IN (
        SELECT uid FROM issue_activities WHERE project_id = $1 AND cluster_key = $2 ORDER BY created_at DESC LIMIT $4)
""")
# With them the cooldown goes on.
DELIVERIES = Statement("""
    UPDATE alert_deliveries SET cluster_key = $3 WHERE uid IN (
        SELECT uid FROM alert_deliveries WHERE project_id = $1 AND cluster_key = $2 ORDER BY created_at DESC LIMIT $4)
""")
# Those of keys that are on their way stay until these have a cluster of their own, or the cluster is gone.
LINKS = Statement("""
    UPDATE cluster_aliases SET target_key = $3 WHERE uid IN (
        SELECT uid FROM cluster_aliases
        WHERE project_id = $1 AND target_key = $2 AND source_key <> $3 AND kind <> 'new' LIMIT $4)
""")
LAST_LINKS = Statement("""
    UPDATE cluster_aliases SET target_key = $3 WHERE uid IN (
        SELECT uid FROM cluster_aliases
        WHERE project_id = $1 AND target_key = $2 AND source_key <> $3 LIMIT $4)
""")
_LEAD = Statement("""
    INSERT INTO cluster_aliases (project_id, source_key, target_key, kind, created_at)
    SELECT r.project_id, r.source_key, r.target_key, r.kind, $2
    FROM @rows($1: project_id text, source_key text, target_key text, kind text) WHERE true
    ON CONFLICT (project_id, source_key) DO UPDATE SET
        target_key = excluded.target_key, kind = excluded.kind, created_at = excluded.created_at
    WHERE cluster_aliases.kind <> 'merge' OR excluded.kind = 'merge'
""")
# A cluster has come to be under this key. What people have merged away stays so until its own cluster moves.
_ARRIVED = Statement("""
    DELETE FROM cluster_aliases
    WHERE project_id = $1 AND source_key IN (SELECT r.key FROM @rows($2: key text)) AND kind <> 'merge'
""")
_MAIN = Statement("DELETE FROM cluster_aliases WHERE project_id = $1 AND source_key = $2")
_LEFT = Statement("""
    DELETE FROM cluster_aliases WHERE uid IN (
        SELECT uid FROM cluster_aliases WHERE project_id = $1 AND kind = 'new' LIMIT $2)
""")


async def lead(
    db: BaseDBAsyncClient, project_id: str, links: Iterable[tuple[str, str]], kind: str, now: datetime
) -> None:
    """Let keys lead to clusters.

    Args:
        db: A transaction.
        project_id: Whose.
        links: Key and cluster.
        kind: As of `ClusterAlias`; only `merge` takes the place of a `merge`.
        now: When.
    """
    sent = [{"project_id": project_id, "source_key": one, "target_key": to, "kind": kind} for one, to in sorted(links)]
    if sent:
        await _LEAD.run(db, rows(sent), now)


async def arrived(db: BaseDBAsyncClient, project_id: str, keys: Iterable[str]) -> None:
    """Clusters have come to be; their keys stand for nothing else any more."""
    await _ARRIVED.run(db, project_id, rows({"key": key} for key in sorted(keys)))


async def hand_over(db: BaseDBAsyncClient, project_id: str, cluster: str, main: str, *, last: bool = False) -> bool:
    """Give history and links to the main cluster, and say whether that was all.

    Args:
        db: A transaction.
        project_id: Whose.
        cluster: From.
        main: To.
        last: Nothing is left in the cluster.
    """
    moved = [
        await statement.run(db, project_id, cluster, main, AT_ONCE)
        for statement in (ACTIVITIES, DELIVERIES, LAST_LINKS if last else LINKS)
    ]
    return max(moved) < AT_ONCE


async def take_name(db: BaseDBAsyncClient, project_id: str, main: str) -> None:
    """The main cluster goes by its key from now on, whatever that stood for."""
    await _MAIN.run(db, project_id, main)


async def forget_ways(db: BaseDBAsyncClient, project_id: str) -> bool:
    """Forget keys that were on their way and never came, and say whether these were all."""
    return await _LEFT.run(db, project_id, AT_ONCE) < AT_ONCE
