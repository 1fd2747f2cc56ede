"""Servers on whole stacks: each alone, or one after the other to compare what they say."""

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
from tests.client import UNLIMITED, Client, MakeClient
from tests.s3server import S3Bucket
from tests.servers import PostgresServer
from tests.stacks import DIALECTS, STACKS, Stack, embedded, production

Found = TypeVar("Found")
Check = Callable[[Client], Awaitable[Found]]
OnBoth = Callable[..., Awaitable[tuple[Found, Found]]]


@pytest.fixture(params=STACKS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Runs a test once on each whole stack; this is the database of it."""
    return DIALECTS[request.param]


@pytest.fixture
def stack(dialect: str, database_url: str, request: pytest.FixtureRequest) -> Stack:
    """The stack of the test."""
    if dialect == "sqlite":
        return embedded(Path(database_url.removeprefix("sqlite://")))
    return production(database_url, request.getfixturevalue("redis_url"), request.getfixturevalue("s3_bucket"))


@pytest.fixture
def make_client(make_client: MakeClient, stack: Stack) -> MakeClient:
    """Starts real servers on the test's stack, and gives clients of them."""

    async def make(**settings: object) -> Client:
        return await make_client(**{**stack.settings, **settings})

    return make


@pytest.fixture
def on_both(
    postgres_server: PostgresServer, redis_url: str, s3_bucket: S3Bucket, sqlite_template: Path, tmp_path: Path
) -> OnBoth[Found]:
    """Runs a check on the embedded stack, then on the production stack; gives what it found on each."""

    async def run(check: Check[Found], **settings: object) -> tuple[Found, Found]:
        found = []
        for making in (_embedded(sqlite_template, tmp_path), _production(postgres_server, redis_url, s3_bucket)):
            async with making as stack:
                data = tmp_path / secrets.token_hex(4)
                given = {"orchestrator_port": 0, "data_dir": data, "embedded_worker": False, **stack.settings}
                async with (
                    listening(load({}, **{**UNLIMITED, **given, **settings})) as server,
                    Client(server) as client,
                ):
                    found.append(await check(client))
        return found[0], found[1]

    return run


@asynccontextmanager
async def _embedded(template: Path, folder: Path) -> AsyncIterator[Stack]:
    if not template.exists():
        await Migrations(f"sqlite://{template}", MODELS).upgrade()
    file = folder / f"{secrets.token_hex(4)}.db"
    shutil.copy(template, file)
    yield embedded(file)


@asynccontextmanager
async def _production(server: PostgresServer, redis_url: str, bucket: S3Bucket) -> AsyncIterator[Stack]:
    name = f"t_{secrets.token_hex(8)}"
    await server.create(name, template=await server.template())
    yield production(server.url(name), redis_url, bucket)
    await server.drop(name)
