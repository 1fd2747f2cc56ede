"""The database queue, through the suite that every queue backend must pass, on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from retrospec.core.db import Database
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.plugin import QueueBackend
from retrospec.plugin.testing.queue import QueueSuite


class Clock:
    """The machine's clock, which a test can put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class TestDatabaseQueue(QueueSuite):
    clock: Clock
    short = 60.0

    @pytest.fixture
    async def queue(self, database: Database) -> AsyncIterator[QueueBackend]:
        self.clock = Clock()
        async with DatabaseQueue(self.clock) as queue:
            yield queue

    async def pass_time(self, seconds: float) -> None:
        self.clock.ahead += timedelta(seconds=seconds)
