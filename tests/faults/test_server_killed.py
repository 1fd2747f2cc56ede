"""202 means it is on disk: servers that are killed under load, and what is there afterwards."""

import asyncio
import random
from pathlib import Path

from tests.client import eventually
from tests.faults.load import Load
from tests.faults.processes import serving, working
from tests.faults.promises import check_counts, check_there, jobs_done
from tests.faults.streams import ANALYSIS, REPLAY, streamed
from tests.stacks import Stack

KILLS = 20
# A job that was held when its server was killed comes again soon; some are held by several servers that are killed.
SETTINGS = {"JOB_LEASE_SECONDS": "1", "JOB_MAX_ATTEMPTS": str(KILLS)}


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_twenty_times(
    tmp_path: Path, stack: Stack
) -> None:
    settings = SETTINGS | stack.environ
    acknowledged: set[str] = set()
    unanswered: list[str] = []
    # The same moments on every run, as far as moments can be.
    chance = random.Random(stack.name)
    for number in range(KILLS):
        async with serving(tmp_path, **settings) as server:
            load = Load(server.url, f"r{number}", again=unanswered)
            running = asyncio.create_task(load.run())
            await load.acknowledge(chance.randint(4, 12))
            await asyncio.sleep(chance.uniform(0, 0.03))
            server.kill()
            await running
        assert (set(load.statuses), load.errors) == ({201, 202}, {""})
        acknowledged.update(load.acknowledged)
        unanswered = load.unanswered

    async with serving(tmp_path, **settings) as server:
        last = Load(server.url, "last", again=unanswered)
        await last.send(len(unanswered))
        acknowledged.update(last.acknowledged)
        await check_there(stack, server.url, acknowledged)
        # Whoever got no answer has sent again, and counts once.
        assert await stack.count("sessions") == len(acknowledged)
        await check_counts(stack)
        if stack.is_production:
            await check_published(settings["REDIS_URL"], acknowledged)
            async with working(tmp_path, **settings, WORKER_CONCURRENCY="8"):
                await jobs_done(stack)
        else:
            await jobs_done(stack)


async def check_published(url: str, acknowledged: set[str]) -> None:
    """Both streams come to hold a job of every acknowledged session."""
    for queue in (REPLAY, ANALYSIS):

        async def all_there(queue: str = queue) -> list[str] | None:
            found = await streamed(url, queue)
            return found if acknowledged <= set(found) else None

        # A server that was killed while it published is waited for as long as its turn lasts.
        entries = await eventually(all_there, 30)
        print(f"{queue}: {len(acknowledged)} sessions acknowledged, {len(entries)} entries")
