"""What a batch changes about its sessions: their markers, and by these the clusters that they hit."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from retrospec.ingest.jobs import Planned, by_offset
from retrospec.ingest.prepare import Prepared
from retrospec.issues.membership import ClusterRef, Membership
from retrospec.sessions.records import MarkerRecord, SessionRef, StoredSession


class SessionChange(msgspec.Struct):
    """A session of a batch, with its markers before and after.

    Attributes:
        planned: Its jobs, should it be new.
        before: By their ids.
        after: By offset.
        users: The user under which each cluster counts it.
    """

    ref: SessionRef
    prepared: Prepared
    planned: Planned
    stored: StoredSession
    before: dict[str, MarkerRecord]
    after: list[MarkerRecord]
    users: dict[str, str]

    @property
    def is_new(self) -> bool:
        """Whether the transaction has inserted it."""
        return self.stored.revision == 1


def bring_markers(
    sessions: Sequence[SessionChange], aliases: Mapping[ClusterRef, str]
) -> tuple[list[MarkerRecord], list[MarkerRecord]]:
    """Settle what the markers of each session are after the batch.

    Returns:
        Those of sessions that are new, and those that others get or that change.
    """
    first: list[MarkerRecord] = []
    changed: list[MarkerRecord] = []
    for session in sessions:
        markers = session.prepared.markers
        if aliases:
            for marker in markers:
                marker.cluster_key = aliases.get((marker.project_id, marker.cluster_key), marker.cluster_key)
        if session.is_new:
            first += markers
            session.after = markers
        else:
            changed += [marker for marker in markers if _bring(marker, session.before.get(marker.marker_id))]
            after = session.before | {marker.marker_id: marker for marker in markers}
            session.after = by_offset(after.values())
    return first, changed


def _bring(marker: MarkerRecord, known: MarkerRecord | None) -> bool:
    """Let a marker that was sent again keep what is settled about it, and say whether anything is new."""
    if known and _says_the_same(known, marker):
        # It stays where it is, also where a split or an older strategy has put it.
        marker.cluster_key = known.cluster_key
    if known and known.replay_offset_ms == marker.replay_offset_ms:
        # A visitor's clock that runs ahead is held to the time of arrival: the first one.
        marker.observed_at = known.observed_at
    return marker != known


def _says_the_same(one: MarkerRecord, other: MarkerRecord) -> bool:
    return (one.kind, one.label, one.evidence, one.hint) == (other.kind, other.label, other.evidence, other.hint)


def memberships(session: SessionChange) -> list[Membership]:
    """The (session, cluster) pairs that this batch touches."""
    after = _grouped(session.after)
    if not session.before:
        return [_membership(session, key, (), after[key]) for key in sorted(after)]
    before = _grouped(by_offset(session.before.values()))
    user = session.stored.user_hash
    touched = {
        key
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key) or (key in before and session.users.get(key) != user)
    }
    return [_membership(session, key, before.get(key, ()), after.get(key, ())) for key in sorted(touched)]


def _membership(
    session: SessionChange, key: str, before: Sequence[MarkerRecord], after: Sequence[MarkerRecord]
) -> Membership:
    markers = after or before
    stored, keyed = session.stored, session.prepared.keyed
    times = [marker.observed_at for marker in markers]
    return Membership(
        project_id=session.ref[0],
        cluster_key=key,
        session_id=session.ref[1],
        kind=markers[0].kind,
        marker_count=len(after),
        before=len(before),
        user_hash=stored.user_hash,
        first_observed_at=min(times),
        first_before=min(marker.observed_at for marker in before) if before else None,
        last_observed_at=max(times),
        days=_days(before, after),
        symptom=markers[0].label,
        has_recording=bool(stored.events_object_key),
        strategy=keyed.strategy,
        strategy_version=keyed.version,
        is_first=session.is_new,
    )


def _days(before: Sequence[MarkerRecord], after: Sequence[MarkerRecord]) -> dict[date, int]:
    """By how many markers each day changes."""
    days: dict[date, int] = {}
    for markers, change in ((after, 1), (before, -1)):
        for marker in markers:
            day = marker.observed_at.date()
            days[day] = days.get(day, 0) + change
    return days


def _grouped(markers: Iterable[MarkerRecord]) -> dict[str, list[MarkerRecord]]:
    groups: dict[str, list[MarkerRecord]] = {}
    for marker in markers:
        groups.setdefault(marker.cluster_key, []).append(marker)
    return groups
