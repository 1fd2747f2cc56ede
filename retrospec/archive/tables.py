"""Every table, and how its rows are written so that both databases read them alike."""

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from tortoise.models import Model

from retrospec.archive.columns import Column
from retrospec.archive.errors import BadArchive
from retrospec.core.db import Row
from retrospec.schema import MODELS

# Which migrations a database has: those of the target are its own.
_LEFT_OUT = "aerich.models"


class Table:
    """One table: its rows to lines of JSON, and back to what a driver takes.

    Attributes:
        name: Its name.
        columns: Its columns, in the order of `read` and `values`.
        key: Column of the primary key.
        counts_up: The database gives that key by itself.
    """

    def __init__(self, model: type[Model]) -> None:
        meta = model._meta  # noqa: SLF001 (Tortoise has no other way to a model's columns)
        self.name = meta.db_table
        self.key = meta.db_pk_column
        self.counts_up = self.key in meta.generated_db_fields
        fields = {column: meta.fields_map[name] for name, column in meta.fields_db_projection.items()}
        self.columns = tuple(Column.of(column, field) for column, field in fields.items())
        shape = msgspec.defstruct(
            self.name,
            [(one.name, one.kind.written | None if one.nullable else one.kind.written) for one in self.columns],
            forbid_unknown_fields=True,
        )
        self._decoder = msgspec.json.Decoder(shape)
        self._encoder = msgspec.json.Encoder()

    def select(self, limit: int, after: str = "") -> str:
        """The statement that reads rows in the order of their key.

        Args:
            limit: How many at the most.
            after: Placeholder of the key that they come after; empty for the first.
        """
        names = ", ".join(f'"{one.name}"' for one in self.columns)
        beyond = f'WHERE "{self.key}" > {after} ' if after else ""
        return f'SELECT {names} FROM "{self.name}" {beyond}ORDER BY "{self.key}" LIMIT {limit}'  # noqa: S608

    def insert(self, placeholder: str) -> str:
        """The statement that writes a row, with placeholders `?1` or `$1`."""
        names = ", ".join(f'"{one.name}"' for one in self.columns)
        places = ", ".join(f"{placeholder}{number}" for number in range(1, len(self.columns) + 1))
        return f'INSERT INTO "{self.name}" ({names}) VALUES ({places})'  # noqa: S608

    def encode(self, rows: Iterable[Row]) -> bytes:
        """Write rows as lines."""
        return self._encoder.encode_lines(
            [
                {one.name: None if row[one.name] is None else one.kind.read(row[one.name]) for one in self.columns}
                for row in rows
            ]
        )

    def decode(self, lines: bytes) -> list[Any]:
        """Read lines.

        Raises:
            BadArchive: They are no rows of this table.
        """
        try:
            rows: list[Any] = self._decoder.decode_lines(lines)
        except msgspec.MsgspecError as cause:
            raise BadArchive(f"table {self.name}: a row cannot be read: {cause}") from cause
        return rows

    def values(self, rows: Iterable[Any], *, sqlite: bool) -> Iterator[tuple[Any, ...]]:
        """What `insert` takes, row by row."""
        makers = [(one.name, one.kind.sqlite if sqlite else one.kind.postgres) for one in self.columns]
        for row in rows:
            found = ((getattr(row, name), make) for name, make in makers)
            yield tuple(None if value is None else make(value) for value, make in found)


def _models(modules: Sequence[str]) -> Iterator[type[Model]]:
    for name in modules:
        for one in vars(importlib.import_module(name)).values():
            if isinstance(one, type) and issubclass(one, Model) and one.__module__ == name:
                yield one


# In the order of `MODELS`, which is the order in which they are written and read.
TABLES: Mapping[str, Table] = {
    table.name: table for table in map(Table, _models([name for name in MODELS if name != _LEFT_OUT]))
}
