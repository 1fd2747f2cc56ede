"""The memory queue, through the suite that every queue backend must pass, on a clock that the test turns."""

from collections.abc import AsyncIterator

import pytest

from retrospec.plugin import QueueBackend, QueuedJob
from retrospec.plugin.testing.clock import VirtualClock
from retrospec.plugin.testing.queue import LONG, QueueSuite, make_jobs, sessions_of
from retrospec_plugins.queue_memory import MemoryQueue


class TestMemoryQueue(QueueSuite):
    @pytest.fixture
    async def queue(self, clock: VirtualClock) -> AsyncIterator[QueueBackend]:
        async with MemoryQueue(clock.monotonic) as queue:
            yield queue

    async def test_a_lease_that_ran_out_is_lost_even_while_nobody_else_has_the_job(
        self, queue: QueueBackend, name: str
    ) -> None:
        await queue.publish(name, make_jobs(1))
        lease = await self.one(queue, name, 10)
        await self.pass_time(10)

        assert not await queue.extend(lease, lease_seconds=LONG)
        assert not await queue.complete(lease)
        assert (await queue.depths(name)).pending == 0

    async def test_a_job_published_while_unfinished_is_not_added_twice(self, queue: QueueBackend, name: str) -> None:
        jobs = make_jobs(1)
        await queue.publish(name, jobs)
        lease = await self.one(queue, name)
        await queue.publish(name, jobs)
        assert list(await self.claim(queue, name)) == []

        await queue.complete(lease)
        await queue.publish(name, jobs)

        assert sessions_of(await self.claim(queue, name)) == ["s1"]

    async def test_a_released_job_keeps_its_place(self, queue: QueueBackend, name: str) -> None:
        await queue.publish(name, make_jobs(3))
        await queue.release(await self.one(queue, name))

        assert sessions_of(await self.claim(queue, name)) == ["s1", "s2", "s3"]

    @pytest.mark.parametrize("payload", ["no JSON", "[1]", "", "{"])
    async def test_a_redrive_passes_over_what_cannot_be_read(
        self, queue: QueueBackend, name: str, payload: str
    ) -> None:
        await queue.publish(name, [QueuedJob("job_bad", payload), *make_jobs(2)])
        await self.bury_failed(queue, name)

        redriven = await queue.redrive(name, limit=1)

        assert (redriven.redriven, redriven.skipped, redriven.remaining_failed) == (1, 1, 2)
        assert sessions_of(await self.claim(queue, name)) == ["s1"]

    async def bury_failed(self, queue: QueueBackend, name: str) -> None:
        for lease in await self.claim(queue, name):
            await queue.bury(lease, error="broke")


async def test_by_itself_it_goes_by_the_clock_of_the_machine() -> None:
    async with MemoryQueue() as queue:
        await queue.publish("q", make_jobs(1))
        await queue.claim("q", worker="w", limit=1, lease_seconds=0)

        assert len(await queue.claim("q", worker="w", limit=1, lease_seconds=60)) == 1
        assert len(await queue.claim("q", worker="w", limit=1, lease_seconds=60)) == 0
