"""Servers on both databases, one after the other, to compare what they say."""

import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from retrospec.core.migrations import Migrations
from retrospec.core.settings_sources import load
from retrospec.schema import MODELS
from retrospec.serving import listening
from tests.client import UNLIMITED, Client
from tests.servers import PostgresServer

Found = TypeVar("Found")
Check = Callable[[Client], Awaitable[Found]]
OnBoth = Callable[..., Awaitable[tuple[Found, Found]]]


@pytest.fixture
def on_both(postgres_server: PostgresServer, sqlite_template: Path, tmp_path: Path) -> OnBoth[Found]:
    """Runs a check against a server on SQLite, then on PostgreSQL; gives what it found on each."""

    async def run(check: Check[Found], **settings: object) -> tuple[Found, Found]:
        found = []
        for making in (_sqlite(sqlite_template, tmp_path), _postgres(postgres_server)):
            async with making as url:
                data = tmp_path / secrets.token_hex(4)
                given = {"orchestrator_port": 0, "database_url": url, "data_dir": data, "embedded_worker": False}
                async with (
                    listening(load({}, **{**UNLIMITED, **given, **settings})) as server,
                    Client(server) as client,
                ):
                    found.append(await check(client))
        return found[0], found[1]

    return run


@asynccontextmanager
async def _sqlite(template: Path, folder: Path) -> AsyncIterator[str]:
    if not template.exists():
        await Migrations(f"sqlite://{template}", MODELS).upgrade()
    file = folder / f"{secrets.token_hex(4)}.db"
    shutil.copy(template, file)
    yield f"sqlite://{file}"


@asynccontextmanager
async def _postgres(server: PostgresServer) -> AsyncIterator[str]:
    name = f"t_{secrets.token_hex(8)}"
    await server.create(name, template=await server.template())
    yield server.url(name)
    await server.drop(name)
