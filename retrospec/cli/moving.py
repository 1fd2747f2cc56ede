"""What `backup`, `restore` and `migrate-data` show of their work."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from retrospec.archive.progress import Report
from retrospec.cli.output import counted

_APART_S = 0.1


@contextmanager
def progress() -> Iterator[Report]:
    """Show how far the work is, on standard error, where somebody looks at it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bars:
        shown: dict[str, TaskID] = {}
        due = 0.0

        def report(step: str, done: int, total: int | None) -> None:
            nonlocal due
            if step in shown and done != total and time.monotonic() < due:
                return
            due = time.monotonic() + _APART_S
            if step not in shown:
                shown[step] = bars.add_task(step, total=total)
            bars.update(shown[step], completed=done, total=total)

        yield report


def tell_missing(keys: list[str], count: int) -> None:
    """Warn of objects that the database names and the storage does not have."""
    if not count:
        return
    typer.secho(f"warning: {counted(count, 'object')} not in the storage, but named by the database:", err=True)
    for key in keys:
        typer.secho(f"  {key}", err=True)
    if count > len(keys):
        typer.secho("  …", err=True)
