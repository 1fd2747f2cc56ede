"""Making one issue of several."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement, transaction
from retrospec.core.errors import Invalid, NotFound
from retrospec.issues.activity import Happening, name_of, note_of, record
from retrospec.issues.kinds import clusters_changing
from retrospec.issues.membership import Cluster, aliases_of, lock_clusters, update_clusters
from retrospec.issues.models import CANDIDATE, IssueCluster
from retrospec.issues.recount import lock_project, recount
from retrospec.issues.schemas import MergeOrder, MergeResult, issue_of
from retrospec.issues.users import forget_users, recount_users

_SOURCES_LIMIT = 100

# Through the members, whose sessions lead to the markers by an index. What is asked of their count is always so: it
# keeps SQLite from reading the project's members whole, in an index that has all other columns.
_MOVE_MARKERS = Statement("""
    UPDATE error_markers SET cluster_key = $3
    WHERE project_id = $1 AND cluster_key = $2
      AND session_id IN (SELECT m.session_id FROM cluster_members m WHERE m.project_id = $1 AND m.cluster_key = $2
                         AND m.marker_count > 0)
""")

_JOIN_MEMBERS = Statement("""
    INSERT INTO cluster_members (project_id, cluster_key, session_id, user_hash, marker_count,
                                 first_observed_at, last_observed_at)
    SELECT project_id, CAST($3 AS text), session_id, user_hash, marker_count, first_observed_at, last_observed_at
    FROM cluster_members WHERE project_id = $1 AND cluster_key = $2
    ON CONFLICT (project_id, session_id, cluster_key) DO UPDATE SET
        marker_count = cluster_members.marker_count + excluded.marker_count,
        first_observed_at = CASE WHEN excluded.first_observed_at < cluster_members.first_observed_at
                                 THEN excluded.first_observed_at ELSE cluster_members.first_observed_at END,
        last_observed_at = CASE WHEN excluded.last_observed_at > cluster_members.last_observed_at
                                THEN excluded.last_observed_at ELSE cluster_members.last_observed_at END
""")

# Their sessions are counted anew after this.
_JOIN_DAYS = Statement("""
    INSERT INTO cluster_days (project_id, cluster_key, day, marker_count, session_count)
    SELECT project_id, CAST($3 AS text), day, marker_count, 0
    FROM cluster_days WHERE project_id = $1 AND cluster_key = $2
    ON CONFLICT (project_id, cluster_key, day) DO UPDATE SET
        marker_count = cluster_days.marker_count + excluded.marker_count
""")

_MOVE_ACTIVITIES = Statement("UPDATE issue_activities SET cluster_key = $3 WHERE project_id = $1 AND cluster_key = $2")

# What was merged into a source follows it: an alias always names a cluster, never another alias.
_MOVE_ALIASES = Statement("UPDATE cluster_aliases SET target_key = $3 WHERE project_id = $1 AND target_key = $2")

_ADD_ALIAS = Statement("""
    INSERT INTO cluster_aliases (project_id, source_key, target_key, kind, created_at)
    VALUES ($1, $2, $3, 'merge', $4)
    ON CONFLICT (project_id, source_key) DO UPDATE SET target_key = excluded.target_key, kind = excluded.kind
""")

_DELETE = (
    Statement("DELETE FROM cluster_members WHERE project_id = $1 AND cluster_key = $2"),
    Statement("DELETE FROM cluster_days WHERE project_id = $1 AND cluster_key = $2"),
    Statement("DELETE FROM issue_clusters WHERE project_id = $1 AND key = $2"),
)


async def merge(project_id: str, order: MergeOrder, min_sessions: int) -> MergeResult:
    """Move everything of some clusters into another one, which keeps its triage state, and remember it.

    Markers that arrive later with a source's key join the target. The target is an issue from then on, also if
    it was a candidate. A source that was merged into the target before changes nothing.

    Raises:
        Invalid: No source, more than 100, or the target among them.
        NotFound: The project has no such target or source.
    """
    given = list(dict.fromkeys(order.source_cluster_keys))
    if not 1 <= len(given) <= _SOURCES_LIMIT:
        raise Invalid("sourceClusterKeys must name 1 to 100 clusters", detail="sourceClusterKeys")
    moment, moved = now(), 0
    async with transaction() as db:
        await lock_project(db, project_id)
        meant = await _meant(db, project_id, [order.target_cluster_key, *given])
        target = meant[order.target_cluster_key]
        if {target, order.target_cluster_key} & set(given):
            raise Invalid("sourceClusterKeys must not hold the target", detail="sourceClusterKeys")
        if sources := sorted({meant[key] for key in given} - {target}):
            async with clusters_changing(db, project_id, [*sources, target]):
                moved = await _join(db, project_id, sources, target, moment)
            await record(db, project_id, [_happening(order, target, given, moved)], moment)
        cluster = await IssueCluster.get(project_id=project_id, key=target, using_db=db)
    return MergeResult(target, given, moved, issue_of(cluster, min_sessions))


def _happening(order: MergeOrder, target: str, given: list[str], moved: int) -> Happening:
    return Happening(
        cluster_key=target,
        kind="merge",
        note=note_of(order.note),
        metadata={"sources": given, "movedMarkerCount": moved},
        created_by=name_of(order.created_by, "dashboard"),
    )


async def _meant(db: BaseDBAsyncClient, project_id: str, keys: Sequence[str]) -> dict[str, str]:
    """The cluster that each key stands for."""
    if any("\0" in key for key in keys):
        raise NotFound("issue cluster not found")
    aliases, _ = await aliases_of(db, [(project_id, key) for key in keys])
    meant = {key: aliases.get((project_id, key), key) for key in keys}
    there = await lock_clusters(db, {(project_id, key) for key in meant.values()})
    for key, cluster_key in meant.items():
        if (project_id, cluster_key) not in there:
            raise NotFound("issue cluster not found", detail=key[:200])
    return meant


async def _join(db: BaseDBAsyncClient, project_id: str, sources: Sequence[str], target: str, moment: datetime) -> int:
    """Join clusters that `_meant` has locked, and say how many markers moved."""
    old = await lock_clusters(db, [(project_id, key) for key in sources])
    moved = 0
    # One by one, so that the database knows how many rows to expect of each.
    for source in sources:
        moved += await _MOVE_MARKERS.run(db, project_id, source, target)
        for statement in (_JOIN_MEMBERS, _JOIN_DAYS, _MOVE_ACTIVITIES, _MOVE_ALIASES):
            await statement.run(db, project_id, source, target)
        await forget_users(db, project_id, source)
        for statement in _DELETE:
            await statement.run(db, project_id, source)
        await _ADD_ALIAS.run(db, project_id, source, target, moment)
    await recount_users(db, project_id, target)
    joined = (await recount(db, project_id, [target]))[target]
    joined.first_seen_at = min([joined.first_seen_at, *(cluster.first_seen_at for cluster in old.values())])
    _become_issue(joined, moment)
    await update_clusters(db, [joined])
    return moved


def _become_issue(cluster: Cluster, moment: datetime) -> None:
    if cluster.state == CANDIDATE:
        cluster.state, cluster.promoted_at = "open", moment
    # Who merges knows of it: no news for the next promotion.
    cluster.promoted_session_count = cluster.session_count
