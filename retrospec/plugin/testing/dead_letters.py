"""What every queue backend must do with jobs that were given up."""

from datetime import UTC, datetime, timedelta

import pytest

from retrospec.plugin import QueueBackend
from retrospec.plugin.testing.queue_kit import QueueKit, make_jobs, session_of, sessions_of


@pytest.mark.asyncio
class DeadLetterSuite(QueueKit):
    """The part of `QueueSuite` that is about dead letters."""

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

    async def test_who_tells_which_jobs_are_dead_letters_tells_them_of_both_lists_and_no_others(
        self, queue: QueueBackend, name: str
    ) -> None:
        jobs = make_jobs(3)
        await self.add(queue, name, jobs)
        await queue.bury(await self.one(queue, name), error="broke")
        await queue.bury(await self.one(queue, name), error="no JSON", scope="unprocessable")

        told = await queue.buried(name, [*(job.id for job in jobs), "job_unknown"])

        # A backend whose jobs nobody else gives up need not tell.
        assert sorted(told) in ([], sorted(job.id for job in jobs[:2]))
