"""Marking the objects whose session never arrived, or went without them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement, read_time, rows, sql_time

# Page by page through all projects, in the order of the index. To find those of one project that can be marked, each
# step would read the same others.
_PAGE = Statement("""
    SELECT uid, created_at FROM stored_objects
    WHERE state = $1 AND created_at >= $2 AND (created_at, uid) > ($2, $3) AND created_at < $4
    ORDER BY created_at, uid LIMIT $5
""")
_MARK = Statement("""
    UPDATE stored_objects SET state = 'deleting', created_at = $1
    WHERE uid IN (SELECT r.uid FROM @rows($2: uid bigint)) AND state IN ('pending', 'ready')
    AND EXISTS (
        SELECT 1 FROM @rows($3: project_id text, before timestamptz)
        WHERE r.project_id = stored_objects.project_id AND stored_objects.created_at < r.before)
    AND NOT EXISTS (
        SELECT 1 FROM sessions s
        WHERE s.project_id = stored_objects.project_id AND s.session_id = stored_objects.session_id)
""")


class Strays:
    """Walks through the objects of one state, the oldest first, step by step."""

    def __init__(self, db: BaseDBAsyncClient, state: str, cutoffs: Mapping[str, datetime]) -> None:
        """Begin with the oldest.

        Args:
            db: The connection.
            state: `pending` or `ready`.
            cutoffs: By project: what is older goes.
        """
        self._db = db
        self._state = state
        self._latest = max(cutoffs.values(), default=datetime(1970, 1, 1, tzinfo=UTC))
        self._cutoffs = rows({"project_id": project, "before": sql_time(before)} for project, before in cutoffs.items())
        self._place = datetime(1970, 1, 1, tzinfo=UTC), 0

    async def step(self, limit: int) -> int:
        """Look at some, mark what goes, and say how many these were; fewer than the limit are the last."""
        page = await _PAGE.fetch(self._db, self._state, *self._place, self._latest, limit)
        if page:
            await _MARK.run(self._db, now(), rows({"uid": row["uid"]} for row in page), self._cutoffs)
            self._place = read_time(page[-1]["created_at"]), page[-1]["uid"]
        return len(page)
