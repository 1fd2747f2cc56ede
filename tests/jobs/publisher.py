"""A process that relays jobs until its input ends: `python -m tests.jobs.publisher DATABASE_URL REDIS_URL`."""

import asyncio
import sys
from datetime import timedelta

from pydantic import SecretStr

from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.jobs.relay import Relay
from retrospec.jobs.relayed import RelayedQueue
from retrospec.maintenance.schedules import Turn
from retrospec.schema import MODELS
from retrospec_plugins.queue_redis import RedisQueue, RedisSettings


async def main(database_url: str, redis_url: str) -> None:
    database = Database(database_url, MODELS, pool_size=2)
    await database.open()
    patience = timedelta(minutes=30)
    backend = RedisQueue(RedisSettings(url=SecretStr(redis_url)))
    async with RelayedQueue(backend, database, patience) as queue:
        turn = Turn(database, "relay", seconds=2)
        relay = Relay(
            database, queue, {"replay": "errors"}, Counters(), turn, patience=patience, published=lambda: None
        )
        relay.start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while await asyncio.to_thread(sys.stdin.readline):
            relay.wake()
        await relay.stop()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
