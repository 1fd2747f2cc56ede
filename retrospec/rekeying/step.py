"""One step of a move: some sessions of a cluster go where they belong, in one short transaction, counted exactly.

It holds the project as a merge does, so that no ingest is in between, and locks clusters last and in key order.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, read_time, rows
from retrospec.issues.activity import Happening, record
from retrospec.issues.days import add_days
from retrospec.issues.kinds import clusters_changing
from retrospec.issues.lifecycle import is_leaving, new_cluster
from retrospec.issues.membership import (
    Cluster,
    ClusterChange,
    Membership,
    insert_clusters,
    known_users,
    lock_clusters,
    update_clusters,
    write_members,
)
from retrospec.issues.models import CANDIDATE
from retrospec.issues.recount import drop_days, set_latest, shift_sessions
from retrospec.rekeying.handover import arrived, hand_over, lead, take_name
from retrospec.rekeying.lease import Leaving
from retrospec.rekeying.plan import Move, Plan
from retrospec.rekeying.portion import Portion
from retrospec.rekeying.survey import LONG_AGO
from retrospec.rekeying.triage import Triage, read_notes, triage_of, write_notes

SESSIONS = Statement("""
    SELECT s.session_id, s.user_hash, s.events_object_key <> '' AS recorded
    FROM @rows($2: session_id text) CROSS JOIN sessions s
    WHERE s.project_id = $1 AND s.session_id = r.session_id
""")
MARKERS = Statement("""
    SELECT m.uid, m.session_id, m.cluster_key, m.kind, m.label, m.observed_at
    FROM @rows($2: session_id text) CROSS JOIN error_markers m
    WHERE m.project_id = $1 AND m.session_id = r.session_id
    ORDER BY m.session_id, m.replay_offset_ms, m.marker_id
""")
RENAME = Statement("""
    UPDATE error_markers SET cluster_key = r.key FROM @rows($1: uid bigint, key text) WHERE error_markers.uid = r.uid
""")


class Target(msgspec.Struct):
    """Where a move leads: the project, the strategy, and from how many sessions on a cluster is an issue."""

    project_id: str
    strategy: str
    version: int
    min_sessions: int


class Moved(msgspec.Struct):
    """What a step has moved."""

    markers: int = 0
    sessions: int = 0


class Step:
    """One step, within a transaction that has locked the project."""

    def __init__(
        self, db: BaseDBAsyncClient, target: Target, plan: Plan, move: Move, leaving: Leaving, now: datetime
    ) -> None:
        """Take in what it is about.

        Args:
            db: The transaction.
            target: Where the move leads.
            plan: Where everything goes.
            move: What becomes of this cluster.
            leaving: How far that has come; is brought up to date.
            now: When.
        """
        self._db = db
        self._project_id = target.project_id
        self._target = target
        self._plan = plan
        self._move = move
        self._leaving = leaving
        self._now = now

    async def run(self, portion: Portion) -> Moved:
        """Move sessions, and say what has moved."""
        members, renamed = await self._members(portion)
        if not renamed:
            return Moved()
        touched = {member.cluster_key for member in members}
        async with clusters_changing(self._db, self._project_id, touched):
            former = await self._former_users(members)
            changes = await write_members(self._db, members, former)
            await RENAME.run(self._db, rows({"uid": uid, "key": key} for uid, key in sorted(renamed.items())))
            by_key = {key: change for (_, key), change in changes.items()}
            seen = {one.cluster_key: one.last_observed_at for one in sorted(members, key=_last_seen)}
            await self._count(by_key, seen, portion)
            await add_days(self._db, members)
            await drop_days(self._db, self._project_id, [self._move.source.key])
        moved = {member.session_id for member in members}
        return Moved(len(renamed), len(moved))

    async def _members(self, portion: Portion) -> tuple[list[Membership], dict[int, str]]:
        """What it does to each session in each cluster, and the markers that get another one."""
        named = rows({"session_id": one} for one in portion.sessions)
        markers: defaultdict[str, list[Row]] = defaultdict(list)
        for row in await MARKERS.fetch(self._db, self._project_id, named):
            markers[row["session_id"]].append(row)
        sessions = await SESSIONS.fetch(self._db, self._project_id, named)
        members, renamed = list[Membership](), dict[int, str]()
        for session in sorted(sessions, key=lambda row: str(row["session_id"])):
            its = markers[session["session_id"]]
            goes = {row["uid"]: self._goes_to(row, portion.keys) for row in its}
            moving = {row["uid"]: goes[row["uid"]] for row in its if goes[row["uid"]] != row["cluster_key"]}
            touched = {self._move.source.key, *moving.values()} if moving else set[str]()
            members += [self._member(session, key, its, goes) for key in sorted(touched)]
            renamed |= moving
        return members, renamed

    def _goes_to(self, marker: Row, keys: Mapping[int, str]) -> str:
        here: str = marker["cluster_key"]
        # One that has come or changed since the portion was read waits for the next round.
        if here != self._move.source.key or marker["uid"] not in keys:
            return here
        there = self._plan.target(here, keys[marker["uid"]])
        # Nothing may be left, also where something came that belongs here: it is looked at again where it has gone.
        return self._leaving.main if self._leaving.leaves and there == here else there

    def _member(self, session: Row, key: str, markers: Sequence[Row], goes: Mapping[int, str]) -> Membership:
        before = [row for row in markers if row["cluster_key"] == key]
        after = [row for row in markers if goes[row["uid"]] == key]
        times = [read_time(row["observed_at"]) for row in after or before]
        days = Counter(read_time(row["observed_at"]).date() for row in after)
        days.subtract(read_time(row["observed_at"]).date() for row in before)
        return Membership(
            project_id=self._project_id,
            cluster_key=key,
            session_id=session["session_id"],
            kind=(after or before)[0]["kind"],
            marker_count=len(after),
            before=len(before),
            user_hash=session["user_hash"],
            first_observed_at=min(times),
            first_before=min((read_time(row["observed_at"]) for row in before), default=None),
            last_observed_at=max(times),
            days=dict(days),
            symptom=(after or before)[0]["label"],
            has_recording=bool(session["recorded"]),
            strategy=self._target.strategy,
            strategy_version=self._target.version,
        )

    async def _former_users(self, members: Sequence[Membership]) -> dict[tuple[str, str, str], str]:
        refs = sorted({(self._project_id, member.session_id) for member in members})
        users = await known_users(self._db, refs)
        now = {member.session_id: member.user_hash for member in members}
        return {(*ref, key): user for ref, found in users.items() for key, user in found.items() if user != now[ref[1]]}

    async def _count(
        self, changes: Mapping[str, ClusterChange], seen: Mapping[str, datetime], portion: Portion
    ) -> None:
        clusters = await self._locked(changes)
        for key, cluster in clusters.items():
            _shift(cluster, changes[key])
        source = clusters.pop(self._move.source.key)
        unsure = [one for key, one in clusters.items() if not _show_latest(one, changes[key], seen[key])]
        if source.session_count and not self._shows_latest(source, portion):
            unsure.append(source)
        if unsure:
            await set_latest(self._db, self._project_id, unsure)
        await arrived(self._db, self._project_id, clusters)
        if self._leaving.main in clusters and not self._leaving.begun:
            await self._begin(source, clusters[self._leaving.main])
        decided = await self._take_over(clusters)
        await self._promote(clusters.values())
        await update_clusters(self._db, [source, *clusters.values()])
        await write_notes(self._db, self._project_id, decided)

    def _shows_latest(self, source: Cluster, portion: Portion) -> bool:
        """Whether a cluster is shown by a session that is not among those that have gone, nor the latest of them."""
        return source.representative_session_id not in portion.sessions and (
            LONG_AGO < portion.end.at < source.last_seen_at
        )

    async def _locked(self, changes: Mapping[str, ClusterChange]) -> dict[str, Cluster]:
        """Make the clusters that are not there yet, and lock all. Nobody else makes any while the project is held."""
        refs = {(self._project_id, key) for key in changes}
        clusters = await lock_clusters(self._db, refs)
        made = [self._new(changes[key]) for _, key in refs - clusters.keys()]
        if made:
            await insert_clusters(self._db, made)
        clusters |= {cluster.ref: cluster for cluster in made}
        return {key: cluster for (_, key), cluster in sorted(clusters.items())}

    def _new(self, change: ClusterChange) -> Cluster:
        cluster = new_cluster(change, self._now)
        cluster.created_at = self._leaving.triage.created_at
        if self._leaving.leaves and cluster.key == self._leaving.main:
            cluster.symptom = self._leaving.symptom
        return cluster

    async def _begin(self, source: Cluster, main: Cluster) -> None:
        """The main cluster is there: it takes the name, the history and the links."""
        await take_name(self._db, self._project_id, main.key)
        await lead(self._db, self._project_id, [(key, main.key) for key in self._move.keys], "merge", self._now)
        # People have merged it, if it is a key that is still given.
        kind = "merge" if self._plan.finals.get(source.key, source.key) != source.key else "old"
        await lead(self._db, self._project_id, [(source.key, main.key)], kind, self._now)
        await hand_over(self._db, self._project_id, source.key, main.key)
        if self._leaving.first_seen_at is not None:
            main.first_seen_at = min(main.first_seen_at, self._leaving.first_seen_at)
        main.recent = main.recent or source.recent
        # No list shows it any more, and its key leads on.
        source.state, source.promoted_at = CANDIDATE, source.promoted_at or self._now
        source.muted_until = source.muted_until_sessions = None
        source.promoted_session_count = source.session_count
        self._leaving.begun = True

    async def _take_over(self, clusters: Mapping[str, Cluster]) -> dict[str, Triage]:
        """Clusters that get something of an issue for the first time take over what people have decided about it."""
        fresh = sorted(clusters.keys() - set(self._leaving.told)) if self._leaving.triage.is_issue else []
        if not fresh:
            return {}
        notes = await read_notes(self._db, self._project_id, fresh)
        decided = {key: triage_of(clusters[key], notes[key]).joined_by(self._leaving.triage) for key in fresh}
        for key, triage in decided.items():
            triage.put(clusters[key])
        self._leaving.told += fresh
        await record(self._db, self._project_id, [self._happening(key) for key in fresh], self._now)
        return decided

    def _happening(self, key: str) -> Happening:
        said = {
            "from": self._move.source.key,
            "to": key,
            "state": self._leaving.triage.state,
            "strategy": self._target.strategy,
            "strategyVersion": self._target.version,
        }
        return Happening(cluster_key=key, kind="rekeyed", metadata=said)

    async def _promote(self, clusters: Iterable[Cluster]) -> None:
        """Candidates that are an issue together. Nobody is alerted: none of their failures is new."""
        due = [one for one in clusters if one.state == CANDIDATE and one.session_count >= self._target.min_sessions]
        for one in due:
            one.state, one.promoted_at, one.promoted_session_count = "open", self._now, one.session_count
        said = [
            Happening(
                cluster_key=one.key,
                kind="promoted",
                session_id=one.representative_session_id,
                metadata={"sessionCount": one.session_count},
            )
            for one in due
        ]
        await record(self._db, self._project_id, said, self._now)


def _last_seen(member: Membership) -> datetime:
    return member.last_observed_at


def _show_latest(cluster: Cluster, change: ClusterChange, seen: datetime) -> bool:
    """Let a cluster be shown by the latest of what it has got, and say whether no other session may do that better.

    To look among the latest hundred of each of two hundred clusters took half of a step.
    """
    latest = change.latest
    if change.sessions <= 0 or latest is None or latest.last_observed_at < seen:
        return False
    if cluster.session_count > change.sessions and not (
        latest.has_recording and latest.last_observed_at > cluster.last_seen_at
    ):
        return False
    cluster.representative_session_id, cluster.last_seen_at = latest.session_id, latest.last_observed_at
    return True


def _shift(cluster: Cluster, change: ClusterChange) -> None:
    """Count a change in which nothing new has happened."""
    shift_sessions(cluster, change.sessions)
    cluster.user_count += change.users
    cluster.marker_count += change.markers
    if change.first is not None:
        cluster.first_seen_at = min(cluster.first_seen_at, change.first.first_observed_at)
    if is_leaving(cluster):
        cluster.promoted_session_count = cluster.session_count
    elif cluster.state == CANDIDATE:
        # A candidate was promoted at 0 sessions, so to say.
        cluster.promoted_session_count = 0
