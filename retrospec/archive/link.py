"""One connection for a whole dump or load: a snapshot to read from, or a transaction to write in."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from retrospec.archive.errors import OtherVersion, Unfinished
from retrospec.core.db import AWAY, Row, tortoise_config
from retrospec.core.errors import NotFound
from retrospec.core.migrations import SchemaBehind, history
from retrospec.core.settings import Settings
from retrospec.version import __version__

_COLUMNS_SQLITE = """
    SELECT t.name AS in_table, c.name AS named FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'
"""
_COLUMNS_POSTGRES = """
    SELECT table_name AS in_table, column_name AS named FROM information_schema.columns
    WHERE table_schema = current_schema()
"""
# Which migrations are applied, and what SQLite keeps for itself.
_NOT_OURS = {"aerich", "sqlite_sequence", "sqlite_stat1", "sqlite_stat4"}


class Link:
    """A connection past the models: their transactions belong to the one database of a process, and here may be two.

    Attributes:
        is_sqlite: Whether this is SQLite; PostgreSQL otherwise.
        placeholder: What stands before the number of a value in a statement.
    """

    def __init__(self, driver: Any, *, is_sqlite: bool) -> None:
        self._driver = driver
        self.is_sqlite = is_sqlite
        self.placeholder = "?" if is_sqlite else "$"

    async def fetch(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement, and give its rows."""
        if not self.is_sqlite:
            return [dict(row) for row in await self._driver.fetch(statement, *values)]
        try:
            return [dict(row) for row in await self._driver.execute_fetchall(statement, values)]
        except sqlite3.Error as cause:
            raise OperationalError(cause) from cause

    async def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of values."""
        try:
            await self._driver.executemany(statement, rows)
        except sqlite3.Error as cause:
            raise OperationalError(cause) from cause

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Read as of one moment, whatever others write meanwhile; nobody waits for it."""
        # SQLite's moment is that of the first read: in its write-ahead log, a deferred BEGIN takes no lock.
        await self.fetch("BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            # A connection that is gone has nothing to roll back, and whoever lost it has said so.
            with suppress(Exception):
                await self.fetch("ROLLBACK")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Write all or nothing."""
        await self.fetch("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        try:
            yield
            await self._commit()
        except BaseException:
            with suppress(Exception):
                await self.fetch("ROLLBACK")
            raise

    async def _commit(self) -> None:
        try:
            await self.fetch("COMMIT")
        except AWAY as cause:
            raise Unfinished(
                f"the database went away while it committed ({cause}); it has all rows or none: run it again to see"
            ) from cause

    async def columns(self) -> set[tuple[str, str]]:
        """Every table of ours with each of its columns."""
        rows = await self.fetch(_COLUMNS_SQLITE if self.is_sqlite else _COLUMNS_POSTGRES)
        return {(row["in_table"], row["named"]) for row in rows if row["in_table"] not in _NOT_OURS}

    async def migrations(self) -> list[str]:
        """The migrations that are applied; none in a database without schema."""
        look = (
            "SELECT name AS found FROM sqlite_master WHERE name = 'aerich'"
            if self.is_sqlite
            else "SELECT to_regclass('aerich')::text AS found"
        )
        if not any(row["found"] for row in await self.fetch(look)):
            return []
        return [row["version"] for row in await self.fetch("SELECT version FROM aerich WHERE app = 'models'")]


@asynccontextmanager
async def connected(settings: Settings, *, make: bool = False) -> AsyncIterator[Link]:
    """Connect to a database.

    Args:
        settings: The server's.
        make: Make SQLite's file where there is none.

    Raises:
        NotFound: There is no such file.
    """
    file = Path(settings.database.removeprefix("sqlite://"))
    if settings.on_sqlite:
        await asyncio.to_thread(_make_room if make else _require_file, file)
    options = {**settings.database_options, "unhurried": True}
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(settings.database, ["aerich.models"], **options))
        async with context.db().acquire_connection() as driver:
            yield Link(driver, is_sqlite=settings.on_sqlite)


def _make_room(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise NotFound(f"there is no database: {file} does not exist")


async def require_current(link: Link) -> str:
    """See that a database has the schema of this version, and name its last migration.

    Raises:
        SchemaBehind: It lacks migrations.
        OtherVersion: It has some that this version does not know.
    """
    applied, known = set(await link.migrations()), history()
    if missing := [name for name in known if name not in applied]:
        raise SchemaBehind(f"the database lacks {len(missing)} migration(s): run `retrospec db upgrade`")
    if unknown := sorted(applied - set(known)):
        raise OtherVersion(
            f"the database has migrations that Retrospec {__version__} does not know ({', '.join(unknown)}): "
            "use the version that its servers run"
        )
    return known[-1]
