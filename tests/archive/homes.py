"""Databases and storages to move data between, and data of every table to move."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from retrospec.archive.columns import Column
from retrospec.archive.digest import digests
from retrospec.archive.link import Link, connected
from retrospec.archive.load import EmptyDatabase
from retrospec.archive.stores import opened_storage
from retrospec.archive.tables import TABLES, Table, Tables
from retrospec.core.migrations import history
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from retrospec.plugin.testing.storage import in_pieces
from tests.s3server import S3Server
from tests.servers import PostgresServer

OBJECTS = {
    "session-events/p/2026/11/26/shop.example/s1.json": (b'[{"type":4}]' * 9, "application/json"),
    "replay-artifacts/s1/été-✓ a?b#c.webm": (b"\0\xff" * 40_000, "video/webm"),
    f"replay-artifacts/{'long-' * 30}/analysis.json": (b"{}", "application/x-of-its-own"),
    "replay-artifacts/s1/nothing.json": (b"", "application/json"),
    # More than is held in memory, of bytes that no compression makes fewer.
    "replay-artifacts/s1/replay.mp4": (secrets.token_bytes(3 << 19), "video/mp4"),
}
ODD = 'é ✓ 𝄞 "quoted" \\ \n line'
ROWS = 5


def nothing(step: str, done: int, total: int | None) -> None:
    """Report to nobody."""


class Homes:
    """Makes places for a server's data: a database without schema and an empty storage each."""

    def __init__(self, folder: Path, postgres: PostgresServer, s3: S3Server) -> None:
        self._folder = folder
        self._postgres = postgres
        self._s3 = s3
        self._made: list[str] = []

    async def make(self, dialect: str, storage: str) -> Settings:
        """Make one."""
        name = f"h_{secrets.token_hex(6)}"
        data_dir = self._folder / name
        url = f"sqlite://{data_dir / 'retrospec.db'}"
        if dialect == "postgres":
            await self._postgres.create(name)
            self._made.append(name)
            url = self._postgres.url(name)
        else:
            data_dir.mkdir()
        bucket = self._s3.make_bucket(name.replace("_", "-")).server_settings() if storage == "s3" else {}
        return load({}, database_url=url, data_dir=data_dir, **bucket)

    async def drop(self) -> None:
        """Remove the databases."""
        for name in self._made:
            await self._postgres.drop(name)


async def make_schema(link: Link, settings: Settings) -> None:
    """Make the tables of this version."""
    await EmptyDatabase(link, settings, history()[-1]).prepare()


async def fill(settings: Settings) -> None:
    """Put rows into every table, whichever there are, and objects into the storage."""
    async with connected(settings, make=True) as link:
        await make_schema(link, settings)
        await fill_tables(link, TABLES)
        await _name_objects(link)
    async with opened_storage(settings) as storage:
        for key, (content, content_type) in OBJECTS.items():
            await storage.put(key, in_pieces(content), content_type=content_type)


async def fill_tables(link: Link, tables: Tables) -> None:
    """Put rows into tables."""
    for table in tables.values():
        rows = table.decode(b"".join(_lines(table)))
        async with link.transaction():
            values = list(table.values(rows, sqlite=link.is_sqlite))
            await link.run_many(table.insert(link.placeholder), values)


async def held(settings: Settings) -> tuple[Mapping[str, tuple[int, int]], Mapping[str, tuple[bytes, str]]]:
    """What is there: the digest of each table, and the objects."""
    async with connected(settings) as link, link.snapshot():
        rows = {name: digest.value for name, digest in (await digests(link)).items()}
    found = {}
    async with opened_storage(settings) as storage:
        for key in await storage.sample(1000) or ():
            content = await storage.get(key)
            found[key] = (b"".join([piece async for piece in content.chunks]), content.info.content_type)
    return rows, found


async def _name_objects(link: Link) -> None:
    p = link.placeholder
    for number, key in enumerate(OBJECTS):
        await link.fetch(
            f"UPDATE stored_objects SET object_key = {p}1, state = 'ready' "
            f"WHERE uid = (SELECT uid FROM stored_objects ORDER BY uid LIMIT 1 OFFSET {p}2)",
            key,
            number,
        )
    await link.fetch("UPDATE sessions SET events_object_key = ''")
    await link.fetch("UPDATE session_artifacts SET artifact_key = ''")


def _lines(table: Table) -> Iterator[bytes]:
    for number in range(ROWS):
        row = {one.name: _value(one, number, longest=len(one.name)) for one in table.columns}
        yield msgspec.json.encode(row) + b"\n"


def _value(column: Column, number: int, *, longest: int) -> Any:
    """A value that is another one in each row, and as odd as its column takes."""
    if column.nullable and number % 2:
        return None
    values: dict[Any, Any] = {
        int: number * 1_000_003 + longest,
        float: [0.1 + number, 1e-300, 1e300, -0.0, 2.0][number],
        # The narrowest columns have 16 letters.
        str: f"{number}{ODD[:12]}",
        bool: bool(number % 2),
        datetime: datetime(1970 + number, 1, 1, 23, 59, 59, 999_999 - number, tzinfo=UTC) + timedelta(days=number),
        date: date(2026, 11, 1 + number),
        msgspec.Raw: {ODD: [number, 1.5, 1e22, -0.0, None, True, {"b": [], "a": {}}]},
    }
    return values[column.kind.written]
