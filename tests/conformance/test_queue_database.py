"""The database queue, through the suite that every queue backend must pass, on both databases."""

from collections.abc import AsyncIterator

import pytest

from retrospec.core.db import Database
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.plugin import QueueBackend
from retrospec.plugin.testing.clock import VirtualClock
from retrospec.plugin.testing.queue import QueueSuite


class TestDatabaseQueue(QueueSuite):
    @pytest.fixture
    async def queue(self, database: Database, clock: VirtualClock) -> AsyncIterator[QueueBackend]:
        async with DatabaseQueue(clock.now) as queue:
            yield queue
