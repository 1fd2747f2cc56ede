"""Removing what is older than its project keeps."""

import asyncio
from datetime import datetime, timedelta

import msgspec
from tortoise.expressions import Subquery

from retrospec.alerts.models import AlertDelivery
from retrospec.core.clock import ago, now
from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.core.settings import Settings
from retrospec.issues.kinds import forget_hours
from retrospec.jobs.outbox import prune
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.removal import STEP, mark_strays, remove_expired, remove_unsupported
from retrospec.projects.models import Project
from retrospec.sessions.models import ErrorMarker, Session, StoredObject

# Rows of alerts stay for a look back, and for as long as a cooldown may ask for them.
_DELIVERIES_KEPT = timedelta(days=30)


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
        self._keep_alerts = max(_DELIVERIES_KEPT, timedelta(minutes=settings.alert_cooldown_minutes))
        self._database = database
        self._sweeper = sweeper
        self._counters = counters

    async def run(self, project_id: str) -> CleanupResult:
        """Clean up one project."""
        days, before = await self._cutoff(project_id)
        result = CleanupResult(retention_days=days)
        while True:
            sessions, issues = await remove_expired(project_id, before)
            result.deleted_sessions += sessions
            result.deleted_issue_clusters += issues
            if sessions < STEP:
                break
            # Ingest waits for the same lock on SQLite: let it in between.
            await asyncio.sleep(0)
        result.deleted_issue_clusters += await remove_unsupported(project_id)
        await forget_hours(self._database.connection, project_id, now())
        while await mark_strays(self._database.connection, project_id, before) == STEP:
            await asyncio.sleep(0)
        swept = await self._sweeper.sweep(project_id)
        result.deleted_event_objects = swept.deleted["events"]
        result.deleted_artifact_objects = swept.deleted["artifact"]
        result.failed_event_object_delete = swept.failed["events"]
        result.failed_artifact_object_delete = swept.failed["artifact"]
        self._counters.add("retrospec_cleanup_runs_total")
        return result

    async def run_all(self) -> dict[str, CleanupResult]:
        """Clean up every project, and what belongs to none; by project id."""
        results = {project.id: await self.run(project.id) for project in await Project.all().order_by("id")}
        await prune(self._database.connection, now() - self._keep_jobs)
        await AlertDelivery.filter(status__not="pending", created_at__lt=now() - self._keep_alerts).delete()
        return results

    async def plan(self, project_id: str) -> CleanupPlan:
        """Count what a cleanup of a project would remove now."""
        days, before = await self._cutoff(project_id)
        expired = Session.filter(project_id=project_id, created_at__lt=before)
        ids = Subquery(expired.values("session_id"))
        old = StoredObject.filter(project_id=project_id, created_at__lt=before)
        objects = await old.values_list("size_bytes", flat=True)
        return CleanupPlan(
            project_id=project_id,
            retention_days=days,
            sessions=await expired.count(),
            markers=await ErrorMarker.filter(project_id=project_id, session_id__in=ids).count(),
            objects=len(objects),
            bytes=sum(int(str(size)) for size in objects),
        )

    async def _cutoff(self, project_id: str) -> tuple[int, datetime]:
        project = await Project.get_or_none(id=project_id)
        days = project.retention_days if project and project.retention_days else self._days
        return days, ago(days=days)
