"""Whole stacks: what a server runs on, chosen by settings alone."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.s3server import S3Bucket

EMBEDDED, PRODUCTION = "embedded", "production"
STACKS = (EMBEDDED, PRODUCTION)
DIALECTS = {EMBEDDED: "sqlite", PRODUCTION: "postgres"}


@dataclass(frozen=True, slots=True)
class Stack:
    """The databases, queue and storage of one test.

    Attributes:
        name: `embedded` (SQLite, local files, database queue) or `production` (PostgreSQL, Redis, S3).
        database_url: Where the database is.
        settings: What chooses it, as `load` takes it.
    """

    name: str
    database_url: str
    settings: Mapping[str, object]

    @property
    def is_production(self) -> bool:
        """Whether it has servers of its own beside our processes."""
        return self.name == PRODUCTION

    @property
    def environ(self) -> dict[str, str]:
        """The same settings for a process."""
        return {name.upper(): str(value) for name, value in self.settings.items()}

    async def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the database, past our own code. Both databases must understand the statement."""
        if self.is_production:
            connection = await asyncpg.connect(self.database_url)  # type: ignore[no-untyped-call]
            try:
                return [tuple(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()
        with closing(sqlite3.connect(self.database_url.removeprefix("sqlite://"), timeout=15)) as db:
            return db.execute(statement).fetchall()

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        [[rows]] = await self.query(f"SELECT COUNT(*) FROM {table}")
        return int(rows)


def embedded(file: Path) -> Stack:
    """SQLite in that file, local files, database queue."""
    url = f"sqlite://{file}"
    return Stack(EMBEDDED, url, {"database_url": url})


def production(database_url: str, redis_url: str, bucket: S3Bucket) -> Stack:
    """PostgreSQL, Redis and S3."""
    settings = {"database_url": database_url, "redis_url": redis_url, **bucket.server_settings()}
    return Stack(PRODUCTION, database_url, settings)
