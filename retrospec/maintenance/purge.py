"""Removing a whole project: its rows and objects, step by step, from wherever an earlier attempt stopped."""

from functools import partial

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement
from retrospec.core.errors import Unavailable
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.pace import in_steps
from retrospec.maintenance.removal import MOST, ExpiredSessions
from retrospec.sessions.models import Session, StoredObject

# What is left when the sessions are gone.
_LEFT = ("cluster_members", "cluster_users", "cluster_days", "cluster_aliases", "kind_hours", "issue_activities",
         "issue_clusters", "alert_deliveries", "alert_storms", "alert_sinks", "daily_uses",
         "clustering_rules", "clustering_moves", "jobs")  # fmt: skip
_DELETES = (
    # Found by their delivery or sink, so before these.
    Statement("""
        DELETE FROM alert_attempts WHERE uid IN (
            SELECT a.uid FROM alert_deliveries d JOIN alert_attempts a ON a.delivery_id = d.id
            WHERE d.project_id = $1 LIMIT $2)
    """),
    Statement("""
        DELETE FROM alert_sink_states WHERE sink IN (
            SELECT t.sink FROM alert_sinks s JOIN alert_sink_states t ON t.sink = s.id WHERE s.project_id = $1 LIMIT $2)
    """),
    *(
        Statement(
            f"DELETE FROM {table} WHERE uid IN (SELECT uid FROM {table} WHERE project_id = $1 LIMIT $2)"  # noqa: S608
        )
        for table in _LEFT
    ),
)
_MARK = Statement("""
    UPDATE stored_objects SET state = 'deleting', created_at = $2 WHERE uid IN (
        SELECT uid FROM stored_objects WHERE project_id = $1 AND state IN ('pending', 'ready') LIMIT $3)
""")


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
        # Again, where a cleanup that began before has some of them in hand.
        while await Session.exists(project_id=project_id):
            await in_steps(self._database, ExpiredSessions(project_id, now()).step, most=MOST)
        db = self._database.connection
        for statement in _DELETES:
            await in_steps(self._database, partial(statement.run, db, project_id))
        await in_steps(self._database, lambda limit: _MARK.run(db, project_id, now(), limit))
        await self._sweeper.sweep(project_id)
        if left := await StoredObject.filter(project_id=project_id).count():
            raise Unavailable(f"{left} objects of the project could not be deleted; try again")
