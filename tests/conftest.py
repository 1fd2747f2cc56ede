"""Fixtures that every test may use: real databases, each test with one of its own."""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from retrospec.core.db import Database
from retrospec.core.migrations import Migrations
from retrospec.core.settings_sources import load
from retrospec.schema import MODELS
from retrospec.serving import listening
from tests.client import UNLIMITED, Client, MakeClient
from tests.redisserver import RedisServer
from tests.s3server import S3Bucket, S3Server
from tests.servers import PostgresServer, scratch

# What plugin authors test with, our own tests use too.
pytest_plugins = ["retrospec.plugin.testing.fixtures"]
DIALECTS = ("sqlite", "postgres")
_LONGEST = (
    "tests/test_examples.py",
    "tests/test_wheel.py",
    "tests/faults/test_server_",
    "tests/faults/test_worker_lost.py",
)


def pytest_configure() -> None:
    """Put what `tmp_path` gives out where the servers' files are, before anybody asks for it."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nobody waits for it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL from its wheel, one for all workers of the run."""
    with PostgresServer(os.environ.get("PYTEST_XDIST_TESTRUNUID", secrets.token_hex(8))) as server:
        yield server


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """A real Redis from its wheel, one for each worker of the run."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """The URL of a Redis with nothing in it, for this test alone."""
    shared_redis.empty()
    return shared_redis.url


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[Path]:
    """A SQLite file with the schema in it, to copy."""
    folder = Path(tempfile.mkdtemp(prefix="retrospec-"))
    yield folder / "template.db"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, one for each worker of the run."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> Iterator[S3Bucket]:
    """An empty bucket."""
    yield s3_server.make_bucket(f"t-{secrets.token_hex(8)}")
    s3_server.forget()


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Runs a test once on each database."""
    name: str = request.param
    return name


@pytest.fixture
async def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a fresh database with the schema in it."""
    if dialect == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        if not template.exists():
            await Migrations(f"sqlite://{template}", MODELS).upgrade()
        shutil.copy(template, tmp_path / "retrospec.db")
        yield f"sqlite://{tmp_path / 'retrospec.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"t_{secrets.token_hex(8)}"
    await server.create(name, template=await server.template())
    yield server.url(name)
    await server.drop(name)


@pytest.fixture
async def empty_database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without any schema."""
    if dialect == "sqlite":
        yield f"sqlite://{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"t_{secrets.token_hex(8)}"
    await server.create(name)
    yield server.url(name)
    await server.drop(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with the schema in it."""
    database = Database(database_url, MODELS, pool_size=4)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def make_client(database_url: str, tmp_path: Path) -> AsyncIterator[MakeClient]:
    """Starts real servers on the test's database, and gives clients of them."""
    async with AsyncExitStack() as running:

        async def make(**settings: object) -> Client:
            given = {"orchestrator_port": 0, "database_url": database_url, "data_dir": tmp_path / "data", **UNLIMITED}
            server = await running.enter_async_context(listening(load({}, **{**given, **settings})))
            return await running.enter_async_context(Client(server))

        yield make


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client of a server on default settings, without rate limit, with all operator's keys set."""
    return await make_client()
