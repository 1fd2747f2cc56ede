"""Daily budgets that hold across processes and restarts."""

import asyncio
from datetime import timedelta

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement, rows
from retrospec.plugin.budget import DailyBudget

_KEPT = timedelta(days=32)

_TAKE = Statement("""
    INSERT INTO daily_uses (project_id, name, day, used)
    SELECT r.project_id, r.name, r.day, 1 FROM @rows($1: project_id text, name text, day date) WHERE true
    ON CONFLICT (project_id, name, day) DO UPDATE SET used = daily_uses.used + 1 WHERE daily_uses.used < $2
    RETURNING used
""")
_FORGET = Statement("""
    DELETE FROM daily_uses WHERE uid IN (
        SELECT u.uid FROM daily_uses u
        JOIN @rows($1: project_id text, name text, day date)
          ON u.project_id = r.project_id AND u.name = r.name AND u.day < r.day
    )
""")


class ProjectBudget(DailyBudget):
    """Counts in the database. Made on the server's event loop, whichever loop asks it."""

    def __init__(self, database: Database, name: str) -> None:
        """Count under a name.

        Args:
            database: Where.
            name: Of what is limited, e.g. `analysis.http`.
        """
        self._database = database
        self._name = name
        self._home = asyncio.get_running_loop()

    async def take(self, project_id: str, limit: int) -> bool:
        """As in the base class."""
        if limit < 1:
            return False
        # The database's connections belong to the server's loop; a plugin may run in one of its own.
        if asyncio.get_running_loop() is self._home:
            return await self._take(project_id, limit)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._take(project_id, limit), self._home))

    async def _take(self, project_id: str, limit: int) -> bool:
        db, today = self._database.connection, now().date()
        place = {"project_id": project_id, "name": self._name}
        found = await _TAKE.fetch(db, rows([{**place, "day": today.isoformat()}]), limit)
        if found and found[0]["used"] == 1:
            # The first of a day takes along what nobody looks at any more.
            await _FORGET.run(db, rows([{**place, "day": (today - _KEPT).isoformat()}]))
        return bool(found)
