"""The queue in Redis, through the suite that every queue backend must pass, on a real server."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from retrospec.plugin import QueueBackend
from retrospec.plugin.testing.queue import LONG, QueueSuite
from retrospec_plugins.queue_redis import RedisQueue, RedisSettings


class TestRedisQueue(QueueSuite):
    @pytest.fixture
    async def queue(self, redis_url: str) -> AsyncIterator[QueueBackend]:
        async with RedisQueue(RedisSettings(url=SecretStr(redis_url), lease_seconds=LONG)) as queue:
            yield queue
