"""Into a database that holds nothing yet: rows, all or none."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing

from asyncpg.exceptions import LockNotAvailableError

from retrospec.archive.digest import Digest, Digests, differing, digests
from retrospec.archive.dump import Part
from retrospec.archive.errors import BadArchive, NotEmpty, OtherVersion, Unfinished
from retrospec.archive.link import Link, require_current
from retrospec.archive.progress import Report
from retrospec.archive.tables import TABLES, Table, Tables
from retrospec.core.migrations import Migrations, history
from retrospec.core.settings import Settings
from retrospec.projects.models import DEFAULT_PROJECT_ID
from retrospec.schema import MODELS

BeforeCommit = Callable[[Digests], Awaitable[None]]

_LOCK_PATIENCE = "5s"
_AT_ONCE = 1000
_NAMED = 4
# Rows that the migrations themselves have made: they give way to those that come.
_SEEDS: Mapping[str, str] = {"projects": f"id <> '{DEFAULT_PROJECT_ID}'"}


class EmptyDatabase:
    """A database that is to be filled.

    Args:
        link: It.
        settings: Where it is.
        schema: The migration that its rows were written after.
        tables: The tables of that schema.
    """

    def __init__(self, link: Link, settings: Settings, schema: str, tables: Tables = TABLES) -> None:
        self._link = link
        self._migrations = Migrations(settings.database, MODELS, **settings.database_options)
        self._schema = schema
        self._tables = tables

    async def prepare(self) -> None:
        """Make the schema where there is none, and see that there is nothing else.

        Raises:
            SchemaBehind: It has a schema, of an older version.
            OtherVersion: It has one of a newer version than the rows.
            BadArchive: The schema has other tables.
            NotEmpty: It holds data.
        """
        known = history()
        if not await self._link.migrations():
            # Through a connection of its own: nothing is open on this one.
            await self._migrations.upgrade(upto=self._schema)
        if self._schema == known[-1]:
            await require_current(self._link)
        elif set(await self._link.migrations()) != set(known[: known.index(self._schema) + 1]):
            raise OtherVersion(
                f"the rows have the older schema {self._schema}, and the database has another one already: take one "
                "without any, and it will be brought up to date"
            )
        wanted = {(table.name, column.name) for table in self._tables.values() for column in table.columns}
        if wanted != await self._link.columns():
            raise BadArchive(f"the schema {self._schema} has other tables than those that are told of")
        await require_empty(self._link, self._tables)

    async def fill(self, source: AsyncGenerator[Part, None], report: Report, before_commit: BeforeCommit) -> None:
        """Write all rows or none, and bring the schema up to date.

        Args:
            source: The rows.
            report: Told how far it is.
            before_commit: Gets what has been written, and raises to have it all undone.

        Raises:
            NotEmpty: It has been filled meanwhile, or somebody writes to it.
            Unfinished: It gives back something else than was written.
        """
        async with self._link.transaction(), aclosing(source):
            await _shut_out_others(self._link, self._tables)
            await require_empty(self._link, self._tables)
            written = await self._write(source, report)
            report("checking rows", 0, None)
            if wrong := differing(written, await digests(self._link, self._tables)):
                raise Unfinished(f"the database gives back other rows than were written: {', '.join(wrong)}")
            await before_commit(written)
        await self._bring_up_to_date()

    async def _write(self, source: AsyncGenerator[Part, None], report: Report) -> Digests:
        for name in _SEEDS:
            await self._link.fetch(f'DELETE FROM "{name}"')  # noqa: S608 (a name of ours)
        written = {name: Digest() for name in self._tables}
        rows = 0
        async for part in source:
            await self._add(part, written[part.table])
            rows += part.rows
            report("rows", rows, None)
        if not self._link.is_sqlite:
            for table in self._tables.values():
                await _count_on(self._link, table)
        return written

    async def _add(self, part: Part, written: Digest) -> None:
        table = self._tables[part.table]
        rows = table.decode(part.lines)
        written.add(table, rows)
        statement = table.insert(self._link.placeholder)
        for start in range(0, len(rows), _AT_ONCE):
            values = table.values(rows[start : start + _AT_ONCE], sqlite=self._link.is_sqlite)
            await self._link.run_many(statement, list(values))

    async def _bring_up_to_date(self) -> None:
        try:
            await self._migrations.upgrade()
        except Exception as cause:
            raise Unfinished(
                f"all of it is there, but the older schema {self._schema} cannot be brought up to date: {cause}\n"
                "Mend the cause, then run `retrospec db upgrade`"
            ) from cause
        if not self._link.is_sqlite:
            # Or it would go by what it knows of empty tables until it looks by itself.
            for name in TABLES:
                await self._link.fetch(f'ANALYZE "{name}"')


async def require_empty(link: Link, tables: Tables = TABLES) -> None:
    """See that a database holds nothing but what the migrations make.

    Raises:
        NotEmpty: It does; the text says what.
    """
    found = {name: await _beyond_seeds(link, name) for name in tables}
    held = sorted((name for name in found if found[name]), key=lambda name: -found[name])
    if held:
        some = ", ".join(f"{name} ({found[name]:,})" for name in held[:_NAMED])
        more = f" and {len(held) - _NAMED} more" if len(held) > _NAMED else ""
        raise NotEmpty(
            f"the database is not empty, there are rows in {some}{more}: take another, or drop it and make it anew"
        )


async def _beyond_seeds(link: Link, table: str) -> int:
    condition = f"WHERE {_SEEDS[table]}" if table in _SEEDS else ""
    rows: int = (await link.fetch(f'SELECT count(*) AS rows FROM "{table}" {condition}'))[0]["rows"]  # noqa: S608
    return rows


async def _shut_out_others(link: Link, tables: Tables) -> None:
    if link.is_sqlite:
        return
    names = ", ".join(f'"{name}"' for name in tables)
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
