"""`retrospec cleanup`."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from retrospec.cli.group import commands
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, counted, show_json, show_table, shown_bytes
from retrospec.core.settings import Settings
from retrospec.maintenance.cleanup import Cleanup, CleanupPlan, CleanupResult
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.purge import Purge
from retrospec.metrics.totals import Totals
from retrospec.projects import service
from retrospec.projects.models import Project
from retrospec.runtime import Runtime

app = commands()


class Cleaned(msgspec.Struct, rename="camel"):
    """What a cleanup removes from a project: what is planned, or what went."""

    project_id: str
    retention_days: int
    sessions: int
    markers: int
    issues: int
    objects: int
    bytes: int
    failed_objects: int


@app.command("cleanup")
def cleanup_command(
    project: Annotated[
        str | None, typer.Option("--project", "-p", metavar="PROJECT", help="Only this one.", show_default="all")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    json: Json = False,
) -> None:
    """Remove what is older than its project keeps.

    Sessions, the issues that only they supported, and recordings. A project keeps SESSION_RETENTION_DAYS, or what it
    says itself. Runs in small steps beside running servers. What cannot be deleted is tried again by the next run,
    and this one exits with 1.
    """
    settings = settings_for_one_command()
    cleaned = run(_plan(settings, project) if dry_run else _clean(settings, project))
    failed = sum(one.failed_objects for one in cleaned)
    if json:
        show_json({"dryRun": dry_run, "projects": cleaned})
    else:
        _show(cleaned, dry_run)
    if failed:
        typer.secho(f"error: {counted(failed, 'object')} could not be deleted: run it again later", err=True)
        raise typer.Exit(1)


def _show(cleaned: Sequence[Cleaned], dry_run: bool) -> None:
    columns = ("project", "keeps", "sessions", "markers", *(() if dry_run else ("issues",)), "objects", "size")
    show_table(columns, [_row(one, dry_run) for one in cleaned])
    rows = sum(one.sessions + one.markers + one.issues + one.objects for one in cleaned)
    size = shown_bytes(sum(one.bytes for one in cleaned))
    typer.echo(f"{counted(rows, 'row')} and {size} {'would go' if dry_run else 'are gone'}")


def _row(one: Cleaned, dry_run: bool) -> tuple[str, ...]:
    issues = () if dry_run else (str(one.issues),)
    keeps = counted(one.retention_days, "day")
    return (
        one.project_id,
        keeps,
        str(one.sessions),
        str(one.markers),
        *issues,
        str(one.objects),
        shown_bytes(one.bytes),
    )


async def _plan(settings: Settings, project: str | None) -> list[Cleaned]:
    async with Runtime(settings, unhurried=True) as runtime:
        cleanup = _cleanup(runtime)
        plans = [await cleanup.plan(one) for one in await _projects(project)]
    return [Cleaned(p.project_id, p.retention_days, p.sessions, p.markers, 0, p.objects, p.bytes, 0) for p in plans]


async def _clean(settings: Settings, project: str | None) -> list[Cleaned]:
    async with Runtime(settings, unhurried=True) as runtime:
        cleanup = _cleanup(runtime)
        before = [await cleanup.plan(one) for one in await _projects(project)]
        results = {project: await cleanup.run(project)} if project else await cleanup.run_all()
        cleaned = [_went(plan, await cleanup.plan(plan.project_id), results[plan.project_id]) for plan in before]
        if project is None:
            await _finish_deletions(runtime)
        await Totals(runtime.database, runtime.counters).flush()
    return cleaned


def _went(before: CleanupPlan, after: CleanupPlan, result: CleanupResult) -> Cleaned:
    return Cleaned(
        project_id=before.project_id,
        retention_days=result.retention_days,
        sessions=result.deleted_sessions,
        # Those that stay are of objects that could not be deleted.
        markers=max(0, before.markers - after.markers),
        issues=result.deleted_issue_clusters,
        objects=result.deleted_event_objects + result.deleted_artifact_objects,
        bytes=max(0, before.bytes - after.bytes),
        failed_objects=result.failed_event_object_delete + result.failed_artifact_object_delete,
    )


async def _projects(project: str | None) -> list[str]:
    if project is not None:
        return [(await service.get_project(project)).id]
    return [one.id for one in await Project.all().order_by("id")]


async def _finish_deletions(runtime: Runtime) -> None:
    purge = Purge(runtime.database, ObjectSweeper(runtime.database, runtime.storage, runtime.counters))
    for project_id in await service.interrupted_deletions():
        await service.delete_project(project_id, purge)


def _cleanup(runtime: Runtime) -> Cleanup:
    sweeper = ObjectSweeper(runtime.database, runtime.storage, runtime.counters)
    return Cleanup(runtime.settings, runtime.database, sweeper, runtime.counters)
