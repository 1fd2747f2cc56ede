"""What being seen does to a cluster: counted, promoted, re-opened."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Literal

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.together import together
from retrospec.issues.activity import Happening, record
from retrospec.issues.days import add_days
from retrospec.issues.kinds import ClusterMove, SessionFailures, count_kinds
from retrospec.issues.membership import (
    Cluster,
    ClusterChange,
    ClusterRef,
    Membership,
    insert_clusters,
    lock_clusters,
    update_clusters,
)
from retrospec.issues.models import CANDIDATE
from retrospec.issues.recent import add_recent


class Seen(msgspec.Struct):
    """A cluster after a batch, and what the batch did to it."""

    cluster: Cluster
    # Promoted by this batch, or an issue whose session count it changed.
    promoted: bool = False
    # Put aside by somebody, and back: it was resolved, or so many sessions ended its mute.
    is_back: bool = False
    # How many sessions were new to it.
    sessions: int = 0
    # `promoted`, `regressed` and `unmuted`, as they happened.
    activities: list[str] = []
    # When it was last seen before; None where no session was in it.
    seen_before: datetime | None = None

    @property
    def move(self) -> ClusterMove:
        """When it was last seen, before and after the batch."""
        return ClusterMove(self.cluster.project_id, self.cluster.kind, self.seen_before, last_seen(self.cluster))


def is_leaving(cluster: Cluster) -> bool:
    """Whether a cluster's sessions are being moved to others, after which it is gone: a candidate that was promoted."""
    return cluster.state == CANDIDATE and cluster.promoted_at is not None


def last_seen(cluster: Cluster) -> datetime | None:
    """When a cluster was last seen; None while no session is in it."""
    return cluster.last_seen_at if cluster.session_count > 0 else None


async def count_in(
    db: BaseDBAsyncClient,
    changes: Mapping[ClusterRef, ClusterChange],
    members: Sequence[Membership],
    sessions: Iterable[SessionFailures],
    unborn: Set[ClusterRef],
    *,
    min_sessions: int | None,
    now: datetime,
) -> dict[ClusterRef, Seen]:
    """Add a batch to its clusters. The last statements of its transaction.

    New clusters are inserted before any is locked, both in key order. An insertion waits for another transaction's
    insertion of the same key: of 300 sessions in twelve transactions at once, up to eight ended in a deadlock, when
    clusters were locked first and then those inserted that were not found.

    Args:
        db: The transaction.
        changes: By cluster, as `write_members` gave them.
        members: The same, by session, for the counts by day.
        sessions: The failures of each session, for the counts by kind.
        unborn: Clusters that were not there when the transaction looked.
        min_sessions: Promote clusters that at least so many sessions hit; None promotes nothing.
        now: The batch's time.
    """
    seen = await _make(db, changes, unborn, min_sessions, now)
    # Also those that another process was first to insert.
    old = await lock_clusters(db, changes.keys() - seen.keys())
    if lost := changes.keys() - seen.keys() - old.keys():
        # A cleanup has deleted them since the transaction looked.
        seen |= await _make(db, changes, lost, min_sessions, now)
        old |= await lock_clusters(db, lost - seen.keys())
    updated = {ref: advance(cluster, changes[ref], min_sessions, now) for ref, cluster in old.items()}
    seen |= updated
    await together(
        db,
        lambda side: update_clusters(side, [one.cluster for one in updated.values()]),
        lambda side: add_days(side, members),
        lambda side: count_kinds(side, sessions, [one.move for one in seen.values()]),
        lambda side: _record(side, seen.values(), now),
    )
    return seen


async def _make(
    db: BaseDBAsyncClient,
    changes: Mapping[ClusterRef, ClusterChange],
    refs: Set[ClusterRef],
    min_sessions: int | None,
    now: datetime,
) -> dict[ClusterRef, Seen]:
    """Insert clusters that a change begins; without those that another transaction has made meanwhile."""
    fresh = {
        ref: advance(new_cluster(change, now), change, min_sessions, now)
        for ref, change in changes.items()
        if ref in refs and change.first is not None
    }
    made = await insert_clusters(db, [one.cluster for one in fresh.values()]) if fresh else set()
    return {ref: fresh[ref] for ref in made}


def advance(cluster: Cluster, change: ClusterChange, min_sessions: int | None, now: datetime) -> Seen:
    """What a change makes of a cluster. Changes it in place."""
    seen = Seen(cluster, sessions=change.sessions, seen_before=last_seen(cluster))
    cluster.session_count += change.sessions
    if change.sessions > 0:
        cluster.recent = add_recent(cluster.recent, change.sessions, now)
    cluster.user_count += change.users
    cluster.marker_count += change.markers
    if change.first:
        cluster.first_seen_at = min(cluster.first_seen_at, change.first.first_observed_at)
    if change.latest:
        cluster.last_seen_at = max(cluster.last_seen_at, change.latest.last_observed_at)
        if change.latest.has_recording or not cluster.representative_session_id:
            cluster.representative_session_id = change.latest.session_id
    if change.seen_again:
        _reopen(seen, now)
    _promote(seen, min_sessions, now)
    return seen


def _reopen(seen: Seen, now: datetime) -> None:
    cluster = seen.cluster
    if cluster.state == "resolved":
        cluster.state, cluster.regressed, cluster.state_updated_at = "open", True, now
        seen.activities.append("regressed")
        seen.is_back = True
    elif cluster.state == "muted" and (ended := _end_of_mute(cluster, now)):
        cluster.state, cluster.state_updated_at = "open", now
        cluster.muted_until = cluster.muted_until_sessions = None
        seen.activities.append("unmuted")
        seen.is_back = ended == "sessions"


def _end_of_mute(cluster: Cluster, now: datetime) -> Literal["time", "sessions"] | None:
    if cluster.muted_until is not None and cluster.muted_until <= now:
        return "time"
    if cluster.muted_until_sessions is not None and cluster.session_count >= cluster.muted_until_sessions:
        return "sessions"
    return None


def _promote(seen: Seen, min_sessions: int | None, now: datetime) -> None:
    cluster = seen.cluster
    if min_sessions is None or cluster.session_count < min_sessions:
        return
    if is_leaving(cluster):
        cluster.promoted_session_count = cluster.session_count
        return
    if cluster.state == CANDIDATE:
        cluster.state, cluster.promoted_at = "open", now
        seen.activities.append("promoted")
    seen.promoted = cluster.promoted_session_count != cluster.session_count
    cluster.promoted_session_count = cluster.session_count


def new_cluster(change: ClusterChange, now: datetime) -> Cluster:
    """A candidate that a change begins, with nothing counted yet."""
    first = change.first
    if first is None:
        raise ValueError("a cluster begins with a marker")
    return Cluster(
        project_id=first.project_id,
        key=first.cluster_key,
        kind=first.kind,
        symptom=first.symptom,
        strategy=first.strategy,
        strategy_version=first.strategy_version,
        session_count=0,
        user_count=0,
        marker_count=0,
        representative_session_id="",
        first_seen_at=first.first_observed_at,
        last_seen_at=first.last_observed_at,
        state=CANDIDATE,
        assignee="",
        muted_until=None,
        muted_until_sessions=None,
        regressed=False,
        state_updated_at=None,
        promoted_at=None,
        promoted_session_count=0,
        created_at=now,
    )


async def _record(db: BaseDBAsyncClient, seen: Iterable[Seen], now: datetime) -> None:
    happened: defaultdict[str, list[Happening]] = defaultdict(list)
    for one in seen:
        cluster = one.cluster
        happened[cluster.project_id] += [
            Happening(
                cluster_key=cluster.key,
                kind=kind,
                session_id=cluster.representative_session_id,
                metadata={"sessionCount": cluster.session_count},
            )
            for kind in one.activities
        ]
    for project_id, happenings in happened.items():
        await record(db, project_id, happenings, now)
