"""`retrospec backup`."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from retrospec.archive.backup import back_up
from retrospec.archive.layout import Manifest
from retrospec.cli.group import commands
from retrospec.cli.moving import progress, tell_missing
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, counted, show_json, shown_bytes

app = commands()


class Archive(msgspec.Struct, rename="camel"):
    """What an archive holds."""

    file: str
    retrospec: str
    schema: str
    created_at: str
    rows: dict[str, int]
    objects: int
    bytes: int
    missing: int


def described(file: Path, manifest: Manifest) -> Archive:
    """An archive as `--json` shows it."""
    head = manifest.header
    return Archive(
        file=str(file),
        retrospec=head.retrospec,
        schema=head.schema,
        created_at=head.created_at.isoformat(),
        rows=manifest.rows,
        objects=manifest.objects,
        bytes=manifest.bytes,
        missing=manifest.missing,
    )


def summed_up(manifest: Manifest) -> str:
    """An archive in a few words."""
    rows = counted(sum(manifest.rows.values()), "row")
    return f"{rows} and {counted(manifest.objects, 'object')} of {shown_bytes(manifest.bytes)}"


@app.command("backup", epilog='Example: `retrospec backup "backup-$(date +%F).tar.gz"`')
def backup_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to be made, e.g. backup.tar.gz.")],
    json: Json = False,
) -> None:
    """Write everything into one file, while servers run.

    That is the database and all objects. The rows are those of one moment, and the objects those that they name.
    Whatever database and storage it comes from, `retrospec restore` brings it back into any other. **The file holds
    the hashes of keys and the server's own secrets**: guard it like the database. It is written with mode 600.
    """
    settings = settings_for_one_command()
    with progress() as report:
        manifest, missed = run(back_up(settings, file, report))
    if json:
        show_json(described(file, manifest))
    else:
        typer.echo(f"{file}: {summed_up(manifest)}, in {shown_bytes(file.stat().st_size)}")
    tell_missing(missed, manifest.missing)
