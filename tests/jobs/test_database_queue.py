"""What the database queue promises beyond the suite that all queues pass."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest

from retrospec.core.db import Database, transaction
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.jobs.models import Job
from retrospec.plugin import Lease, QueuedJob, QueueUnavailable
from retrospec.plugin.testing.clock import VirtualClock
from tests.jobs.kit import START, add, new_job


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def queue(database: Database, clock: VirtualClock) -> DatabaseQueue:
    return DatabaseQueue(clock.now)


async def claim(queue: DatabaseQueue, limit: int = 100) -> list[Lease]:
    return list(await queue.claim("replay", worker="w", limit=limit, lease_seconds=60))


async def test_a_lease_that_runs_out_counts_as_an_attempt(
    database: Database, queue: DatabaseQueue, clock: VirtualClock
) -> None:
    await add(database, new_job(), now=START)
    attempts = []
    for _ in range(3):
        attempts += [lease.job.attempt for lease in await claim(queue)]
        clock.advance(60)

    assert attempts == [0, 1, 2]


async def test_a_lease_that_ran_out_holds_until_somebody_else_has_the_job(
    database: Database, queue: DatabaseQueue, clock: VirtualClock
) -> None:
    await add(database, new_job("s1"), new_job("s2"), now=START)
    extended, completed = await claim(queue)
    clock.advance(600)

    assert await queue.extend(extended, lease_seconds=60)
    assert await queue.complete(completed)
    assert await claim(queue) == []


async def test_a_job_that_comes_back_goes_before_newer_ones(
    database: Database, queue: DatabaseQueue, clock: VirtualClock
) -> None:
    await add(database, *(new_job(f"s{number}") for number in range(3)), now=START)
    released, _expired, _waiting = await claim(queue)
    await queue.release(released)
    clock.advance(60)
    await add(database, new_job("s3"), now=clock.now())

    assert [lease.job.attempt for lease in await claim(queue)] == [0, 1, 1, 0]


async def test_a_job_is_not_handed_out_before_it_is_due(
    database: Database, queue: DatabaseQueue, clock: VirtualClock
) -> None:
    await add(database, new_job(), now=START + timedelta(seconds=10))

    assert await claim(queue) == []
    assert (await queue.depths("replay")).retry_depth == 1
    clock.advance(10)
    assert len(await claim(queue)) == 1


async def test_what_is_said_within_a_transaction_holds_with_it(database: Database, queue: DatabaseQueue) -> None:
    await add(database, new_job(), now=START)
    [lease] = await claim(queue)

    async def complete_in_vain() -> None:
        async with transaction():
            assert await queue.complete(lease)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await complete_in_vain()

    assert (await Job.get()).status == "leased"
    assert await queue.complete(lease)


async def test_a_queue_of_done_jobs_is_an_empty_one(database: Database, queue: DatabaseQueue) -> None:
    await add(database, new_job(), now=START)
    [lease] = await claim(queue)
    await queue.complete(lease)

    assert (await queue.depths("replay")).stream_depth == 0
    assert (await Job.get()).finished_at == START


async def test_any_error_text_can_be_kept(database: Database, queue: DatabaseQueue) -> None:
    await add(database, new_job(), now=START)
    [lease] = await claim(queue)

    assert await queue.bury(lease, error="\0half \ud83d" + "x" * 10_000)

    [letter] = (await queue.dead_letters("replay", "failed", offset=0, limit=1)).entries
    assert letter.error.startswith("half ?xxx")
    assert len(letter.error) <= 4_000


async def test_a_redrive_sets_aside_what_cannot_be_read(queue: DatabaseQueue) -> None:
    unreadable = ["no JSON", "[1]", "", "{", "[" * 100_000]
    bad = [QueuedJob(f"bad{number}", payload) for number, payload in enumerate(unreadable)]
    await queue.publish("replay", [*bad, *(QueuedJob(f"j{number}", "{}") for number in range(3))])
    for lease in await claim(queue):
        await queue.bury(lease, error="broke")

    redriven = await queue.redrive("replay", limit=2)

    assert (redriven.redriven, redriven.skipped, redriven.remaining_failed) == (2, 5, 1)
    assert [lease.job.id for lease in await claim(queue)] == ["j0", "j1"]
    aside = await queue.dead_letters("replay", "unprocessable", offset=0, limit=5)
    assert [(letter.payload, letter.error) for letter in aside.entries] == [
        (text, "broke") for text in unreadable[::-1]
    ]


async def test_an_old_lease_is_worth_nothing_after_a_redrive(database: Database, queue: DatabaseQueue) -> None:
    await add(database, new_job(), now=START)
    [old] = await claim(queue)
    await queue.bury(old, error="broke")
    await queue.redrive("replay", limit=1)
    await claim(queue)

    assert not await queue.complete(old)


async def test_a_published_job_belongs_to_the_session_it_names(queue: DatabaseQueue) -> None:
    named = QueuedJob("j1", '{"projectId": "p1", "sessionId": "s1"}', attempt=2)
    odd = QueuedJob("j2", '{"projectId": 5, "sessionId": "' + "s" * 200 + '"}')

    await queue.publish("replay", [named, odd])

    jobs = await Job.all().order_by("uid")
    assert [(job.project_id, job.session_id, job.attempt) for job in jobs] == [("p1", "s1", 2), ("", "", 0)]


async def test_dead_letters_beyond_the_end_are_an_empty_page(database: Database, queue: DatabaseQueue) -> None:
    page = await queue.dead_letters("replay", "failed", offset=1_000_000_000, limit=200)

    assert (page.total, list(page.entries)) == (0, [])


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_an_idle_worker_takes_no_lock_on_sqlite(database: Database, queue: DatabaseQueue) -> None:
    writer = sqlite3.connect(database.url.removeprefix("sqlite://"), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        async with asyncio.timeout(10):
            assert await claim(queue) == []
    finally:
        writer.close()


async def test_a_database_that_is_away_makes_the_queue_unavailable(
    database: Database, queue: DatabaseQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, new_job(), now=START)
    [lease] = await claim(queue)

    async def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    for name in ("execute_query", "execute_query_dict"):
        monkeypatch.setattr(type(database.connection), name, refuse)

    for call in (
        queue.claim("replay", worker="w", limit=1, lease_seconds=60),
        queue.publish("replay", [QueuedJob("j1", "{}")]),
        queue.complete(lease),
        queue.depths("replay"),
        queue.redrive("replay", limit=1),
    ):
        with pytest.raises(QueueUnavailable):
            await call
