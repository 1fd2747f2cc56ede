"""The worker: every job is done, tried again or given up, and none is lost when it stops."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.jobs.handler import JobContext, Unprocessable
from retrospec.jobs.models import Job
from retrospec.jobs.retry import RetryPolicy
from retrospec.jobs.worker import Worker
from retrospec.plugin import Lease, QueueUnavailable, RetryAfter
from tests.jobs.kit import add, new_job, until, until_status

AT_ONCE = RetryPolicy(max_attempts=3, pauses=(0,))


class Crew:
    """Starts workers, and stops them at the end of the test."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.queue = DatabaseQueue()
        self.workers: list[Worker] = []
        self.buried: list[tuple[str, int, str]] = []
        self._outcomes: Counter[str] = Counter()

    def start(self, handle: Any, **options: Any) -> Worker:
        given: dict[str, Any] = {
            "name": "w",
            "counters": self.counters,
            "retry": AT_ONCE,
            "poll_seconds": 0.05,
        } | options
        queue = given.pop("queue", self.queue)
        worker = Worker(queue, {"replay": handle}, on_buried={"replay": self.on_buried}, **given)
        self.workers.append(worker)
        worker.start()
        return worker

    async def on_buried(self, job: JobContext, error: str) -> None:
        assert (await Job.get(id=job.id)).status == "leased"
        self.buried.append((job.id, job.attempt, error))

    def outcomes(self) -> dict[str, float]:
        for (name, labels), amount in self.counters.drain().items():
            if name == "retrospec_jobs_total":
                self._outcomes[dict(labels)["outcome"]] += int(amount)
        return dict(self._outcomes)

    async def ends_with(self, outcomes: dict[str, float]) -> None:
        # A job's row says how it ended a moment before that is counted.
        await until(lambda: sum(self.outcomes().values()) >= sum(outcomes.values()))
        assert self.outcomes() == outcomes


@pytest.fixture
async def crew(database: Database) -> AsyncIterator[Crew]:
    crew = Crew()
    yield crew
    for worker in crew.workers:
        await worker.stop(grace=0)


async def for_ever(job: JobContext) -> None:
    await asyncio.Event().wait()


async def test_a_job_is_done_once_and_completed(database: Database, crew: Crew) -> None:
    done: list[str] = []

    async def handle(job: JobContext) -> None:
        done.append(job.payload)

    jobs = [new_job(f"s{number}") for number in range(12)]
    await add(database, *jobs)
    crew.start(handle, concurrency=4)
    await until_status("done", 12)

    assert sorted(done) == sorted(job.payload for job in jobs)
    await crew.ends_with({"done": 12})


async def test_no_more_jobs_run_at_once_than_allowed(database: Database, crew: Crew) -> None:
    running = most = 0

    async def handle(job: JobContext) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    await add(database, *(new_job(f"s{number}") for number in range(10)))
    crew.start(handle, concurrency=3)
    await until_status("done", 10)

    assert most == 3


async def test_a_failing_job_is_tried_again_and_then_given_up(database: Database, crew: Crew) -> None:
    attempts: list[int] = []

    async def handle(job: JobContext) -> None:
        attempts.append(job.attempt)
        raise ValueError("the model said no")

    job = new_job()
    await add(database, job)
    crew.start(handle)
    await until_status("failed")

    assert attempts == [0, 1, 2]
    assert (await Job.get()).error == "ValueError: the model said no"
    assert crew.buried == [(job.id, 2, "ValueError: the model said no")]
    await crew.ends_with({"retried": 2, "failed": 1})


async def test_a_job_rests_before_it_is_tried_again(database: Database, crew: Crew) -> None:
    async def handle(job: JobContext) -> None:
        raise ValueError

    await add(database, new_job())
    crew.start(handle, retry=RetryPolicy(base_seconds=600))
    await until_status("ready")
    await until(lambda: bool(crew.outcomes()))

    job = await Job.get()
    assert 600 <= (job.due_at - job.created_at).total_seconds() < 800
    assert (await crew.queue.depths("replay")).retry_depth == 1


async def test_a_handler_may_choose_the_pause(database: Database, crew: Crew) -> None:
    async def handle(job: JobContext) -> None:
        raise RetryAfter(7_000, "the model is busy")

    await add(database, new_job())
    crew.start(handle)
    await until(lambda: bool(crew.outcomes()))

    job = await Job.get()
    assert 7_000 <= (job.due_at - job.created_at).total_seconds() < 7_060
    assert job.error == "RetryAfter: the model is busy"


async def test_what_cannot_be_read_is_given_up_at_once(database: Database, crew: Crew) -> None:
    async def handle(job: JobContext) -> None:
        raise Unprocessable("not a job")

    await add(database, new_job())
    crew.start(handle)
    await until_status("unprocessable")

    assert [(attempt, error) for _, attempt, error in crew.buried] == [(0, "not a job")]
    await crew.ends_with({"unprocessable": 1})


async def test_a_job_is_given_up_even_if_nobody_can_be_told(database: Database, crew: Crew) -> None:
    async def handle(job: JobContext) -> None:
        raise Unprocessable("not a job")

    async def on_buried(job: JobContext, error: str) -> None:
        raise ZeroDivisionError

    crew.on_buried = on_buried  # type: ignore[method-assign]
    await add(database, new_job())
    crew.start(handle)

    await until_status("unprocessable")


async def test_a_job_that_takes_longer_than_a_lease_stays_its_workers(database: Database, crew: Crew) -> None:
    held: list[bool] = []

    async def handle(job: JobContext) -> None:
        await asyncio.sleep(2.5)
        held.append(await job.still_held())

    await add(database, new_job())
    crew.start(handle, lease_seconds=1)
    await until_status("leased")
    rival = crew.start(for_ever, name="rival", lease_seconds=1)
    await until_status("done")

    assert held == [True]
    assert rival.running == 0
    assert (await Job.get()).attempt == 0


async def test_a_job_that_went_to_another_worker_is_dropped(database: Database, crew: Crew) -> None:
    ended: list[object] = []

    async def handle(job: JobContext) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(await job.still_held())

    await add(database, new_job())
    worker = crew.start(handle, lease_seconds=1)
    await until(lambda: worker.running == 1)
    await Job.all().update(lease_token=7, worker="another")
    await until(lambda: worker.running == 0)

    assert ended == [False]
    job = await Job.get()
    assert (job.status, job.lease_token, job.worker) == ("leased", 7, "another")
    await crew.ends_with({"lost": 1})


async def test_a_result_that_comes_too_late_is_not_counted_as_done(database: Database, crew: Crew) -> None:
    async def handle(job: JobContext) -> None:
        await Job.all().update(lease_token=7)

    await add(database, new_job())
    crew.start(handle)
    await until_status("leased")
    outcomes: dict[str, float] = {}
    await until(lambda: bool(outcomes.update(crew.outcomes()) or outcomes))

    assert outcomes == {"lost": 1}
    assert (await Job.get()).status == "leased"


async def test_a_job_that_takes_too_long_is_cancelled_and_tried_again(database: Database, crew: Crew) -> None:
    await add(database, new_job())
    crew.start(for_ever, job_timeout=0.1)
    await until_status("failed")

    assert (await Job.get()).error == "TimeoutError: took longer than 0.1 s"


async def test_a_job_that_will_not_end_does_not_keep_its_slot(
    database: Database, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrospec.jobs.hold.CLEANUP_SECONDS", 0.1)
    released = asyncio.Event()

    async def handle(job: JobContext) -> None:
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()

    await add(database, new_job())
    crew.start(handle, job_timeout=0.1)
    await until_status("failed")
    released.set()

    assert (await Job.get()).error.startswith("TimeoutError")


async def test_a_handler_that_is_cancelled_from_within_has_failed(database: Database, crew: Crew) -> None:
    async def handle(job: JobContext) -> None:
        raise asyncio.CancelledError

    await add(database, new_job())
    crew.start(handle)
    await until_status("failed")

    await crew.ends_with({"retried": 2, "failed": 1})


async def test_a_job_that_kills_its_workers_is_given_up(database: Database, crew: Crew) -> None:
    ran: list[str] = []

    async def handle(job: JobContext) -> None:
        ran.append(job.id)

    await add(database, new_job())
    for _ in range(3):
        await crew.queue.claim("replay", worker="doomed", limit=1, lease_seconds=0)
    crew.start(handle)
    await until_status("failed")

    assert ran == []
    assert "its worker stopped" in (await Job.get()).error
    assert len(crew.buried) == 1


async def test_queues_take_turns(database: Database, crew: Crew) -> None:
    order: list[str] = []

    async def handle(job: JobContext) -> None:
        order.append(job.queue)

    await add(database, *(new_job(f"s{number}") for number in range(40)))
    await add(database, *(new_job(f"s{number}", queue="analysis") for number in range(5)))
    handlers = {"replay": handle, "analysis": handle}
    worker = Worker(crew.queue, handlers, name="w", counters=crew.counters, concurrency=1)
    crew.workers.append(worker)
    worker.start()
    await until_status("done", 45)

    assert order[:10] == ["replay", "analysis"] * 5


async def test_a_free_slot_is_filled_by_whichever_queue_has_jobs(database: Database, crew: Crew) -> None:
    handlers = {"replay": for_ever, "analysis": for_ever}
    await add(database, *(new_job(f"s{number}", queue="analysis") for number in range(10)))
    worker = Worker(crew.queue, handlers, name="w", counters=crew.counters, concurrency=6)
    crew.workers.append(worker)
    worker.start()

    await until(lambda: worker.running == 6)


async def test_a_worker_that_is_woken_looks_at_once(database: Database, crew: Crew) -> None:
    async def handle(job: JobContext) -> None:
        return

    worker = crew.start(handle, poll_seconds=3600)
    await asyncio.sleep(0.1)
    await add(database, new_job())
    worker.wake()

    await until_status("done")


async def test_a_stopping_worker_finishes_what_it_has_begun(database: Database, crew: Crew) -> None:
    finish = asyncio.Event()

    async def handle(job: JobContext) -> None:
        await finish.wait()

    await add(database, *(new_job(f"s{number}") for number in range(5)))
    worker = crew.start(handle)
    await until(lambda: worker.running == 2)
    stopping = asyncio.create_task(worker.stop(grace=20))
    await asyncio.sleep(0.1)
    finish.set()
    await stopping

    assert await Job.filter(status="done").count() == 2
    assert await Job.filter(status="ready", lease_token=0).count() == 3


async def test_a_stopping_worker_gives_back_what_it_cannot_finish(database: Database, crew: Crew) -> None:
    await add(database, new_job())
    worker = crew.start(for_ever)
    await until(lambda: worker.running == 1)

    await worker.stop(grace=0.05)

    job = await Job.get()
    assert (job.status, job.attempt, job.worker) == ("ready", 0, "")
    assert worker.running == 0
    await crew.ends_with({"released": 1})


async def test_a_worker_that_never_started_stops(database: Database, crew: Crew) -> None:
    await Worker(crew.queue, {}, name="w", counters=crew.counters).stop()


class Moody(DatabaseQueue):
    """Does not answer for a while."""

    def __init__(self, *refusals: str) -> None:
        super().__init__()
        self.refusals = list(refusals)

    def refuse(self, call: str) -> None:
        if call in self.refusals:
            self.refusals.remove(call)
            raise QueueUnavailable

    async def claim(self, queue: str, *, worker: str, limit: int, lease_seconds: float) -> Sequence[Lease]:
        self.refuse("claim")
        return await super().claim(queue, worker=worker, limit=limit, lease_seconds=lease_seconds)

    async def complete(self, lease: Lease) -> bool:
        self.refuse("complete")
        return await super().complete(lease)

    async def extend(self, lease: Lease, *, lease_seconds: float) -> bool:
        self.refuse("extend")
        return await super().extend(lease, lease_seconds=lease_seconds)


async def test_a_queue_that_is_away_for_a_while_loses_nothing(database: Database, crew: Crew) -> None:
    queue = Moody("claim", "claim", "extend", "complete", "complete")
    ran: list[int] = []

    async def handle(job: JobContext) -> None:
        ran.append(job.attempt)
        await asyncio.sleep(0.5)

    await add(database, new_job())
    crew.start(handle, queue=queue, lease_seconds=1, poll_seconds=0.01)
    await until_status("done")

    assert queue.refusals == []
    assert ran == [0]
    assert ("retrospec_worker_queue_errors_total", ()) in crew.counters.drain()


async def test_a_lease_that_cannot_be_extended_in_time_ends_the_work(database: Database, crew: Crew) -> None:
    queue = Moody(*["extend"] * 50)
    ended = asyncio.Event()

    async def handle(job: JobContext) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await add(database, new_job())
    worker = crew.start(handle, queue=queue, lease_seconds=0.3)
    async with asyncio.timeout(20):
        await ended.wait()
    await worker.stop(grace=0)

    assert crew.outcomes()["lost"] >= 1
