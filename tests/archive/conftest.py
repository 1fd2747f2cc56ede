"""Places for a server's data."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.archive.homes import Homes
from tests.s3server import S3Server
from tests.servers import PostgresServer


@pytest.fixture
async def homes(tmp_path: Path, postgres_server: PostgresServer, s3_server: S3Server) -> AsyncIterator[Homes]:
    """Makes databases without schema with empty storages."""
    homes = Homes(tmp_path, postgres_server, s3_server)
    yield homes
    await homes.drop()
    s3_server.forget()
