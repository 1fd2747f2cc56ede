"""`retrospec keys`: the API keys of a project."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from retrospec.cli.group import commands
from retrospec.cli.oneshot import opened, run, settings_for_one_command
from retrospec.cli.output import Json, show_json, show_table, shown_time
from retrospec.core.errors import NotFound
from retrospec.core.settings import Settings
from retrospec.projects import service
from retrospec.projects.keys import Scope
from retrospec.projects.models import DEFAULT_PROJECT_ID, ProjectApiKey
from retrospec.projects.schemas import KeyList, KeyView, NewKey, key_view

app = commands("Create, list and revoke a project's API keys.")

Project = Annotated[str, typer.Option("--project", "-p", metavar="PROJECT", help="Id of the project.")]


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time like 2027-01-31 or 2027-01-31T12:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


@app.command(epilog="Example: `retrospec keys create --project proj_… --scope ingest --label web`")
def create(
    project: Project = DEFAULT_PROJECT_ID,
    label: Annotated[str, typer.Option(help="What people call it.")] = "project-key",
    scope: Annotated[
        Scope, typer.Option(help="full reads and writes; ingest only uploads (for web pages); read only reads.")
    ] = "full",
    expires_at: Annotated[
        datetime | None,
        typer.Option(
            parser=_time, metavar="TIME", help="When it ends to work, UTC if it names no zone.", show_default="never"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a key, which is shown this once."""
    made = run(_create(settings_for_one_command(), project, label, scope, expires_at))
    if json:
        show_json(made)
        return
    typer.echo(f"key      {made.api_key_id}   ({made.scope}, of {made.project_id})")
    typer.echo(f"API key  {made.api_key}")
    typer.echo("It is not shown again.")


@app.command("list")
def list_keys(project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """List the keys of a project, newest first. What opens anything is not shown."""
    listed = run(_list(settings_for_one_command(), project))
    if json:
        show_json(listed)
        return
    columns = ("id", "label", "scope", "status", "created", "last used", "expires")
    show_table(columns, [_row(key) for key in listed.keys])


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key, as `retrospec keys list` shows it.")],
    json: Json = False,
) -> None:
    """End a key for good. It works nowhere any more after five seconds."""
    revoked = run(_revoke(settings_for_one_command(), key))
    if json:
        show_json({"key": revoked})
    else:
        typer.echo(f"revoked {revoked.id} ({revoked.label}) of {revoked.project_id}")


def _row(key: KeyView) -> tuple[str, ...]:
    times = (shown_time(key.created_at), shown_time(key.last_used_at), shown_time(key.expires_at))
    return (key.id, key.label, key.scope, key.status, *times)


async def _create(settings: Settings, project: str, label: str, scope: Scope, expires_at: datetime | None) -> NewKey:
    async with opened(settings):
        key, raw = await service.create_key(project, label, scope, expires_at)
    return NewKey(key.id, key.project_id, key.label, key.scope, raw, key.expires_at)


async def _list(settings: Settings, project: str) -> KeyList:
    async with opened(settings):
        return KeyList([key_view(key) for key in await service.list_keys(project)])


async def _revoke(settings: Settings, key_id: str) -> KeyView:
    async with opened(settings):
        key = await ProjectApiKey.get_or_none(id=key_id)
        if key is None:
            raise NotFound(f"there is no key {key_id}: `retrospec keys list` shows those of a project")
        return key_view(await service.revoke_key(key.project_id, key_id))
