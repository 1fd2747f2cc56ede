"""Redis goes away, stands still, or comes back empty: ingest does not notice, and no job is lost."""

import asyncio
import json
import os
import signal
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Literal

import pytest

from tests.client import eventually
from tests.faults.load import Load
from tests.faults.processes import serving, working
from tests.faults.promises import check_there, jobs_done
from tests.faults.streams import ANALYSIS, REPLAY, streamed
from tests.foreign import foreign_worker
from tests.redisserver import RedisServer
from tests.stacks import Stack

# Longer than any wait of this test: an answer that waited for Redis would not come.
PATIENT = "[queue.redis]\ntimeout_seconds = 60\n"
PHASE = 25


def in_order(names: Sequence[str]) -> dict[str, list[str]]:
    """The sessions of each visitor in their order, one that is there several times at its first place."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        found[name.rpartition("-")[0]].append(name)
    return found


async def phase(load: Load, what: str) -> None:
    """Let some more sessions be acknowledged, and print how fast."""
    before, begun = len(load.acknowledged), monotonic()
    await load.acknowledge(before + PHASE)
    count = len(load.acknowledged) - before
    print(f"{what}: {count} sessions acknowledged, {count / (monotonic() - begun):.0f}/s")


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
async def test_ingest_goes_on_without_redis_and_jobs_follow_in_order(
    tmp_path: Path, production_stack: Stack, trouble: Literal["killed", "frozen"]
) -> None:
    (tmp_path / "retrospec.toml").write_text(PATIENT)
    with RedisServer(persists=True) as redis:
        settings = production_stack.environ | {"REDIS_URL": redis.url}
        async with serving(tmp_path, **settings) as server:
            load = Load(server.url, "s")
            running = asyncio.create_task(load.run())
            await phase(load, "before")
            if trouble == "killed":
                redis.stop()
                await phase(load, "while Redis is away")
                await asyncio.to_thread(redis.start)
            else:
                os.kill(redis.pid, signal.SIGSTOP)
                await phase(load, "while Redis stands still")
                os.kill(redis.pid, signal.SIGCONT)
            await phase(load, "after")
            load.stop()
            await running

            assert (set(load.statuses), load.unanswered, load.errors) == ({201, 202}, [], {""})
            for queue in (REPLAY, ANALYSIS):

                async def all_there(queue: str = queue) -> list[str] | None:
                    entries = await streamed(redis.url, queue)
                    return entries if set(entries) == set(load.acknowledged) else None

                entries = await eventually(all_there, 40)
                print(f"{queue}: {len(load.acknowledged)} sessions acknowledged, {len(entries)} entries")
                assert in_order(entries) == in_order(load.acknowledged)
            await check_there(production_stack, server.url, load.acknowledged)
            async with working(tmp_path, **settings, WORKER_CONCURRENCY="8"):
                await jobs_done(production_stack)


async def test_after_a_flush_every_job_without_result_is_published_again(
    tmp_path: Path, production_stack: Stack, shared_redis: RedisServer
) -> None:
    # 3 seconds.
    settings = production_stack.environ | {"JOB_REPUBLISH_MINUTES": "0.05"}
    async with serving(tmp_path, **settings) as server:
        load = Load(server.url, "s")
        await load.send(40)
        async with working(tmp_path, **settings, WORKER_CONCURRENCY="1") as worker:

            async def some_done() -> bool:
                return len(await unfinished(production_stack, REPLAY)) < 30

            await eventually(some_done)
            worker.terminate()
            await worker.ended()
        shared_redis.empty()

        for queue in (REPLAY, ANALYSIS):
            lost = await unfinished(production_stack, queue)

            async def back(queue: str = queue, lost: set[str] = lost) -> list[str] | None:
                entries = await streamed(shared_redis.url, queue)
                return entries if lost <= set(entries) else None

            entries = await eventually(back)
            print(f"{queue}: {len(lost)} jobs without result before, {len(set(entries))} in Redis again")
            assert set(entries) == lost
        async with working(tmp_path, **settings, WORKER_CONCURRENCY="8"):
            await jobs_done(production_stack)


async def unfinished(stack: Stack, queue: str) -> set[str]:
    """The sessions whose job of a queue has no result yet."""
    found = await stack.query(f"SELECT session_id FROM jobs WHERE queue = '{queue}' AND status = 'ready'")
    return {session for (session,) in found}


async def test_two_servers_that_start_at_once_move_an_older_versions_list_in_order_and_have_the_groups_ready(
    tmp_path: Path, production_stack: Stack
) -> None:
    settings = production_stack.environ
    names = [f"old-{number}" for number in range(2000)]
    async with (
        foreign_worker(settings["REDIS_URL"], REPLAY) as replay,
        foreign_worker(settings["REDIS_URL"], ANALYSIS) as analysis,
    ):
        await replay.redis.rpush(REPLAY, *(json.dumps({"sessionId": name}) for name in names))

        async with AsyncExitStack() as servers:
            starting = (servers.enter_async_context(serving(tmp_path, **settings)) for _ in range(2))
            await asyncio.gather(*starting)

            async def groups_made() -> bool:
                return await replay.redis.type(REPLAY) == "stream" and bool(await replay.redis.exists(ANALYSIS))

            await eventually(groups_made)

        there = await streamed(settings["REDIS_URL"], REPLAY)
        print(f"{len(names)} jobs in the list, {len(there)} in the stream")
        assert there == names
        first = await replay.take()
        assert first is not None
        assert first.job == {"sessionId": names[0]}
        assert await analysis.take() is None
