"""Removing what is older than its project keeps."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from retrospec.alerts.forgetting import forget_deliveries, forget_storms
from retrospec.core.clock import ago, now
from retrospec.core.counters import Counters
from retrospec.core.db import Database, Statement
from retrospec.core.settings import Settings
from retrospec.issues.kinds import forget_hours
from retrospec.jobs.outbox import prune
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.pace import in_steps
from retrospec.maintenance.removal import MOST, ExpiredSessions, remove_unsupported
from retrospec.maintenance.strays import Strays
from retrospec.projects.models import Project

_COUNT = Statement("""
    SELECT (SELECT count(*) FROM sessions WHERE project_id = $1 AND created_at < $2) AS sessions,
           (SELECT count(*) FROM error_markers m JOIN sessions s
                ON s.project_id = m.project_id AND s.session_id = m.session_id
            WHERE s.project_id = $1 AND s.created_at < $2) AS markers,
           count(*) AS objects, CAST(coalesce(sum(size_bytes), 0) AS bigint) AS bytes
    FROM stored_objects WHERE project_id = $1 AND (created_at < $2 OR state IN ('deleting', 'erasing'))
""")


class CleanupResult(msgspec.Struct, rename="camel"):
    """What a cleanup removed."""

    deleted_sessions: int = 0
    deleted_issue_clusters: int = 0
    deleted_event_objects: int = 0
    deleted_artifact_objects: int = 0
    failed_event_object_delete: int = 0
    failed_artifact_object_delete: int = 0
    retention_days: int = 0


class CleanupPlan(msgspec.Struct, rename="camel"):
    """What a cleanup would remove."""

    project_id: str
    retention_days: int
    sessions: int
    markers: int
    objects: int
    bytes: int


class Cleanup:
    """Applies retention, in steps that never hold a long transaction."""

    def __init__(self, settings: Settings, database: Database, sweeper: ObjectSweeper, counters: Counters) -> None:
        self._days = settings.session_retention_days
        self._keep_jobs = timedelta(hours=settings.job_keep_hours)
        # For a look back, and for as long as a cooldown may ask for them.
        self._keep_alerts = max(
            timedelta(days=settings.alert_keep_days), timedelta(minutes=settings.alert_cooldown_minutes)
        )
        self._database = database
        self._sweeper = sweeper
        self._counters = counters

    async def run(self, project_id: str) -> CleanupResult:
        """Clean up one project, and what belongs to none."""
        return (await self._run([project_id]))[project_id]

    async def run_all(self) -> dict[str, CleanupResult]:
        """Clean up every project, and what belongs to none; by project id."""
        return await self._run([project.id for project in await Project.all().order_by("id")])

    async def _run(self, project_ids: Sequence[str]) -> dict[str, CleanupResult]:
        days = {project_id: await self._retention_days(project_id) for project_id in project_ids}
        cutoffs = {project_id: ago(days=days[project_id]) for project_id in project_ids}
        results = {project_id: CleanupResult(retention_days=days[project_id]) for project_id in project_ids}
        for project_id, result in results.items():
            await self._remove_sessions(project_id, cutoffs[project_id], result)
        await self._mark_strays(cutoffs)
        for project_id, result in results.items():
            await self._delete_objects(project_id, result)
        await self._sweeper.sweep_unowned()
        await self.forget_jobs()
        await self.forget_alerts()
        return results

    async def _remove_sessions(self, project_id: str, before: datetime, result: CleanupResult) -> None:
        removal = ExpiredSessions(project_id, before)
        result.deleted_sessions = await in_steps(self._database, removal.step, most=MOST)
        result.deleted_issue_clusters = removal.issues + await remove_unsupported(project_id)
        await forget_hours(self._database.connection, project_id, now())

    async def _mark_strays(self, cutoffs: Mapping[str, datetime]) -> None:
        for state in ("pending", "ready"):
            strays = Strays(self._database.connection, state, cutoffs)
            await in_steps(self._database, strays.step)

    async def _delete_objects(self, project_id: str, result: CleanupResult) -> None:
        swept = await self._sweeper.sweep(project_id)
        result.deleted_event_objects = swept.deleted["events"]
        result.deleted_artifact_objects = swept.deleted["artifact"]
        result.failed_event_object_delete = swept.failed["events"]
        result.failed_artifact_object_delete = swept.failed["artifact"]
        self._counters.add("retrospec_cleanup_runs_total")

    async def forget_jobs(self) -> None:
        """Delete the rows of jobs that were done long ago."""
        before, db = now() - self._keep_jobs, self._database.connection
        await in_steps(self._database, lambda limit: prune(db, before, limit=limit))

    async def forget_alerts(self) -> None:
        """Delete the log of alerts that were delivered, given up or held back long ago."""
        before, db = now() - self._keep_alerts, self._database.connection
        await in_steps(self._database, lambda limit: forget_deliveries(before, limit))
        await in_steps(self._database, lambda limit: forget_storms(db, before, limit))

    async def plan(self, project_id: str) -> CleanupPlan:
        """Count what a cleanup of a project would remove now."""
        days = await self._retention_days(project_id)
        (counted,) = await _COUNT.fetch(self._database.connection, project_id, ago(days=days))
        return CleanupPlan(project_id=project_id, retention_days=days, **counted)

    async def _retention_days(self, project_id: str) -> int:
        project = await Project.get_or_none(id=project_id)
        return project.retention_days if project and project.retention_days else self._days
