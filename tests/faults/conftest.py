"""Whole stacks for processes that are killed, and an analyzer that waits to be told."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.analyzer import Analyzer
from tests.s3server import S3Bucket
from tests.servers import PostgresServer
from tests.stacks import EMBEDDED, STACKS, Stack, embedded, production


@pytest.fixture(params=STACKS)
async def stack(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    """A whole stack with nothing in it, for processes that run in the test's folder."""
    if request.param == EMBEDDED:
        yield request.getfixturevalue("embedded_stack")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")
    name = f"t_{secrets.token_hex(8)}"
    await server.create(name, template=await server.template())
    yield production(server.url(name), request.getfixturevalue("redis_url"), bucket)
    await server.drop(name)


@pytest.fixture
def analyzer(tmp_path: Path) -> Analyzer:
    """An analyzer that goes on only when told to."""
    return Analyzer(tmp_path / "plugins")


@pytest.fixture
def embedded_stack(tmp_path: Path) -> Stack:
    """The embedded stack, for what concerns no other."""
    return embedded(tmp_path / "data" / "retrospec.db")
