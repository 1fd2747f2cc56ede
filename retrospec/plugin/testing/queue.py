"""What every queue backend must do."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from retrospec.plugin import DeadLetter, Lease, QueueBackend, QueueDepths, QueuedJob
from retrospec.plugin.queue import Scope

LONG = 300.0


def make_jobs(count: int) -> list[QueuedJob]:
    """Jobs to publish, for the sessions `s1`, `s2` and so on."""
    return [
        QueuedJob(
            id=f"job_{uuid.uuid4().hex}",
            payload=json.dumps(
                {
                    "projectId": "proj_default",
                    "sessionId": f"s{number}",
                    "eventsObjectKey": f"session-events/proj_default/2026/11/22/shop/s{number}.json",
                    "markerOffsetsMs": [900, 1800],
                    "triggerKind": "api_error",
                }
            ),
        )
        for number in range(1, count + 1)
    ]


def session_of(thing: Lease | DeadLetter) -> str:
    """Which of the jobs of `make_jobs` it is. Read from the payload, to which a backend may add fields."""
    payload = thing.job.payload if isinstance(thing, Lease) else thing.payload
    return str(json.loads(payload)["sessionId"])


def sessions_of(things: Sequence[Lease] | Sequence[DeadLetter]) -> list[str]:
    """Which jobs they are, in their order."""
    return [session_of(thing) for thing in things]


@pytest.mark.asyncio
class QueueSuite:
    """Inherit from this and override `queue`, with a backend that is open.

    ```python
    class TestShelf(QueueSuite):
        @pytest.fixture
        async def queue(self):
            async with Shelf() as shelf:
                yield shelf
    ```

    A backend whose clock can be turned overrides `pass_time`. One that hands out what another part
    of the server has written (`shares_outbox`) overrides `add`.

    Attributes:
        short: Seconds of the leases and pauses that are to run out. Longer than the backend needs
            for a few calls on a busy machine, as long as time really passes.
    """

    short: ClassVar[float] = 1.0

    @pytest.fixture
    def queue(self) -> QueueBackend:
        """Give the queue under test, open and empty."""
        raise NotImplementedError("override the fixture `queue` with an open backend")

    @pytest.fixture
    def name(self) -> str:
        """The queue that a test uses: one that no other test has used."""
        return f"suite-{uuid.uuid4().hex}"

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for the backend; waits, unless overridden.

        Args:
            seconds: How much.
        """
        await asyncio.sleep(seconds)

    async def add(self, queue: QueueBackend, name: str, jobs: Sequence[QueuedJob]) -> None:
        """Bring jobs into a queue; publishes them, unless overridden.

        Args:
            queue: The backend.
            name: Which queue.
            jobs: In order; their ids are what `claim` must hand out.
        """
        await queue.publish(name, jobs)

    async def claim(
        self, queue: QueueBackend, name: str, limit: int = 100, seconds: float = LONG, worker: str = "worker-1"
    ) -> Sequence[Lease]:
        """Claim jobs, for long unless told otherwise."""
        return await queue.claim(name, worker=worker, limit=limit, lease_seconds=seconds)

    async def one(self, queue: QueueBackend, name: str, seconds: float = LONG) -> Lease:
        """Claim the next job, which must be there."""
        [lease] = await self.claim(queue, name, limit=1, seconds=seconds)
        return lease

    async def bury_all(self, queue: QueueBackend, name: str, scope: Scope = "failed") -> None:
        """Give up all that is there, in order."""
        for lease in await self.claim(queue, name):
            assert await queue.bury(lease, error=f"{session_of(lease)} broke", scope=scope)

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

    async def test_a_dead_letter_says_when_why_how_often_and_what(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        await queue.retry(await self.one(queue, name), delay_seconds=0, error="first time")
        await queue.bury(await self.one(queue, name), error="the model said no")

        [letter] = (await queue.dead_letters(name, "failed", offset=0, limit=10)).entries

        assert (letter.error, letter.attempt, session_of(letter)) == ("the model said no", 2, "s1")
        assert letter.failed_at is not None
        assert abs(letter.failed_at - datetime.now(UTC)) < timedelta(minutes=10)
        assert list(await self.claim(queue, name)) == []

    async def test_dead_letters_are_listed_newest_first_in_pages(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(5))
        await self.bury_all(queue, name)

        pages = [await queue.dead_letters(name, "failed", offset=offset, limit=2) for offset in (0, 2, 4, 6)]

        assert [sessions_of(page.entries) for page in pages] == [["s5", "s4"], ["s3", "s2"], ["s1"], []]
        assert [page.total for page in pages] == [5, 5, 5, 5]

    async def test_what_cannot_be_read_is_listed_apart_and_never_redriven(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(2))
        await queue.bury(await self.one(queue, name), error="no JSON", scope="unprocessable")
        await queue.bury(await self.one(queue, name), error="broke")

        unprocessable = await queue.dead_letters(name, "unprocessable", offset=0, limit=10)
        failed = await queue.dead_letters(name, "failed", offset=0, limit=10)
        assert (unprocessable.total, sessions_of(unprocessable.entries)) == (1, ["s1"])
        assert (failed.total, sessions_of(failed.entries)) == (1, ["s2"])

        assert (await queue.redrive(name, limit=10)).redriven == 1
        assert sessions_of(await self.claim(queue, name)) == ["s2"]
        assert (await queue.dead_letters(name, "unprocessable", offset=0, limit=10)).total == 1

    async def test_a_purge_deletes_the_oldest_of_its_scope_up_to_its_limit(
        self, queue: QueueBackend, name: str
    ) -> None:
        await self.add(queue, name, make_jobs(3))
        await self.bury_all(queue, name)
        await self.add(queue, name, make_jobs(1))
        await self.bury_all(queue, name, "unprocessable")

        purged = await queue.purge(name, "failed", limit=2)
        assert (purged.deleted, purged.remaining) == (2, 1)
        left = await queue.dead_letters(name, "failed", offset=0, limit=10)
        assert sessions_of(left.entries) == ["s3"]

        purged = await queue.purge(name, "failed", limit=50)
        assert (purged.deleted, purged.remaining) == (1, 0)
        assert (await queue.dead_letters(name, "unprocessable", offset=0, limit=10)).total == 1
        assert (await queue.purge(name, "unprocessable", limit=50)).deleted == 1

    async def test_redriven_jobs_come_back_oldest_first_as_if_never_tried(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(3))
        for lease in await self.claim(queue, name):
            await queue.retry(lease, delay_seconds=0, error="once")
        await self.bury_all(queue, name)

        redriven = await queue.redrive(name, limit=2)
        assert (redriven.redriven, redriven.skipped, redriven.remaining_failed) == (2, 0, 1)

        leases = await self.claim(queue, name)
        assert sessions_of(leases) == ["s1", "s2"]
        assert [lease.job.attempt for lease in leases] == [0, 0]
        left = await queue.dead_letters(name, "failed", offset=0, limit=10)
        assert sessions_of(left.entries) == ["s3"]

    async def test_a_redriven_job_can_die_and_be_redriven_again(self, queue: QueueBackend, name: str) -> None:
        await self.add(queue, name, make_jobs(1))
        for _ in range(3):
            await self.bury_all(queue, name)
            assert (await queue.redrive(name, limit=10)).redriven == 1

        lease = await self.one(queue, name)
        assert (lease.job.attempt, session_of(lease)) == (0, "s1")

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
