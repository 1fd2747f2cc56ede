"""What every queue backend must do."""

import asyncio
import json
from typing import ClassVar

import pytest

from retrospec.plugin import Lease, QueueBackend, QueueDepths
from retrospec.plugin.testing.dead_letters import DeadLetterSuite
from retrospec.plugin.testing.queue_kit import LONG, make_jobs, session_of, sessions_of

__all__ = ["LONG", "QueueSuite", "make_jobs", "session_of", "sessions_of"]


@pytest.mark.asyncio
class QueueSuite(DeadLetterSuite):
    """Inherit from this and override `queue`, with a backend that is open.

    ```python
    class TestShelf(QueueSuite):
        @pytest.fixture
        async def queue(self):
            async with Shelf() as shelf:
                yield shelf
    ```

    A backend that takes a clock gets the fixture `clock`, which the suite turns instead of waiting; one whose time
    passes in some other way overrides `pass_time`. One that hands out what another part
    of the server has written (`shares_outbox`) overrides `add`.

    Attributes:
        short: Seconds of the leases and pauses that are to run out. Longer than the backend needs
            for a few calls on a busy machine, as long as time really passes.
    """

    short: ClassVar[float] = 1.0

    async def test_an_unknown_queue_is_an_empty_one(self, queue: QueueBackend, name: str) -> None:
        assert list(await self.claim(queue, name)) == []
        assert await queue.depths(name) == QueueDepths()
        assert (await queue.dead_letters(name, "failed", offset=0, limit=10)).total == 0

    async def test_jobs_come_in_the_order_in_which_they_went(self, queue: QueueBackend, name: str) -> None:
        jobs = make_jobs(5)
        await self.add(queue, name, jobs[:3])
        await self.add(queue, name, jobs[3:])

        first, rest = await self.claim(queue, name, limit=2), await self.claim(queue, name)

        assert sessions_of([*first, *rest]) == ["s1", "s2", "s3", "s4", "s5"]

    async def test_a_job_arrives_as_it_was_sent(self, queue: QueueBackend, name: str) -> None:
        [job] = make_jobs(1)
        await self.add(queue, name, [job])

        lease = await self.one(queue, name)

        assert (lease.queue, lease.job.id, lease.job.attempt) == (name, job.id, 0)
        assert json.loads(lease.job.payload).items() >= json.loads(job.payload).items()

    async def test_two_queues_share_nothing(self, queue: QueueBackend, name: str) -> None:
        other = f"{name}-other"
        await self.add(queue, name, make_jobs(2))
        await self.add(queue, other, make_jobs(3))
        await self.bury_all(queue, name)

        assert len(await self.claim(queue, other)) == 3
        assert (await queue.depths(other)).failed_depth == 0
        assert (await queue.redrive(other, limit=10)).redriven == 0
        assert (await queue.purge(name, "failed", limit=10)).deleted == 2

    async def test_workers_at_the_same_time_never_get_the_same_job(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(60))
        got: list[Lease] = []

        async def work(number: int) -> None:
            while leases := await self.claim(queue, name, limit=3, worker=f"worker-{number}"):
                got.extend(leases)

        await asyncio.gather(*(work(number) for number in range(6)))
        # One that found all the others' jobs taken may have left early.
        await work(0)

        assert sorted(sessions_of(got)) == sorted(f"s{number}" for number in range(1, 61))
        assert len({lease.token for lease in got}) == 60

    async def test_a_completed_job_never_comes_back(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        lease = await self.one(queue, name, self.short)

        assert await queue.complete(lease)
        await self.pass_time(self.short * 1.5)

        assert list(await self.claim(queue, name)) == []
        assert await queue.depths(name) == QueueDepths()

    async def test_a_held_job_is_nobody_elses(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        await self.one(queue, name)

        assert list(await self.claim(queue, name, worker="worker-2")) == []

    async def test_a_job_whose_lease_ran_out_is_handed_out_again_under_its_id(
        self, queue: QueueBackend, name: str
    ) -> None:
        await self.add(queue, name, make_jobs(1))
        lost = await self.one(queue, name, self.short)
        await self.pass_time(self.short * 1.5)

        again = await self.one(queue, name)

        assert (again.job.id, session_of(again)) == (lost.job.id, "s1")
        assert again.token != lost.token
        assert await queue.complete(again)

    async def test_what_is_said_under_a_lost_lease_is_refused_and_changes_nothing(
        self, queue: QueueBackend, name: str
    ) -> None:
        await self.add(queue, name, make_jobs(1))
        lost = await self.one(queue, name, self.short)
        await self.pass_time(self.short * 1.5)
        held = await self.one(queue, name)

        assert not await queue.extend(lost, lease_seconds=LONG)
        assert not await queue.retry(lost, delay_seconds=0, error="late")
        assert not await queue.release(lost)
        assert not await queue.bury(lost, error="late")
        assert not await queue.complete(lost)

        assert await queue.depths(name) == QueueDepths(stream_depth=1, pending=1)
        assert list(await self.claim(queue, name)) == []
        assert await queue.complete(held)

    async def test_a_lease_ends_with_the_first_word_on_it(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(4))
        completed, retried, released, buried = await self.claim(queue, name)
        assert await queue.complete(completed)
        assert await queue.retry(retried, delay_seconds=LONG, error="again")
        assert await queue.release(released)
        assert await queue.bury(buried, error="broke")
        before = await queue.depths(name)

        for lease in (completed, retried, released, buried):
            assert not await queue.complete(lease)
            assert not await queue.extend(lease, lease_seconds=LONG)
            assert not await queue.bury(lease, error="twice")

        assert await queue.depths(name) == before

    async def test_an_extended_lease_holds_for_longer(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        lease = await self.one(queue, name, self.short)

        assert await queue.extend(lease, lease_seconds=LONG)
        await self.pass_time(self.short * 1.5)

        assert list(await self.claim(queue, name)) == []
        assert await queue.complete(lease)

    async def test_an_extension_counts_from_now(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        lease = await self.one(queue, name, LONG)

        assert await queue.extend(lease, lease_seconds=self.short)
        await self.pass_time(self.short * 1.5)

        assert session_of(await self.one(queue, name)) == "s1"

    async def test_a_retried_job_comes_back_with_one_attempt_more(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        first = await self.one(queue, name)
        assert await queue.retry(first, delay_seconds=0, error="once")
        second = await self.one(queue, name)
        assert await queue.retry(second, delay_seconds=0, error="twice")
        third = await self.one(queue, name)

        assert [lease.job.attempt for lease in (first, second, third)] == [0, 1, 2]
        assert len({lease.job.id for lease in (first, second, third)}) == 1
        assert session_of(third) == "s1"

    async def test_a_retried_job_rests_first_while_others_go_on(self, queue: QueueBackend, name: str) -> None:
        if not queue.delays:
            pytest.skip("the backend declares delays = False")
        await self.add(queue, name, make_jobs(2))
        lease = await self.one(queue, name)
        assert await queue.retry(lease, delay_seconds=self.short * 3, error="later")

        assert await queue.depths(name) == QueueDepths(stream_depth=1, retry_depth=1)
        assert sessions_of(await self.claim(queue, name)) == ["s2"]

        await self.pass_time(self.short * 3.5)
        assert sessions_of(await self.claim(queue, name)) == ["s1"]
        assert await queue.depths(name) == QueueDepths(stream_depth=2, pending=2)

    async def test_a_released_job_is_there_at_once_with_no_attempt_more(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        lease = await self.one(queue, name)

        assert await queue.release(lease)

        again = await self.one(queue, name)
        assert (again.job.id, again.job.attempt) == (lease.job.id, 0)

    async def test_the_depths_follow_a_job_through_its_life(self, queue: QueueBackend, name: str) -> None:
        if not queue.delays:
            pytest.skip("the backend declares delays = False")
        await self.add(queue, name, make_jobs(3))
        assert await queue.depths(name) == QueueDepths(stream_depth=3)

        first, second = await self.claim(queue, name, limit=2)
        assert await queue.depths(name) == QueueDepths(stream_depth=3, pending=2)

        await queue.retry(first, delay_seconds=LONG, error="again")
        assert await queue.depths(name) == QueueDepths(stream_depth=2, pending=1, retry_depth=1)

        await queue.bury(second, error="broke")
        assert await queue.depths(name) == QueueDepths(stream_depth=1, retry_depth=1, failed_depth=1)

        await queue.bury(await self.one(queue, name), error="unreadable", scope="unprocessable")
        assert await queue.depths(name) == QueueDepths(retry_depth=1, failed_depth=2)

        await queue.redrive(name, limit=10)
        assert await queue.depths(name) == QueueDepths(stream_depth=1, retry_depth=1, failed_depth=1)

    async def test_a_queue_that_is_made_ready_is_empty_and_loses_nothing_when_that_is_done_again(
        self, queue: QueueBackend, name: str
    ) -> None:
        await queue.prepare(name)
        assert await queue.depths(name) == QueueDepths()
        await self.add(queue, name, make_jobs(2))
        held = await self.one(queue, name)

        await queue.prepare(name)

        assert await queue.depths(name) == QueueDepths(stream_depth=2, pending=1)
        assert sessions_of(await self.claim(queue, name)) == ["s2"]
        assert await queue.complete(held)

    async def test_a_job_published_twice_is_delivered_at_least_once_under_one_id(
        self, queue: QueueBackend, name: str
    ) -> None:
        if queue.shares_outbox:
            pytest.skip("the backend declares shares_outbox = True: nothing is published to it")
        jobs = make_jobs(2)
        await queue.publish(name, jobs)
        await queue.publish(name, jobs)

        leases = await self.claim(queue, name)

        assert {lease.job.id for lease in leases} == {job.id for job in jobs}
        for lease in leases:
            assert await queue.complete(lease)

    async def test_publishing_nothing_is_nothing(self, queue: QueueBackend, name: str) -> None:
        await queue.publish(name, [])

        assert await queue.depths(name) == QueueDepths()

    async def test_it_says_that_it_works(self, queue: QueueBackend) -> None:
        assert await queue.check()
