"""`retrospec projects`."""

from typing import Annotated

import typer

from retrospec.cli.group import commands
from retrospec.cli.oneshot import opened, run, settings_for_one_command
from retrospec.cli.output import Json, counted, show_json, show_table, shown_time
from retrospec.core.settings import Settings
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.purge import Purge
from retrospec.metrics.totals import Totals
from retrospec.projects import service
from retrospec.projects.schemas import NewProject, ProjectDeleted, ProjectList, project_view
from retrospec.runtime import Runtime
from retrospec.sessions.models import Session

app = commands("Create, list and delete projects.")

ProjectId = Annotated[str, typer.Argument(help="Id of the project, e.g. proj_…", metavar="PROJECT")]


@app.command(epilog='Example: `retrospec projects create "My shop" shop.example.com`')
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    site: Annotated[str, typer.Argument(metavar="SITE", help="Its host name, e.g. shop.example.com.")],
    label: Annotated[str, typer.Option(help="Label of its API key.")] = "default-key",
    json: Json = False,
) -> None:
    """Make a project and its first two keys, which are shown this once."""
    made = run(_create(settings_for_one_command(), name, site, label))
    if json:
        show_json(made)
        return
    typer.echo(f"project     {made.project.id}")
    typer.echo(f"API key     {made.api_key}   (reads and writes: keep it on servers)")
    typer.echo(f"ingest key  {made.ingest_key}   (only uploads: for web pages)")
    typer.echo("The keys are not shown again.")


@app.command("list")
def list_projects(json: Json = False) -> None:
    """List the projects, newest first."""
    listed = run(_list(settings_for_one_command()))
    if json:
        show_json(listed)
        return
    show_table(
        ("id", "name", "site", "created"),
        [(one.id, one.name, one.site, shown_time(one.created_at)) for one in listed.projects],
    )


@app.command()
def delete(
    project: ProjectId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Delete a project with all its sessions, issues, keys and recordings.

    Its keys end to work within five seconds. Interrupted, the same command goes on.
    """
    settings = settings_for_one_command()
    if not yes:
        typer.confirm(f"Delete {run(_described(settings, project))}?", abort=True, err=True)
    run(_delete(settings, project))
    if json:
        show_json(ProjectDeleted(True, project))
    else:
        typer.echo(f"deleted {project}")


async def _create(settings: Settings, name: str, site: str, label: str) -> NewProject:
    async with opened(settings):
        project, api_key, ingest_key = await service.create_project(name, site, label)
        return NewProject(project_view(project), api_key, ingest_key)


async def _list(settings: Settings) -> ProjectList:
    async with opened(settings):
        return ProjectList([project_view(project) for project in await service.list_projects()])


async def _described(settings: Settings, project_id: str) -> str:
    async with opened(settings):
        if project_id in await service.interrupted_deletions():
            return f"what is left of {project_id}"
        project = await service.get_project(project_id)
        sessions = await Session.filter(project_id=project_id).count()
    return f"{project_id} ({project.name}, {counted(sessions, 'session')})"


async def _delete(settings: Settings, project_id: str) -> None:
    async with Runtime(settings, unhurried=True) as runtime:
        purge = Purge(runtime.database, ObjectSweeper(runtime.database, runtime.storage, runtime.counters))
        await service.delete_project(project_id, purge)
        await Totals(runtime.database, runtime.counters).flush()
