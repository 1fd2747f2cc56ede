"""One transaction for a batch of sessions: everything that an answer stands for, or nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.news import Sites
from retrospec.alerts.outgoing import Accepted, AlertBook, Audience
from retrospec.core.clock import now as present
from retrospec.core.db import Statement, opened, rows, transact
from retrospec.core.errors import Unauthorized
from retrospec.core.settings import Settings
from retrospec.core.together import together
from retrospec.ingest.changes import SessionChange, bring_markers, memberships
from retrospec.ingest.jobs import JobPlanner, Planned
from retrospec.ingest.prepare import Prepared
from retrospec.issues.lifecycle import Seen, count_in
from retrospec.issues.membership import OLD_KEYS_LEAD, ClusterRef, Membership, aliases_of, known_users, write_members
from retrospec.issues.news import tell_seen
from retrospec.jobs.outbox import NewJob, enqueue_latest, enqueue_new
from retrospec.plugin import SessionIngested
from retrospec.plugin.observers import NOBODY, Observers
from retrospec.reports.cards import open_cards, open_first_cards
from retrospec.reports.schemas import ReportCard
from retrospec.sessions.records import (
    MarkerRecord,
    SessionRef,
    StoredSession,
    insert_markers,
    markers_of_sessions,
    set_jobs_digests,
    started_times,
    upsert_markers,
    upsert_sessions,
)

_ALIVE = Statement("""
    SELECT p.id FROM projects p JOIN @rows($1: id text) ON p.id = r.id WHERE p.deleting_at IS NULL
""")


class Written(msgspec.Struct):
    """What became of one session.

    Attributes:
        stored: Its row.
        markers: All its markers, by offset.
        promoted: Clusters that this session's failures promoted, or updated as issues.
        alerts_sent: Alerts accepted for delivery because of it.
        card: The report card that was opened for it.
    """

    prepared: Prepared
    stored: StoredSession
    markers: list[MarkerRecord]
    promoted: int = 0
    alerts_sent: int = 0
    card: ReportCard | None = None


class _Batch(msgspec.Struct):
    """What a transaction has written."""

    results: dict[SessionRef, Written] = {}
    seen: Collection[Seen] = ()
    accepted: Accepted = msgspec.field(default_factory=Accepted)


_TRIGGER = "ingest_auto_promote"


class BatchWriter:
    """Writes batches of prepared sessions, no two of one session in a batch."""

    def __init__(self, settings: Settings, alerts: AlertBook, observers: Observers = NOBODY) -> None:
        self._planner = JobPlanner(settings)
        self._min_sessions = settings.cluster_promote_min_sessions if settings.auto_promote_on_ingest else None
        self._alerts = alerts
        self._observers = observers

    async def write(self, batch: Sequence[Prepared]) -> list[Written | Exception]:
        """Write a batch and commit it.

        Returns:
            For each session what became of it, or why nothing did.

        Raises:
            Exception: Nothing of the batch was written.
        """
        audience = await self._alerts.audience(one.session.project_id for one in batch)
        now = present()
        # Before the transaction, and into the row that it inserts: to add it afterwards wrote each session twice.
        planned = {one.session.ref: self._plan_new(one) for one in batch}

        async def work(db: BaseDBAsyncClient) -> _Batch:
            living = batch
            if opened(db) < len(projects):
                alive = await _alive(db, projects)
                living = [one for one in batch if one.session.project_id in alive]
            return await self._write(db, living, planned, audience, now) if living else _Batch()

        projects = tuple(sorted({one.session.project_id for one in batch}))
        done = await transact(work, _hold_projects(projects))
        self._alerts.settle(done.accepted)
        if self._observers:
            self._tell(done.results.values(), done.seen, now)
        return [done.results.get(one.session.ref, Unauthorized()) for one in batch]

    def _tell(self, written: Iterable[Written], seen: Iterable[Seen], now: datetime) -> None:
        if self._observers.wants(SessionIngested):
            for one in written:
                self._observers.tell(_told(one, now))
        tell_seen(self._observers, seen, trigger=_TRIGGER, now=now)

    def _plan_new(self, prepared: Prepared) -> Planned:
        session = prepared.session
        planned = self._planner.plan(session, session.events_object_key, prepared.markers)
        session.jobs_digest = planned.digest
        return planned

    async def _write(
        self,
        db: BaseDBAsyncClient,
        batch: Sequence[Prepared],
        planned: Mapping[SessionRef, Planned],
        audience: Audience,
        now: datetime,
    ) -> _Batch:
        sessions, aliases, unborn = await self._write_sessions(db, batch, planned, now)
        first, changed = bring_markers(sessions, aliases)
        members = [member for session in sessions for member in memberships(session)]
        former = {
            (*session.ref, key): user
            for session in sessions
            for key, user in session.users.items()
            if user != session.stored.user_hash
        }
        _, _, changes, cards = await together(
            db,
            lambda side: insert_markers(side, first, now),
            lambda side: upsert_markers(side, changed, now),
            lambda side: write_members(side, members, former),
            lambda side: self._queue_jobs(side, sessions, now),
        )
        counted = [(s.ref[0], s.before.values(), s.after) for s in sessions]
        seen = await count_in(db, changes, members, counted, unborn, min_sessions=self._min_sessions, now=now)

        async def find_sites(_: BaseDBAsyncClient, refs: Collection[ClusterRef]) -> Sites:
            return _sites(sessions, members, refs)

        accepted = await self._alerts.accept(
            db, seen.values(), audience, trigger=_TRIGGER, now=now, find_sites=find_sites
        )
        results = _results(sessions, members, seen, accepted.alerts)
        for ref, card in cards.items():
            results[ref].card = card
        return _Batch(results, seen.values(), accepted)

    async def _write_sessions(
        self, db: BaseDBAsyncClient, batch: Sequence[Prepared], planned: Mapping[SessionRef, Planned], now: datetime
    ) -> tuple[list[SessionChange], Mapping[ClusterRef, str], set[ClusterRef]]:
        """Write sessions; say also where markers of merged clusters go, and which clusters are not there yet."""
        unknown = [one.session.ref for one in batch if not one.started_at_given]
        began = await started_times(db, unknown)
        for one in batch:
            if not one.started_at_given:
                one.session.started_at = began.get(one.session.ref, one.session.started_at)
        refs = {(one.session.project_id, marker.cluster_key) for one in batch for marker in one.markers}
        stored, (aliases, unborn) = await together(
            db,
            lambda side: upsert_sessions(side, [one.session for one in batch], now),
            lambda side: aliases_of(side, sorted(refs), now - OLD_KEYS_LEAD),
        )
        again = [ref for ref, row in stored.items() if row.revision > 1]
        before, users = await markers_of_sessions(db, again), await known_users(db, again)
        sessions = [
            SessionChange(ref, one, planned[ref], stored[ref], before.get(ref, {}), [], users.get(ref, {}))
            for ref, one in sorted((one.session.ref, one) for one in batch)
        ]
        return sessions, aliases, unborn

    async def _queue_jobs(
        self, db: BaseDBAsyncClient, sessions: Sequence[SessionChange], now: datetime
    ) -> Mapping[SessionRef, ReportCard]:
        fresh: list[NewJob] = []
        again: list[NewJob] = []
        digests: dict[SessionRef, str] = {}
        first: list[SessionRef] = []
        for session in sessions:
            if session.is_new:
                if session.planned.jobs:
                    fresh.extend(session.planned.jobs)
                    first.append(session.ref)
                continue
            planned = self._plan(session)
            if planned.jobs and planned.digest != session.stored.jobs_digest:
                again.extend(planned.jobs)
                digests[session.ref] = planned.digest
        if again:
            await enqueue_latest(db, again, now)
        opened: Mapping[SessionRef, ReportCard]
        cards: Mapping[SessionRef, ReportCard]
        _, _, opened, cards = await together(
            db,
            lambda side: enqueue_new(side, fresh, now),
            lambda side: set_jobs_digests(side, digests),
            lambda side: open_first_cards(side, first, now),
            lambda side: open_cards(side, list(digests), now),
        )
        return {**opened, **cards}

    def _plan(self, session: SessionChange) -> Planned:
        return self._planner.plan(session.prepared.session, session.stored.events_object_key, session.after)


# Most processes have a few projects that are busy.
@lru_cache(maxsize=256)
def _hold_projects(ids: tuple[str, ...]) -> Statement:
    """Hold the rows of projects that are not being deleted.

    A merge, a split or a removal takes the row FOR UPDATE, so that none of them overlaps with ingest.

    Args:
        ids: In order. They stand in the statement, as it has no parameters; they are from rows of ours, not a client's.
    """
    listed = ", ".join("'{}'".format(id_.replace("'", "''")) for id_ in ids)
    return Statement(f"""
        SELECT p.id FROM projects p WHERE p.id IN ({listed}) AND p.deleting_at IS NULL
        ORDER BY p.id @lock(FOR KEY SHARE OF p)
    """)  # noqa: S608


async def _alive(db: BaseDBAsyncClient, project_ids: Iterable[str]) -> set[str]:
    return {row["id"] for row in await _ALIVE.fetch(db, rows({"id": id_} for id_ in project_ids))}


def _told(written: Written, now: datetime) -> SessionIngested:
    session, stored = written.prepared.session, written.stored
    return SessionIngested(
        project_id=session.project_id,
        session_id=session.session_id,
        site=session.site,
        route=session.route,
        is_new=stored.revision == 1,
        has_recording=bool(stored.events_object_key),
        marker_count=len(written.markers),
        cluster_keys=tuple(sorted({marker.cluster_key for marker in written.markers})),
        promoted=written.promoted,
        at=now,
    )


def _sites(
    sessions: Sequence[SessionChange], members: Sequence[Membership], refs: Collection[ClusterRef]
) -> defaultdict[ClusterRef, set[str]]:
    """Where the sessions of a batch were that hit clusters."""
    site = {session.ref: session.prepared.session.site for session in sessions}
    found: defaultdict[ClusterRef, set[str]] = defaultdict(set)
    for member in members:
        if member.ref in refs and member.marker_count > member.before:
            found[member.ref].add(site[member.project_id, member.session_id])
    return found


def _results(
    sessions: Sequence[SessionChange],
    members: Sequence[Membership],
    seen: Mapping[ClusterRef, Seen],
    accepted: Mapping[ClusterRef, int],
) -> dict[SessionRef, Written]:
    results = {session.ref: Written(session.prepared, session.stored, session.after) for session in sessions}
    told: set[ClusterRef] = set()
    for member in members:
        result = results[member.project_id, member.session_id]
        one = seen.get(member.ref)
        if one is None or member.marker_count <= member.before:
            continue
        result.promoted += one.promoted and member.before == 0
        # An alert is one session's doing, also where several of a batch hit the cluster.
        if member.ref in accepted and member.ref not in told:
            told.add(member.ref)
            result.alerts_sent += accepted[member.ref]
    return results
