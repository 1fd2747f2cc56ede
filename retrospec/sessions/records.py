"""Sessions and markers as ingest writes them: plain structs, many in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, read_time, rows

SessionRef = tuple[str, str]  # project id, session id


class SessionRecord(msgspec.Struct):
    """A session as it is to be stored."""

    project_id: str
    session_id: str
    site: str
    route: str
    started_at: datetime
    duration_ms: int
    events_object_key: str
    user_hash: str
    release: str
    environment: str
    tags: dict[str, Any]
    jobs_digest: str

    @property
    def ref(self) -> SessionRef:
        """Names the session across projects."""
        return self.project_id, self.session_id


class MarkerRecord(msgspec.Struct):
    """A marker as it is to be stored, or as it is."""

    project_id: str
    session_id: str
    marker_id: str
    cluster_key: str
    kind: str
    label: str
    evidence: str
    hint: str
    replay_offset_ms: int
    observed_at: datetime


class StoredSession(msgspec.Struct):
    """What the database answers to an upsert.

    Attributes:
        revision: How often the session was sent; 1 when this inserted it.
        jobs_digest: Of the jobs queued before this; the sent one when this inserted it.
    """

    revision: int
    started_at: datetime
    created_at: datetime
    events_object_key: str
    user_hash: str
    jobs_digest: str


_UPSERT_SESSIONS = Statement("""
    INSERT INTO sessions (project_id, session_id, site, route, started_at, duration_ms, events_object_key,
                          user_hash, release, environment, tags, revision, jobs_digest, created_at, updated_at)
    SELECT r.project_id, r.session_id, r.site, r.route, r.started_at, r.duration_ms, r.events_object_key,
           r.user_hash, r.release, r.environment, r.tags, 1, r.jobs_digest, $2, $2
    FROM @rows($1: project_id text, session_id text, site text, route text, started_at timestamptz,
               duration_ms bigint, events_object_key text, user_hash text, release text, environment text,
               tags jsonb, jobs_digest text)
    WHERE true
    ON CONFLICT (project_id, session_id) DO UPDATE SET
        site = excluded.site, route = excluded.route, started_at = excluded.started_at,
        duration_ms = excluded.duration_ms,
        events_object_key = CASE WHEN excluded.events_object_key = '' THEN sessions.events_object_key
                                 ELSE excluded.events_object_key END,
        user_hash = CASE WHEN excluded.user_hash = '' THEN sessions.user_hash ELSE excluded.user_hash END,
        release = excluded.release, environment = excluded.environment, tags = excluded.tags,
        revision = sessions.revision + 1, updated_at = excluded.updated_at
    RETURNING project_id, session_id, revision, started_at, created_at, events_object_key, user_hash, jobs_digest
""")

_STARTED = Statement("""
    SELECT s.project_id, s.session_id, s.started_at FROM sessions s
    JOIN @rows($1: project_id text, session_id text) ON s.project_id = r.project_id AND s.session_id = r.session_id
""")

_SITES = Statement("""
    SELECT s.project_id, s.session_id, s.site FROM sessions s
    JOIN @rows($1: project_id text, session_id text) ON s.project_id = r.project_id AND s.session_id = r.session_id
""")

_MARKERS = Statement("""
    SELECT m.project_id, m.session_id, m.marker_id, m.cluster_key, m.kind, m.label, m.evidence, m.hint,
           m.replay_offset_ms, m.observed_at
    FROM error_markers m
    JOIN @rows($1: project_id text, session_id text) ON m.project_id = r.project_id AND m.session_id = r.session_id
""")

_MARKER_ROWS = """
    INSERT INTO error_markers (project_id, session_id, marker_id, cluster_key, kind, label, evidence, hint,
                               replay_offset_ms, observed_at, created_at)
    SELECT r.project_id, r.session_id, r.marker_id, r.cluster_key, r.kind, r.label, r.evidence, r.hint,
           r.replay_offset_ms, r.observed_at, $2
    FROM @rows($1: project_id text, session_id text, marker_id text, cluster_key text, kind text, label text,
               evidence text, hint text, replay_offset_ms bigint, observed_at timestamptz)
    WHERE true
"""
# To be ready for conflicts takes PostgreSQL a quarter of its time for these rows, and those of a new session have none.
_INSERT_MARKERS = Statement(_MARKER_ROWS)
_UPSERT_MARKERS = Statement(f"""{_MARKER_ROWS}
    ON CONFLICT (project_id, session_id, marker_id) DO UPDATE SET
        cluster_key = excluded.cluster_key, kind = excluded.kind, label = excluded.label,
        evidence = excluded.evidence, hint = excluded.hint,
        replay_offset_ms = excluded.replay_offset_ms, observed_at = excluded.observed_at
""")

_SET_DIGESTS = Statement("""
    UPDATE sessions SET jobs_digest = r.jobs_digest
    FROM @rows($1: project_id text, session_id text, jobs_digest text)
    WHERE sessions.project_id = r.project_id AND sessions.session_id = r.session_id
""")


def _refs(refs: Sequence[SessionRef]) -> str:
    return rows({"project_id": project, "session_id": session} for project, session in refs)


async def upsert_sessions(
    db: BaseDBAsyncClient, records: Sequence[SessionRecord], now: datetime
) -> dict[SessionRef, StoredSession]:
    """Insert or replace sessions. Locks them until the transaction ends, in the order of their ids.

    An empty recording key or user keeps the one that is there: a later flush without them takes nothing away.
    """
    sent = {record.ref: record for record in sorted(records, key=lambda record: record.ref)}
    stored = {}
    for row in await _UPSERT_SESSIONS.fetch(db, rows(sent.values()), now):
        ref = row["project_id"], row["session_id"]
        stored[ref] = _inserted(sent[ref], now) if row["revision"] == 1 else _updated(row)
    return stored


def _inserted(record: SessionRecord, now: datetime) -> StoredSession:
    return StoredSession(1, record.started_at, now, record.events_object_key, record.user_hash, record.jobs_digest)


def _updated(row: Row) -> StoredSession:
    return StoredSession(
        row["revision"],
        read_time(row["started_at"]),
        read_time(row["created_at"]),
        row["events_object_key"],
        row["user_hash"],
        row["jobs_digest"],
    )


async def started_times(db: BaseDBAsyncClient, refs: Sequence[SessionRef]) -> dict[SessionRef, datetime]:
    """When sessions that are known already began."""
    found = await _STARTED.fetch(db, _refs(refs)) if refs else []
    return {(row["project_id"], row["session_id"]): read_time(row["started_at"]) for row in found}


async def sites_of_sessions(db: BaseDBAsyncClient, refs: Sequence[SessionRef]) -> dict[SessionRef, str]:
    """Where sessions were, those that are there. One statement."""
    found = await _SITES.fetch(db, _refs(refs)) if refs else []
    return {(row["project_id"], row["session_id"]): row["site"] for row in found}


async def markers_of_sessions(
    db: BaseDBAsyncClient, refs: Sequence[SessionRef]
) -> dict[SessionRef, dict[str, MarkerRecord]]:
    """The stored markers of sessions, by their ids."""
    found: dict[SessionRef, dict[str, MarkerRecord]] = {ref: {} for ref in refs}
    for row in await _MARKERS.fetch(db, _refs(refs)) if refs else []:
        record = _marker(row)
        found[record.project_id, record.session_id][record.marker_id] = record
    return found


def _marker(row: Row) -> MarkerRecord:
    return MarkerRecord(**{**row, "observed_at": read_time(row["observed_at"])})


async def insert_markers(db: BaseDBAsyncClient, records: Sequence[MarkerRecord], now: datetime) -> None:
    """Insert the markers of sessions that this transaction has inserted."""
    if records:
        await _INSERT_MARKERS.run(db, rows(records), now)


async def upsert_markers(db: BaseDBAsyncClient, records: Sequence[MarkerRecord], now: datetime) -> None:
    """Insert or replace markers."""
    if records:
        await _UPSERT_MARKERS.run(db, rows(records), now)


async def set_jobs_digests(db: BaseDBAsyncClient, digests: dict[SessionRef, str]) -> None:
    """Remember which jobs were queued last for sessions."""
    if digests:
        changes = [
            {"project_id": ref[0], "session_id": ref[1], "jobs_digest": digest} for ref, digest in digests.items()
        ]
        await _SET_DIGESTS.run(db, rows(changes))
