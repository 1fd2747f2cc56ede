"""Removing sessions with all that belongs to them, in bounded steps. Objects are marked here and deleted later."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Row, Statement, read_time, rows, transact, transaction
from retrospec.issues.recount import share_project
from retrospec.issues.removal import count_out, forget_unsupported, leave_clusters
from retrospec.jobs.outbox import delete_of_sessions

# Small enough for a transaction at whose end ingest waits for clusters.
MOST = 800

# Beginning where the step before ended: the index still holds what that one deleted.
_EXPIRED = Statement("""
    SELECT session_id, created_at FROM sessions WHERE project_id = $1 AND created_at < $2 AND created_at >= $3
    ORDER BY created_at LIMIT $4 @lock(FOR UPDATE SKIP LOCKED)
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
# One that is being erased already stays so.
_MARK_OBJECTS = Statement(f"""
    UPDATE stored_objects SET state = 'deleting', created_at = $3 {_OF_SESSIONS} AND state <> 'erasing'
""")  # noqa: S608

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ExpiredSessions:
    """Removes sessions of a project, the oldest first, step by step.

    One that somebody writes to at this moment stays, and so does one that another cleanup has in hand.

    Attributes:
        issues: How many issues went with them.
    """

    def __init__(self, project_id: str, before: datetime) -> None:
        """Begin with the oldest.

        Args:
            project_id: Whose.
            before: They arrived before this.
        """
        self._project_id = project_id
        self._before = before
        self._since = _LONG_AGO
        self.issues = 0

    async def step(self, limit: int) -> int:
        """Remove some in one transaction, and say how many; fewer than the limit are the last."""

        async def work(db: BaseDBAsyncClient) -> tuple[list[Row], int]:
            await share_project(db, self._project_id)
            found = await _EXPIRED.fetch(db, self._project_id, self._before, self._since, limit)
            return found, await _remove(db, self._project_id, [row["session_id"] for row in found])

        found, issues = await transact(work)
        self.issues += issues
        if found:
            self._since = read_time(found[-1]["created_at"])
        return len(found)


async def remove_session(project_id: str, session_id: str) -> bool:
    """Remove one session and say whether it was there."""
    async with transaction() as db:
        await share_project(db, project_id)
        found = [row["session_id"] for row in await _NAMED.fetch(db, project_id, rows([{"id": session_id}]))]
        await _remove(db, project_id, found)
    return bool(found)


async def remove_unsupported(project_id: str) -> int:
    """Remove issues that have lost their last failure to other clusters, and say how many."""
    async with transaction() as db:
        return await forget_unsupported(db, project_id)


async def _remove(db: BaseDBAsyncClient, project_id: str, session_ids: Sequence[str]) -> int:
    if not session_ids:
        return 0
    listed = rows({"id": session_id} for session_id in session_ids)
    await _MARK_OBJECTS.run(db, project_id, listed, now())
    await delete_of_sessions(db, project_id, session_ids)
    leaving = await leave_clusters(db, project_id, session_ids)
    for statement in _DELETES:
        await statement.run(db, project_id, listed)
    return await count_out(db, project_id, leaving)
