"""Into a database that holds nothing yet: rows, all or none."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

from asyncpg.exceptions import LockNotAvailableError

from retrospec.archive.digest import Digest, Digests, differing, digests
from retrospec.archive.dump import Part
from retrospec.archive.errors import NotEmpty, Unfinished
from retrospec.archive.link import Link, require_current
from retrospec.archive.progress import Report
from retrospec.archive.tables import TABLES, Table
from retrospec.core.migrations import Migrations
from retrospec.core.settings import Settings
from retrospec.projects.models import DEFAULT_PROJECT_ID
from retrospec.schema import MODELS

BeforeCommit = Callable[[Digests], Awaitable[None]]

_LOCK_PATIENCE = "5s"
_AT_ONCE = 1000
# Rows that the migrations themselves have made: they give way to those that come.
_SEEDS: Mapping[str, str] = {"projects": f"id <> '{DEFAULT_PROJECT_ID}'"}


async def prepare(link: Link, settings: Settings) -> None:
    """Make the schema where there is none, and see that the database is empty.

    Raises:
        SchemaBehind: It has a schema, of an older version.
        OtherVersion: It has one of a newer version.
        NotEmpty: It holds data.
    """
    if not await link.migrations():
        # Through a connection of its own: nothing is open on this one.
        await Migrations(settings.database, MODELS, **settings.database_options).upgrade()
    await require_current(link)
    await require_empty(link)


async def require_empty(link: Link) -> None:
    """See that a database holds nothing but what the migrations make.

    Raises:
        NotEmpty: It does; the text says what.
    """
    found = {name: await _beyond_seeds(link, name) for name in TABLES}
    if held := ", ".join(f"{name} ({rows:,})" for name, rows in found.items() if rows):
        raise NotEmpty(
            f"the database is not empty, there are rows in {held}: take another, or drop it and make it anew"
        )


async def _beyond_seeds(link: Link, table: str) -> int:
    condition = f"WHERE {_SEEDS[table]}" if table in _SEEDS else ""
    rows: int = (await link.fetch(f'SELECT count(*) AS rows FROM "{table}" {condition}'))[0]["rows"]  # noqa: S608
    return rows


class _Load:
    """Rows on their way into a database.

    Attributes:
        digests: What has come, by table.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.digests = {name: Digest() for name in TABLES}

    async def add(self, part: Part) -> None:
        """Write some rows.

        Raises:
            BadArchive: They are no rows of that table.
        """
        table = TABLES[part.table]
        rows = table.decode(part.lines)
        self.digests[table.name].add(table, rows)
        statement = table.insert(self._link.placeholder)
        for start in range(0, len(rows), _AT_ONCE):
            values = table.values(rows[start : start + _AT_ONCE], sqlite=self._link.is_sqlite)
            await self._link.run_many(statement, list(values))


async def write_rows(
    link: Link, source: AsyncGenerator[Part, None], report: Report, before_commit: BeforeCommit
) -> None:
    """Fill an empty database, wholly or not at all.

    Args:
        link: The database.
        source: All the rows.
        report: Told how far it is.
        before_commit: Gets what has been written, and raises to have it all undone.

    Raises:
        NotEmpty: It has been filled meanwhile, or somebody writes to it.
        Unfinished: It gives back something else than was written.
    """
    async with _loading(link) as load, aclosing(source):
        rows = 0
        async for part in source:
            await load.add(part)
            rows += part.rows
            report("rows", rows, None)
        report("checking rows", 0, None)
        if wrong := differing(load.digests, await digests(link)):
            raise Unfinished(f"the database gives back other rows than were written: {', '.join(wrong)}")
        await before_commit(load.digests)
    if not link.is_sqlite:
        # Or it would go by what it knows of empty tables until it looks by itself.
        for name in TABLES:
            await link.fetch(f'ANALYZE "{name}"')


@asynccontextmanager
async def _loading(link: Link) -> AsyncIterator[_Load]:
    async with link.transaction():
        await _shut_out_others(link)
        await require_empty(link)
        for name in _SEEDS:
            await link.fetch(f'DELETE FROM "{name}"')  # noqa: S608 (a name of ours)
        yield _Load(link)
        if not link.is_sqlite:
            for table in TABLES.values():
                await _count_on(link, table)


async def _shut_out_others(link: Link) -> None:
    if link.is_sqlite:
        return
    names = ", ".join(f'"{name}"' for name in TABLES)
    await link.fetch(f"SET LOCAL lock_timeout = '{_LOCK_PATIENCE}'")
    try:
        await link.fetch(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    except LockNotAvailableError as cause:
        raise NotEmpty("another process writes to the database: stop the servers and workers that use it") from cause


async def _count_on(link: Link, table: Table) -> None:
    """Let the database go on counting behind the rows that brought their numbers along."""
    if table.counts_up:
        await link.fetch(
            f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{table.key}'), "  # noqa: S608
            f'coalesce(max("{table.key}"), 1), max("{table.key}") IS NOT NULL) FROM "{table.name}"'
        )
