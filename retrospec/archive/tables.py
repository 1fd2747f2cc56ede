"""Every table, and how its rows are written so that both databases read them alike."""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from tortoise.models import Model

from retrospec.archive.columns import KINDS, Column
from retrospec.archive.errors import BadArchive
from retrospec.core.db import Row
from retrospec.schema import MODELS

# Which migrations a database has: those of the target are its own.
_LEFT_OUT = "aerich.models"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


class Described(msgspec.Struct, rename="camel"):
    """A table as an archive tells of it.

    Attributes:
        key: Column of the primary key.
        counts_up: The database gives that key by itself.
        columns: The kind of each column, with `?` behind it where it may be null.
    """

    key: str
    counts_up: bool
    columns: dict[str, str]


class Table:
    """One table: its rows to lines of JSON, and back to what a driver takes.

    Attributes:
        name: Its name.
        columns: Its columns, in the order of `read` and `values`.
        key: Column of the primary key.
        counts_up: The database gives that key by itself.
    """

    def __init__(self, name: str, key: str, columns: Sequence[Column], *, counts_up: bool) -> None:
        self.name = name
        self.key = key
        self.counts_up = counts_up
        self.columns = tuple(columns)
        shape = msgspec.defstruct(
            self.name,
            [(one.name, one.kind.written | None if one.nullable else one.kind.written) for one in self.columns],
            forbid_unknown_fields=True,
        )
        self._decoder = msgspec.json.Decoder(shape)
        self._encoder = msgspec.json.Encoder()

    @classmethod
    def of(cls, model: type[Model]) -> "Table":
        """The table of a model."""
        meta = model._meta  # noqa: SLF001 (Tortoise has no other way to a model's columns)
        fields = {column: meta.fields_map[name] for name, column in meta.fields_db_projection.items()}
        columns = [Column.of(column, field) for column, field in fields.items()]
        counts_up = meta.db_pk_column in meta.generated_db_fields
        return cls(meta.db_table, meta.db_pk_column, columns, counts_up=counts_up)

    @classmethod
    def told(cls, name: str, told: Described) -> "Table":
        """The table that an archive tells of.

        Raises:
            BadArchive: There can be no such table.
        """
        try:
            columns = [Column(one, KINDS[kind.rstrip("?")], kind.endswith("?")) for one, kind in told.columns.items()]
        except KeyError as kind:
            raise BadArchive(f"table {name}: there are no values of the kind {kind}") from None
        names = [name, told.key, *told.columns]
        if told.key not in told.columns or not all(_NAME.fullmatch(one) for one in names):
            raise BadArchive(f"table {name}: there can be no such table")
        return cls(name, told.key, columns, counts_up=told.counts_up)

    def description(self) -> Described:
        """What an archive tells of it."""
        columns = {one.name: one.kind.name + "?" * one.nullable for one in self.columns}
        return Described(self.key, self.counts_up, columns)

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


Tables = Mapping[str, Table]


def _models(modules: Sequence[str]) -> Iterator[type[Model]]:
    for name in modules:
        for one in vars(importlib.import_module(name)).values():
            if isinstance(one, type) and issubclass(one, Model) and one.__module__ == name:
                yield one


# Of this version, in the order of `MODELS`, in which they are written and read.
TABLES: Tables = {table.name: table for table in map(Table.of, _models([name for name in MODELS if name != _LEFT_OUT]))}


def described() -> dict[str, Described]:
    """The tables of this version, as an archive tells of them."""
    return {name: table.description() for name, table in TABLES.items()}
