"""`retrospec migrate-data`."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from retrospec.archive.move import Moved, move
from retrospec.cli.group import commands
from retrospec.cli.moving import progress, tell_missing
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, counted, show_json, shown_bytes
from retrospec.cli.restore import Resume
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load_other, shown

app = commands()


class Migrated(msgspec.Struct, rename="camel"):
    """What was copied, null for what stays where it is; and which settings differ from now on, secrets hidden."""

    rows: dict[str, int] | None
    objects: int | None
    bytes: int
    missing: int
    settings: dict[str, str]


@app.command("migrate-data", epilog="Example: `retrospec migrate-data --to production.toml`")
def migrate_data_command(
    to: Annotated[
        Path,
        typer.Option("--to", metavar="FILE", help="What is to be otherwise: TOML, or lines NAME=value."),
    ],
    resume: Resume = False,
    json: Json = False,
) -> None:
    """Copy everything to another database or storage.

    From where the settings in force keep it, to where they would with what FILE says: SQLite or PostgreSQL, a folder
    or S3. The target must be empty. Everything is read back and compared before it counts; what was copied from stays
    as it is, to be removed by you. Stop all servers and workers before.
    """
    settings = settings_for_one_command()
    target = load_other(to)
    with progress() as report:
        moved = run(move(settings, target, report, resume=resume))
    if json:
        told = _differing(settings, target)
        show_json(Migrated(moved.rows, moved.objects, moved.bytes, moved.missing, told))
    else:
        _show(moved, settings, target, to)
    tell_missing(moved.missing_keys, moved.missing)


def _show(moved: Moved, settings: Settings, target: Settings, file: Path) -> None:
    if moved.rows is not None:
        typer.echo(f"{counted(sum(moved.rows.values()), 'row')} copied and compared")
    if moved.objects is not None:
        typer.echo(f"{counted(moved.objects, 'object')} of {shown_bytes(moved.bytes)} copied and compared")
    named = ", ".join(_differing(settings, target))
    typer.echo(f"Now give the servers and workers the settings of {file} ({named}), and start them.")


def _differing(settings: Settings, target: Settings) -> dict[str, str]:
    after = shown(target)
    changed = [name for name in after if getattr(settings, name.lower()) != getattr(target, name.lower())]
    return {name: after[name] for name in changed}
