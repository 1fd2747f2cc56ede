"""`retrospec restore`."""

from pathlib import Path
from typing import Annotated

import typer

from retrospec.archive.check import check
from retrospec.archive.restore import restore
from retrospec.cli.backup import described, summed_up
from retrospec.cli.group import commands
from retrospec.cli.moving import progress
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, show_json

app = commands()

Resume = Annotated[
    bool, typer.Option("--resume", help="Go on after it broke off: objects that are there and the same stay.")
]


@app.command("restore", epilog="Example: `retrospec restore backup.tar.gz`")
def restore_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `retrospec backup` has made.")],
    only_check: Annotated[bool, typer.Option("--check", help="Only check the file; nothing is written.")] = False,
    resume: Resume = False,
    json: Json = False,
) -> None:
    """Bring a backup back, into an empty target.

    That is the database and the storage that the settings name. The whole file is checked before anything is
    written. Objects are written first and all rows in one transaction after them, so that a restore that breaks off
    leaves the database empty. Start no server before it has ended.
    """
    settings = settings_for_one_command()
    with progress() as report:
        manifest = check(file, report) if only_check else run(restore(settings, file, report, resume=resume))
    if json:
        show_json(described(file, manifest))
    else:
        typer.echo(f"{file}: {summed_up(manifest)}, {'all as they were written' if only_check else 'restored'}")
