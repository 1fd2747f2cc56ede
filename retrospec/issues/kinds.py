"""How often each kind of failure happens, counted by the hour as it happens.

A session counts in the hour of its last marker of a kind, and moves on when it has a later one; so does a cluster with
when it was last seen. What lies in the hours since a time is then simply added up: nothing is there twice. These rows
are as hot as any, so a transaction touches them last, and in the order of their keys.

When the latest marker of an hour is removed, its time stays while others of its kind are left in that hour: to look for
the one before took an index of all markers by time, which cost ingest a fifth of the pages that it writes.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, is_sqlite, read_time, rows

_SECONDS = 3600
# As far back as anybody can ask, and the hour in which that began.
_KEPT = timedelta(hours=721)

_ADD = Statement("""
    INSERT INTO kind_hours (project_id, hour, kind, marker_count, session_count, cluster_count, last_seen_at)
    SELECT r.project_id, r.hour, r.kind, r.markers, r.sessions, r.clusters, r.last_seen
    FROM @rows($1: project_id text, hour integer, kind text, markers bigint, sessions integer, clusters integer,
               last_seen timestamptz)
    WHERE true
    ON CONFLICT (project_id, hour, kind) DO UPDATE SET
        marker_count = kind_hours.marker_count + excluded.marker_count,
        session_count = kind_hours.session_count + excluded.session_count,
        cluster_count = kind_hours.cluster_count + excluded.cluster_count,
        last_seen_at = CASE WHEN excluded.last_seen_at > kind_hours.last_seen_at
                            THEN excluded.last_seen_at ELSE kind_hours.last_seen_at END
""")

_PLACES = Statement("""
    SELECT c.key, c.kind, c.last_seen_at FROM issue_clusters c JOIN @rows($2: key text) ON c.key = r.key
    WHERE c.project_id = $1 AND c.session_count > 0
""")

_OF_SESSIONS = """
    SELECT {hour} AS hour, kind, count(*) AS markers, 0 AS sessions FROM error_markers
    WHERE project_id = $1 AND session_id IN (SELECT r.session_id FROM @rows($2: session_id text))
    GROUP BY 1, 2
    UNION ALL
    SELECT {hour} AS hour, kind, 0 AS markers, count(*) AS sessions FROM (
        SELECT kind, max(observed_at) AS observed_at FROM error_markers
        WHERE project_id = $1 AND session_id IN (SELECT r.session_id FROM @rows($2: session_id text))
        GROUP BY session_id, kind) AS last
    GROUP BY 1, 2
"""
_OF_SESSIONS_POSTGRES = Statement(_OF_SESSIONS.format(hour="floor(extract(epoch FROM observed_at) / 3600)::integer"))
_OF_SESSIONS_SQLITE = Statement(_OF_SESSIONS.format(hour="CAST(strftime('%s', observed_at) AS INTEGER) / 3600"))

_FORGET = Statement("DELETE FROM kind_hours WHERE project_id = $1 AND hour < $2")


class Failure(Protocol):
    """What is asked of a marker."""

    @property
    def kind(self) -> str:
        """Of failure."""
        ...

    @property
    def observed_at(self) -> datetime:
        """When it happened."""
        ...


# Of a session: its project, its failures before a change, and those after it.
SessionFailures = tuple[str, Iterable[Failure], Iterable[Failure]]


class ClusterMove(NamedTuple):
    """When a cluster was last seen, before and after a change; None while no session is in it."""

    project_id: str
    kind: str
    before: datetime | None
    after: datetime | None


class Tally(msgspec.Struct):
    """How one hour of one kind changes."""

    markers: int = 0
    sessions: int = 0
    clusters: int = 0
    last_seen: datetime | None = None


def hour_of(time: datetime) -> int:
    """The hour that a time lies in, counted from 1970 in UTC."""
    return int(time.timestamp()) // _SECONDS


def _begin(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * _SECONDS, UTC)


class KindChanges:
    """What a transaction changes about the hours, gathered in memory until `write`."""

    def __init__(self) -> None:
        self._tallies: defaultdict[tuple[str, int, str], Tally] = defaultdict(Tally)

    def take_session(self, project_id: str, before: Iterable[Failure], after: Iterable[Failure]) -> None:
        """A session has other markers now than before."""
        self._take(project_id, before, -1)
        self._take(project_id, after, 1)

    def _take(self, project_id: str, markers: Iterable[Failure], change: int) -> None:
        last: dict[str, tuple[datetime, Tally]] = {}
        for marker in markers:
            time, kind = marker.observed_at, marker.kind
            tally = self._tallies[project_id, hour_of(time), kind]
            tally.markers += change
            if change > 0 and (tally.last_seen is None or time > tally.last_seen):
                tally.last_seen = time
            if kind not in last or time > last[kind][0]:
                last[kind] = time, tally
        for _, tally in last.values():
            tally.sessions += change

    def take_cluster(self, move: ClusterMove) -> None:
        """A cluster was seen again, or is not what it was."""
        before = None if move.before is None else hour_of(move.before)
        after = None if move.after is None else hour_of(move.after)
        # Most are seen many times within an hour.
        if before == after:
            return
        for hour, change in ((before, -1), (after, 1)):
            if hour is not None:
                self._tallies[move.project_id, hour, move.kind].clusters += change

    async def take_removed(self, db: BaseDBAsyncClient, project_id: str, session_ids: Collection[str]) -> None:
        """Sessions are about to be removed; their markers are still there."""
        statement = _OF_SESSIONS_SQLITE if is_sqlite(db) else _OF_SESSIONS_POSTGRES
        for row in await statement.fetch(db, project_id, _session_rows(session_ids)):
            tally = self._tallies[project_id, row["hour"], row["kind"]]
            tally.markers -= row["markers"]
            tally.sessions -= row["sessions"]

    async def write(self, db: BaseDBAsyncClient) -> None:
        """Write it down. The last statement of a transaction, or nearly so."""
        changed = sorted(
            (ref, tally) for ref, tally in self._tallies.items() if tally.markers or tally.sessions or tally.clusters
        )
        if changed:
            await _ADD.run(db, rows(_row(ref, tally) for ref, tally in changed))


def _row(ref: tuple[str, int, str], tally: Tally) -> Row:
    project_id, hour, kind = ref
    return {
        "project_id": project_id,
        "hour": hour,
        "kind": kind,
        "markers": tally.markers,
        "sessions": tally.sessions,
        "clusters": tally.clusters,
        "last_seen": tally.last_seen or _begin(hour),
    }


def _session_rows(session_ids: Iterable[str]) -> str:
    return rows({"session_id": session_id} for session_id in session_ids)


async def count_kinds(
    db: BaseDBAsyncClient,
    sessions: Iterable[SessionFailures],
    clusters: Iterable[ClusterMove],
) -> None:
    """Count a batch of ingest in: one statement, and one more where a marker has changed its kind or its hour.

    Args:
        db: The batch's transaction, which has nothing more to lock after this.
        sessions: For each session its project, its markers before, and its markers now.
        clusters: The clusters that it touched.
    """
    changes = KindChanges()
    for project_id, before, after in sessions:
        changes.take_session(project_id, before, after)
    for move in clusters:
        changes.take_cluster(move)
    await changes.write(db)


@asynccontextmanager
async def clusters_changing(
    db: BaseDBAsyncClient, project_id: str, keys: Collection[str], changes: KindChanges | None = None
) -> AsyncIterator[None]:
    """Count again, at the end of the block, what it does to some clusters, and write it with other changes.

    Args:
        db: A transaction that has locked the project, or these clusters.
        project_id: Whose.
        keys: Of clusters that are there before or after the block.
        changes: What the transaction changes besides.
    """
    changes = changes or KindChanges()
    before = await _places(db, project_id, keys)
    yield
    after = await _places(db, project_id, keys)
    for key, kind in before.keys() | after.keys():
        changes.take_cluster(ClusterMove(project_id, kind, before.get((key, kind)), after.get((key, kind))))
    await changes.write(db)


async def _places(db: BaseDBAsyncClient, project_id: str, keys: Collection[str]) -> dict[tuple[str, str], datetime]:
    found = await _PLACES.fetch(db, project_id, rows({"key": key} for key in sorted(keys)))
    return {(row["key"], row["kind"]): read_time(row["last_seen_at"]) for row in found}


async def forget_hours(db: BaseDBAsyncClient, project_id: str, now: datetime) -> None:
    """Delete the hours that nobody can ask for any more."""
    await _FORGET.run(db, project_id, hour_of(now - _KEPT))
