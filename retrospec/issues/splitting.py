"""Making two issues of one."""

import re
import secrets
from collections import Counter
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement, read_time, rows, transaction
from retrospec.core.errors import Conflict, Invalid
from retrospec.issues.activity import Happening, name_of, note_of, record
from retrospec.issues.kinds import clusters_changing
from retrospec.issues.lookup import KEY_LIMIT, find_issue
from retrospec.issues.membership import Cluster, insert_clusters, update_clusters
from retrospec.issues.models import ClusterAlias, IssueCluster
from retrospec.issues.recount import lock_project, recount
from retrospec.issues.schemas import SplitOrder, SplitResult, issue_of
from retrospec.issues.users import count_users, recount_users

_SESSIONS_LIMIT = 1_000
_KEY = re.compile(r"[A-Za-z0-9._~:@-]{1,200}", re.ASCII)
# Paths below /v1/issues that are no issues.
_TAKEN = frozenset({".", "..", "stats", "merge", "promote"})

_SPLIT_MARKERS = Statement("""
    UPDATE error_markers SET cluster_key = $3
    WHERE project_id = $1 AND cluster_key = $2
      AND session_id IN (SELECT r.session_id FROM @rows($4: session_id text))
""")

_SPLIT_MEMBERS = Statement("""
    UPDATE cluster_members SET cluster_key = $3
    WHERE project_id = $1 AND cluster_key = $2
      AND session_id IN (SELECT r.session_id FROM @rows($4: session_id text))
    RETURNING user_hash
""")

# Their sessions are counted anew after this.
_ADD_DAYS = Statement("""
    INSERT INTO cluster_days (project_id, cluster_key, day, marker_count, session_count)
    SELECT project_id, cluster_key, date(observed_at @postgres(AT TIME ZONE 'UTC')), count(*), 0
    FROM error_markers
    WHERE project_id = $1 AND cluster_key = $2
      AND session_id IN (SELECT r.session_id FROM @rows($3: session_id text))
    GROUP BY 1, 2, 3
""")

_SUBTRACT_DAYS = Statement("""
    UPDATE cluster_days SET marker_count = cluster_days.marker_count - moved.marker_count
    FROM cluster_days AS moved
    WHERE cluster_days.project_id = $1 AND cluster_days.cluster_key = $2
      AND moved.project_id = $1 AND moved.cluster_key = $3 AND moved.day = cluster_days.day
""")

_FIRST_LABEL = Statement("""
    SELECT label FROM error_markers
    WHERE project_id = $1 AND cluster_key = $2
      AND session_id IN (SELECT r.session_id FROM @rows($3: session_id text))
    ORDER BY observed_at, uid LIMIT 1
""")

_FIRST_SEEN = Statement("""
    SELECT min(first_observed_at) AS first_seen FROM cluster_members WHERE project_id = $1 AND cluster_key = $2
""")


async def split(project_id: str, cluster_key: str, order: SplitOrder, min_sessions: int) -> SplitResult:
    """Move the failures of some sessions out of an issue, into a new one that is open.

    The source keeps its triage state, also when nothing is left in it; then the next cleanup removes it.
    Markers that arrive later, those of the moved sessions too, go where the clustering strategy puts them:
    that is the source.

    Raises:
        Conflict: There is a cluster of the new key, or one that was merged away.
        Invalid: No or too many sessions, no failure of theirs in the issue, or a key that cannot be one.
        NotFound: The project has no issue of that key.
    """
    sessions = list(dict.fromkeys(order.session_ids))
    if not 1 <= len(sessions) <= _SESSIONS_LIMIT:
        raise Invalid("sessionIds must name 1 to 1000 sessions", detail="sessionIds")
    if order.new_cluster_key:
        _check_key(order.new_cluster_key)
    moment = now()
    async with transaction() as db:
        await lock_project(db, project_id)
        source = await find_issue(project_id, cluster_key, lock=db)
        new_key = order.new_cluster_key or _made_up(source.key)
        async with clusters_changing(db, project_id, [source.key, new_key]):
            moved = await _part(db, source, new_key, sessions, moment)
        await record(db, project_id, _happenings(order, source.key, new_key, sessions, moved), moment)
        old = await IssueCluster.get(uid=source.uid, using_db=db)
        new = await IssueCluster.get(project_id=project_id, key=new_key, using_db=db)
    return SplitResult(source.key, new_key, moved, issue_of(old, min_sessions), issue_of(new, min_sessions))


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key) or key in _TAKEN:
        raise Invalid("newClusterKey must be 1-200 characters of A-Z a-z 0-9 . _ ~ : @ -", detail="newClusterKey")


def _made_up(key: str) -> str:
    ending = f":split:{secrets.token_hex(6)}"
    return key[: KEY_LIMIT - len(ending)] + ending


async def _part(
    db: BaseDBAsyncClient, source: IssueCluster, new_key: str, sessions: list[str], moment: datetime
) -> int:
    """Move sessions into a new cluster and say how many markers that were."""
    project_id, named = source.project_id, rows({"session_id": session_id} for session_id in sessions)
    if await ClusterAlias.filter(project_id=project_id, source_key=new_key).using_db(db).exists():
        raise Conflict("newClusterKey is taken", detail="newClusterKey")
    first = await _FIRST_LABEL.fetch(db, project_id, source.key, named)
    if not first:
        raise Invalid("none of these sessions has a marker in this issue", detail="sessionIds")
    if not await insert_clusters(db, [_new(source, new_key, first[0]["label"], moment)]):
        raise Conflict("newClusterKey is taken", detail="newClusterKey")
    moved = await _SPLIT_MARKERS.run(db, project_id, source.key, new_key, named)
    users = Counter(row["user_hash"] for row in await _SPLIT_MEMBERS.fetch(db, project_id, source.key, new_key, named))
    await recount_users(db, project_id, new_key)
    await count_users(db, Counter({(project_id, source.key, user): -left for user, left in users.items()}))
    await _ADD_DAYS.run(db, project_id, new_key, named)
    await _SUBTRACT_DAYS.run(db, project_id, source.key, new_key)
    clusters = await recount(db, project_id, [source.key, new_key])
    await _settle(db, clusters[source.key], clusters[new_key])
    return moved


def _new(source: IssueCluster, key: str, symptom: str, moment: datetime) -> Cluster:
    # Counters and times come from its members, once they are there.
    return Cluster(
        project_id=source.project_id,
        key=key,
        kind=source.kind,
        symptom=symptom,
        strategy=source.strategy,
        strategy_version=source.strategy_version,
        session_count=0,
        user_count=0,
        marker_count=0,
        representative_session_id="",
        first_seen_at=moment,
        last_seen_at=moment,
        state="open",
        assignee="",
        muted_until=None,
        muted_until_sessions=None,
        regressed=False,
        state_updated_at=None,
        promoted_at=moment,
        promoted_session_count=0,
        created_at=moment,
    )


async def _settle(db: BaseDBAsyncClient, source: Cluster, new: Cluster) -> None:
    # Who splits knows of both: no news for the next promotion.
    for cluster in (source, new):
        cluster.promoted_session_count = cluster.session_count
    # Its first sighting may be gone with the sessions that moved.
    if source.session_count and new.first_seen_at <= source.first_seen_at:
        found = await _FIRST_SEEN.fetch(db, source.project_id, source.key)
        source.first_seen_at = read_time(found[0]["first_seen"])
    await update_clusters(db, [source, new])


def _happenings(order: SplitOrder, source: str, new: str, sessions: list[str], moved: int) -> list[Happening]:
    said = {"sourceClusterKey": source, "newClusterKey": new, "sessionIds": sessions[:100], "movedMarkerCount": moved}
    author = name_of(order.created_by, "dashboard")
    return [
        Happening(cluster_key=key, kind="split", note=note_of(order.note), metadata=said, created_by=author)
        for key in (source, new)
    ]
