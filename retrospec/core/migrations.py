"""Building and checking the schema with Aerich, from a checkout or from an installed wheel."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aerich import Command
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError, OperationalError

from retrospec.core.db import tortoise_config
from retrospec.core.errors import RetrospecError

_APP = "models"


class SchemaBehind(RetrospecError):
    """The database's schema is behind this version: run `retrospec db upgrade`."""

    code = "schema_behind"


class Migrations:
    """The migration history of this version against one database.

    Each method opens a connection of its own, so call none of them while a `Database` is open. An index may take
    any time to build; for a lock a migration waits as long as everybody else, because all others wait behind it.
    """

    def __init__(self, url: str, modules: Sequence[str], **options: Any) -> None:
        """Take in where it is: as for `Database`."""
        self._config = tortoise_config(url, modules, **options | {"unhurried": True})
        self._sqlite = Path(url.removeprefix("sqlite://")).absolute() if url.startswith("sqlite") else None

    async def upgrade(self, *, upto: str = "") -> list[str]:
        """Apply what is missing and name it. Each migration runs in a transaction of its own.

        Args:
            upto: The last one to apply; empty for all.

        On SQLite, where servers upgrade by themselves, one process at a time: two that began together would both
        find a migration missing, and the second fail over what the first has added.
        """
        with _folder_upto(upto) as folder:
            async with self._alone(), self._command(folder) as command:
                return list(await command.upgrade(run_in_transaction=True))

    async def downgrade(self, version: int = -1) -> list[str]:
        """Undo the last migration, or those from a version's number on, and name them."""
        async with self._command() as command:
            return list(await command.downgrade(version, delete=False))

    async def status(self) -> tuple[list[str], list[str]]:
        """Name the migrations that are applied, and those that are missing, in order."""
        async with TortoiseContext() as context:
            await context.init(config=self._config)
            missing = await missing_migrations(context.db())
        return [name for name in history() if name not in missing], missing

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        if self._sqlite is None:
            yield
            return
        # The folder: SQLite's own locks on its file would be lost with a descriptor of ours that is closed.
        try:
            self._sqlite.parent.mkdir(parents=True, exist_ok=True)
            folder = os.open(self._sqlite.parent, os.O_RDONLY)
        except OSError as cause:
            raise DBConnectionError(f"SQLite: {self._sqlite}: unable to open database file: {cause}") from cause
        try:
            await asyncio.to_thread(fcntl.flock, folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    @asynccontextmanager
    async def _command(self, folder: Path | None = None) -> AsyncIterator[Command]:
        # In a context of its own: Aerich's would otherwise stay current after it is closed.
        async with TortoiseContext(), Command(self._config, app=_APP, location=str(folder or _folder())) as command:
            yield command


def _folder() -> Path:
    return Path(str(resources.files("retrospec_migrations")))


@contextmanager
def _folder_upto(last: str) -> Iterator[Path]:
    """The folder of the migrations, or a copy of it that ends with one of them: Aerich applies all that it finds."""
    if not last or last == history()[-1]:
        yield _folder()
        return
    with TemporaryDirectory() as copy:
        folder = Path(copy, _APP)
        folder.mkdir()
        for name in history()[: history().index(last) + 1]:
            shutil.copy(_folder() / _APP / name, folder)
        yield Path(copy)


def history() -> list[str]:
    """Every migration of this version, in order."""
    files = (_folder() / _APP).glob("[0-9]*_*.py")
    return sorted((file.name for file in files), key=lambda name: int(name.split("_")[0]))


async def missing_migrations(db: BaseDBAsyncClient) -> list[str]:
    """The migrations that a database lacks, in order.

    Args:
        db: An open connection.
    """
    try:
        rows = await db.execute_query_dict("SELECT version FROM aerich WHERE app = 'models'")
    except OperationalError:
        return history()
    applied = {row["version"] for row in rows}
    return [name for name in history() if name not in applied]
