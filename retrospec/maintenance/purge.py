"""Removing a whole project: its rows and objects, step by step, from wherever an earlier attempt stopped."""

import asyncio

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement
from retrospec.core.errors import Unavailable
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.removal import STEP, remove_expired
from retrospec.sessions.models import StoredObject

_STEP = 5000
# What is left when the sessions are gone.
_LEFT = ("cluster_members", "cluster_users", "cluster_days", "cluster_aliases", "kind_hours", "issue_activities",
         "issue_clusters", "alert_deliveries", "jobs")  # fmt: skip
_DELETES = tuple(
    Statement(
        f"DELETE FROM {table} WHERE uid IN (SELECT uid FROM {table} WHERE project_id = $1 LIMIT $2)"  # noqa: S608
    )
    for table in _LEFT
)


class Purge:
    """Removes what belongs to projects that are being deleted."""

    def __init__(self, database: Database, sweeper: ObjectSweeper) -> None:
        self._database = database
        self._sweeper = sweeper

    async def purge(self, project_id: str) -> None:
        """Remove everything of a project but its keys and its own row.

        Raises:
            Unavailable: Some objects could not be deleted; the same call goes on later.
        """
        while (await remove_expired(project_id, now()))[0] == STEP:
            await asyncio.sleep(0)
        db = self._database.connection
        for statement in _DELETES:
            while await statement.run(db, project_id, _STEP) == _STEP:
                await asyncio.sleep(0)
        await StoredObject.filter(project_id=project_id).update(state="deleting")
        swept = await self._sweeper.sweep(project_id)
        if left := sum(swept.failed.values()):
            raise Unavailable(f"{left} objects of the project could not be deleted; try again")
