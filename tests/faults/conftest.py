"""Whole stacks for processes that are killed, and an analyzer that waits to be told."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.analyzer import Analyzer
from tests.s3server import S3Bucket
from tests.servers import PostgresServer
from tests.stacks import STACKS, Stack, embedded, production


@pytest.fixture
def analyzer(tmp_path: Path) -> Analyzer:
    """An analyzer that goes on only when told to."""
    return Analyzer(tmp_path / "plugins")


@pytest.fixture
def embedded_stack(tmp_path: Path) -> Stack:
    """The embedded stack, for what concerns no other."""
    return embedded(tmp_path / "data" / "retrospec.db")


@pytest.fixture
async def production_stack(
    postgres_server: PostgresServer, redis_url: str, s3_bucket: S3Bucket
) -> AsyncIterator[Stack]:
    """The production stack, for what concerns no other."""
    name = f"t_{secrets.token_hex(8)}"
    await postgres_server.create(name, template=await postgres_server.template())
    yield production(postgres_server.url(name), redis_url, s3_bucket)
    await postgres_server.drop(name)


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> Stack:
    """A whole stack with nothing in it, for processes that run in the test's folder."""
    made: Stack = request.getfixturevalue(f"{request.param}_stack")
    return made
