"""Removing sessions with all that belongs to them, in bounded steps. Objects are marked here and deleted later."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows, transaction
from retrospec.issues.recount import lock_project
from retrospec.issues.removal import forget_sessions, forget_unsupported
from retrospec.jobs.outbox import delete_of_sessions

# Small enough that a step on SQLite, which holds up ingest, takes some tens of milliseconds.
STEP = 200

_EXPIRED = Statement("""
    SELECT session_id FROM sessions WHERE project_id = $1 AND created_at < $2
    ORDER BY session_id LIMIT $3 @lock(FOR UPDATE)
""")

_NAMED = Statement("""
    SELECT session_id FROM sessions
    WHERE project_id = $1 AND session_id IN (SELECT r.id FROM @rows($2: id text))
    ORDER BY session_id @lock(FOR UPDATE)
""")

_OF_SESSIONS = "WHERE project_id = $1 AND session_id IN (SELECT r.id FROM @rows($2: id text))"
_DELETES = tuple(
    Statement(f"DELETE FROM {table} {_OF_SESSIONS}")  # noqa: S608 (names of our own tables)
    for table in ("error_markers", "session_artifacts", "session_report_cards", "sessions")
)
_MARK_OBJECTS = Statement(f"UPDATE stored_objects SET state = 'deleting' {_OF_SESSIONS}")  # noqa: S608

_MARK_STRAYS = Statement("""
    UPDATE stored_objects SET state = 'deleting' WHERE uid IN (
        SELECT o.uid FROM stored_objects o
        WHERE o.project_id = $1 AND o.created_at < $2 AND o.state <> 'deleting' AND NOT EXISTS (
            SELECT 1 FROM sessions s WHERE s.project_id = o.project_id AND s.session_id = o.session_id)
        LIMIT $3)
""")


async def remove_expired(project_id: str, before: datetime) -> tuple[int, int]:
    """Remove up to `STEP` sessions older than a time, in one transaction that ingest into the project waits for.

    Returns:
        How many sessions and how many issues went; no sessions means that none is left.
    """
    async with transaction() as db:
        await lock_project(db, project_id)
        found = [row["session_id"] for row in await _EXPIRED.fetch(db, project_id, before, STEP)]
        return len(found), await _remove(db, project_id, found)


async def remove_session(project_id: str, session_id: str) -> bool:
    """Remove one session and say whether it was there."""
    async with transaction() as db:
        await lock_project(db, project_id)
        found = [row["session_id"] for row in await _NAMED.fetch(db, project_id, rows([{"id": session_id}]))]
        await _remove(db, project_id, found)
    return bool(found)


async def remove_unsupported(project_id: str) -> int:
    """Remove issues that have lost their last failure to other clusters, and say how many."""
    async with transaction() as db:
        return await forget_unsupported(db, project_id)


async def mark_strays(db: BaseDBAsyncClient, project_id: str, before: datetime) -> int:
    """Mark up to `STEP` objects for deletion that are older than a time and whose session never arrived, or is gone."""
    return await _MARK_STRAYS.run(db, project_id, before, STEP)


async def _remove(db: BaseDBAsyncClient, project_id: str, session_ids: Sequence[str]) -> int:
    if not session_ids:
        return 0
    listed = rows({"id": session_id} for session_id in session_ids)
    await _MARK_OBJECTS.run(db, project_id, listed)
    await delete_of_sessions(db, project_id, session_ids)
    issues = await forget_sessions(db, project_id, session_ids)
    for statement in _DELETES:
        await statement.run(db, project_id, listed)
    return issues
