"""How commands show what they found: as a table for people, or as JSON for programs."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wide enough that nothing is folded in what another program reads.
_UNLIMITED = 2000

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


def show_json(value: Any) -> None:
    """Print a value as the API would give it, indented."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their columns' names."""
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # As Text: what users have named must not be read as markup.
        table.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else _UNLIMITED).print(table)


def shown_time(time: datetime | None) -> str:
    """A time to the second, in UTC; empty for none."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ") if time else ""


def counted(number: int, thing: str) -> str:
    """A number of things: `1 session`, `2 sessions`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def shown_bytes(size: int) -> str:
    """A size that people can read."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TiB"
