"""`retrospec db`: the schema of the database."""

from pathlib import Path
from typing import Annotated

import typer

from retrospec.cli.group import commands
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, show_json
from retrospec.core.migrations import Migrations, history
from retrospec.core.settings import Settings
from retrospec.schema import MODELS

app = commands("Upgrade, downgrade and look at the database's schema.")

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
From = Annotated[
    int | None,
    typer.Option("--from", min=0, help="Undo the migration of this number and all after it.", show_default="the last"),
]


@app.command()
def upgrade(json: Json = False) -> None:
    """Bring the schema to this version.

    Safe while servers run, those of the version before too. On the embedded default the server does it by itself.
    """
    applied = run(_upgrade(settings_for_one_command()))
    if json:
        show_json({"applied": applied})
    elif applied:
        typer.echo("\n".join(f"applied {name}" for name in applied))
    else:
        typer.echo("the schema is up to date")


@app.command()
def downgrade(since: From = None, yes: Yes = False, json: Json = False) -> None:
    """Undo migrations, with the data in what they had added. Stop all servers before.

    Without --from, only the last one.
    """
    settings = settings_for_one_command()
    if not yes:
        typer.confirm("This drops data. Go on?", abort=True, err=True)
    undone = run(_downgrade(settings, -1 if since is None else since))
    if json:
        show_json({"undone": undone})
    else:
        typer.echo("\n".join(f"undone {name}" for name in undone) or "there is nothing to undo")


@app.command()
def status(json: Json = False) -> None:
    """List the migrations: which are applied, and which are missing."""
    applied, missing = run(_status(settings_for_one_command()))
    if json:
        show_json({"applied": applied, "missing": missing})
        return
    typer.echo("\n".join([f"applied  {name}" for name in applied] + [f"missing  {name}" for name in missing]))
    if missing:
        typer.echo("run `retrospec db upgrade`")


async def _upgrade(settings: Settings) -> list[str]:
    if file := _sqlite_file(settings):
        file.parent.mkdir(parents=True, exist_ok=True)
    return await Migrations(settings.database, MODELS, **settings.database_options).upgrade()


async def _downgrade(settings: Settings, version: int) -> list[str]:
    applied, _ = await _status(settings)
    numbers = [int(name.split("_")[0]) for name in applied]
    if not numbers or version > numbers[-1]:
        return []
    return await Migrations(settings.database, MODELS, **settings.database_options).downgrade(version)


async def _status(settings: Settings) -> tuple[list[str], list[str]]:
    file = _sqlite_file(settings)
    if file and not file.exists():
        # Looking must not make the file.
        return [], history()
    return await Migrations(settings.database, MODELS, **settings.database_options).status()


def _sqlite_file(settings: Settings) -> Path | None:
    return Path(settings.database.removeprefix("sqlite://")) if settings.on_sqlite else None
