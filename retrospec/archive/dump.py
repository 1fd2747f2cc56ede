"""Out of a database: its rows, and which objects they name."""

import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple, Self

from retrospec.archive.link import Link
from retrospec.archive.tables import TABLES, Table, Tables
from retrospec.core.db import Row

# Of rows as large as they may be, a page is 60 MB.
_PAGE_ROWS = 200
_PART_BYTES = 4 << 20
# Whatever names an object. Workers of others may have stored some that no row of `stored_objects` tells of.
_NAMED_BY: Mapping[str, str] = {
    "stored_objects": "object_key",
    "sessions": "events_object_key",
    "session_artifacts": "artifact_key",
}
_NOTE = "INSERT INTO keys VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
_NOTE_STORED = "INSERT INTO keys VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET certain = excluded.certain"

Seen = Callable[[str, Sequence[Row]], None]


class Part(NamedTuple):
    """Some rows of a table, as lines of JSON."""

    table: str
    rows: int
    lines: bytes


def _unseen(table: str, rows: Sequence[Row]) -> None:
    """Look at nothing."""


async def dump(link: Link, seen: Seen = _unseen, tables: Tables = TABLES) -> AsyncGenerator[Part, None]:
    """Read every table, within a snapshot.

    Args:
        link: Where from.
        seen: Gets a table's name and some of its rows, each row once.
        tables: Those of the database's schema.
    """
    for table in tables.values():
        lines, rows = bytearray(), 0
        async for page in _pages(link, table):
            seen(table.name, page)
            lines += table.encode(page)
            rows += len(page)
            if len(lines) >= _PART_BYTES:
                yield Part(table.name, rows, bytes(lines))
                lines, rows = bytearray(), 0
        if rows:
            yield Part(table.name, rows, bytes(lines))


async def _pages(link: Link, table: Table) -> AsyncIterator[list[Row]]:
    page = await link.fetch(table.select(_PAGE_ROWS))
    while page:
        yield page
        page = await link.fetch(table.select(_PAGE_ROWS, after=f"{link.placeholder}1"), page[-1][table.key])


class NamedObject(NamedTuple):
    """An object that rows name, and whether it must be there."""

    key: str
    certain: bool


class ObjectKeys:
    """Keys of objects, each once, in their order: aside in a nameless file, because there may be millions.

    Used as `with ObjectKeys() as keys:`.
    """

    def __enter__(self) -> Self:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("CREATE TABLE keys (key TEXT PRIMARY KEY, certain INT NOT NULL) WITHOUT ROWID")
        self._db.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def note(self, table: str, rows: Sequence[Row]) -> None:
        """Take the keys out of some rows of a table."""
        column = _NAMED_BY.get(table)
        if column is None:
            return
        # One that is being written or deleted may well be absent.
        found = [(row[column], row.get("state", "ready") == "ready") for row in rows if row[column]]
        self._db.executemany(_NOTE_STORED if table == "stored_objects" else _NOTE, found)

    def __len__(self) -> int:
        """How many there are."""
        count: int = self._db.execute("SELECT count(*) FROM keys").fetchone()[0]
        return count

    async def each(self) -> AsyncIterator[NamedObject]:
        """Each object."""
        with closing(self._db.execute("SELECT key, certain FROM keys ORDER BY key")) as cursor:
            for key, certain in cursor:
                yield NamedObject(key, bool(certain))


async def name_objects(link: Link, keys: ObjectKeys) -> None:
    """Note every object that rows name, within a snapshot."""
    for name in _NAMED_BY:
        async for page in _pages(link, TABLES[name]):
            keys.note(name, page)
