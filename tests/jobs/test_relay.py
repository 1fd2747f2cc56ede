"""The relay: jobs reach another queue in order and at least once, and the outbox stays the truth."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from retrospec.core.counters import Counters
from retrospec.core.db import Database, transaction
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.jobs.models import Job
from retrospec.jobs.outbox import delete_of_sessions, enqueue_latest
from retrospec.jobs.relay import BATCH, Relay
from retrospec.jobs.relayed import RelayedQueue, result_came
from retrospec.maintenance.schedules import Turn
from retrospec.plugin import QueuedJob, QueueUnavailable
from retrospec_plugins.queue_memory import MemoryQueue
from retrospec_plugins.queue_redis import RedisQueue, RedisSettings
from tests.jobs.kit import add, new_job
from tests.redisserver import RedisServer

METRICS = {"replay": "retrospec_replay_queue_errors_total", "analysis": "retrospec_analysis_queue_errors_total"}
LONG, SHORT = timedelta(minutes=30), timedelta(seconds=0.3)


class Kit:
    """A relay and what stands around it."""

    def __init__(self, database: Database, queue: RelayedQueue, patience: timedelta) -> None:
        self.database = database
        self.queue = queue
        self.patience = patience
        self.counters = Counters()

    def relay(self) -> Relay:
        """One more relay, as another process has one."""
        turn = Turn(self.database, "relay", seconds=15)
        return Relay(
            self.database, self.queue, METRICS, self.counters, turn, patience=self.patience, published=lambda: None
        )

    async def published(self, queue: str = "replay") -> list[str]:
        """Sessions of the jobs that nobody has claimed, in their order. They are claimed by this."""
        leases = await self.queue.claim(queue, worker="test", limit=10_000, lease_seconds=60)
        return [str(json.loads(lease.job.payload)["sessionId"]) for lease in leases]


@pytest.fixture
async def kit(database: Database, redis_url: str) -> AsyncIterator[Kit]:
    backend = RedisQueue(RedisSettings(url=SecretStr(redis_url)))
    async with RelayedQueue(backend, database, LONG) as queue:
        yield Kit(database, queue, LONG)


@pytest.fixture
async def impatient(database: Database, redis_url: str) -> AsyncIterator[Kit]:
    """One that looks for lost jobs very soon."""
    backend = RedisQueue(RedisSettings(url=SecretStr(redis_url)))
    async with RelayedQueue(backend, database, SHORT) as queue:
        yield Kit(database, queue, SHORT)


async def statuses() -> dict[str, str]:
    return {job.session_id: job.status for job in await Job.all()}


async def test_jobs_are_published_in_order_and_once(database: Database, kit: Kit) -> None:
    count = BATCH * 2 + 3
    await add(database, *(new_job(f"s{number}") for number in range(count)), new_job("a1", queue="analysis"))
    relay = kit.relay()

    await relay.step()
    await relay.step()

    assert await kit.published() == [f"s{number}" for number in range(count)]
    assert await kit.published("analysis") == ["a1"]
    assert await Job.filter(published_at=None).count() == 0


async def test_jobs_of_other_queues_stay_where_they_are(database: Database, kit: Kit) -> None:
    await add(database, new_job("s1", queue="alerts:webhook"))

    await kit.relay().step()

    assert (await Job.get()).published_at is None
    assert len(await DatabaseQueue().claim("alerts:webhook", worker="w", limit=1, lease_seconds=60)) == 1


async def test_a_published_job_carries_the_id_of_its_row(database: Database, kit: Kit) -> None:
    await add(database, new_job("s1"))
    await kit.relay().step()

    [lease] = await kit.queue.claim("replay", worker="w", limit=1, lease_seconds=60)

    assert lease.job.id == json.loads(lease.job.payload)["jobId"] == (await Job.get()).id


async def test_what_was_superseded_or_deleted_before_it_was_published_never_is(database: Database, kit: Kit) -> None:
    await add(database, new_job("s1"), new_job("s2"), new_job("s3"))
    await enqueue_latest(database.connection, [new_job("s1", said="newer")], datetime.now(UTC))
    await delete_of_sessions(database.connection, "p1", ["s2"])

    await kit.relay().step()

    leases = await kit.queue.claim("replay", worker="w", limit=10, lease_seconds=60)
    said = [json.loads(lease.job.payload) for lease in leases]
    assert sorted((job["sessionId"], job["said"]) for job in said) == [("s1", "newer"), ("s3", "first")]


async def test_a_published_job_stays_beside_the_newer_one_of_its_session(database: Database, kit: Kit) -> None:
    await add(database, new_job("s1"))
    await kit.relay().step()
    await enqueue_latest(database.connection, [new_job("s1", said="newer")], datetime.now(UTC))

    await kit.relay().step()

    assert await kit.published() == ["s1", "s1"]


async def test_while_the_queue_is_away_jobs_wait_and_each_failure_is_counted(
    database: Database, redis_url: str
) -> None:
    with RedisServer() as server:
        server.stop()
        backend = RedisQueue(RedisSettings(url=SecretStr(server.url)))
        async with RelayedQueue(backend, database, LONG) as queue:
            kit = Kit(database, queue, LONG)
            await add(database, *(new_job(f"s{number}") for number in range(5)))
            relay = kit.relay()
            await relay.step()
            # Resting: not every commit may try.
            await relay.step()
            assert kit.counters.drain() == {("retrospec_replay_queue_errors_total", ()): 1}

            server.start()
            await asyncio.sleep(0.3)
            await relay.step()

            assert await kit.published() == [f"s{number}" for number in range(5)]


async def test_jobs_without_result_are_published_again_after_redis_was_emptied(
    database: Database, impatient: Kit, shared_redis: RedisServer
) -> None:
    await add(database, new_job("done"), new_job("held"), new_job("waiting"))
    relay = impatient.relay()
    await relay.step()
    [done, _] = await impatient.queue.claim("replay", worker="w", limit=2, lease_seconds=60)
    assert await impatient.queue.complete(done)
    shared_redis.empty()

    await relay.step()
    assert await impatient.published() == []
    await asyncio.sleep(SHORT.total_seconds())
    await relay.step()

    assert await impatient.published() == ["held", "waiting"]


async def test_a_lost_job_is_published_again_also_when_newer_ones_came_since(
    database: Database, impatient: Kit, shared_redis: RedisServer
) -> None:
    await add(database, new_job("lost"))
    relay = impatient.relay()
    await relay.step()
    shared_redis.empty()
    await asyncio.sleep(SHORT.total_seconds())
    await impatient.queue.publish("replay", [QueuedJob("j", '{"sessionId":"newer"}')])

    await relay.step()

    assert await impatient.published() == ["newer", "lost"]


async def test_a_job_that_waits_its_turn_for_long_is_not_published_again(database: Database, impatient: Kit) -> None:
    await add(database, new_job("s1"), new_job("s2"))
    relay = impatient.relay()
    for _ in range(3):
        await relay.step()
        await asyncio.sleep(SHORT.total_seconds())

    assert (await impatient.queue.depths("replay")).stream_depth == 2


async def test_each_time_without_result_the_relay_waits_longer(
    database: Database, impatient: Kit, shared_redis: RedisServer
) -> None:
    await add(database, new_job("s1"))
    relay = impatient.relay()
    waits = []
    for _ in range(3):
        await relay.step()
        job = await Job.get()
        assert job.published_at is not None
        waits.append(round((job.due_at - job.published_at).total_seconds(), 1))
        shared_redis.empty()
        await Job.all().update(due_at=datetime.now(UTC))

    assert waits == [0.3, 0.6, 1.2]


async def test_relays_at_once_publish_each_job_once_and_in_order(database: Database, kit: Kit) -> None:
    relays = [kit.relay() for _ in range(4)]
    for round_ in range(3):
        await add(database, *(new_job(f"s{round_}-{number}") for number in range(BATCH + 50)))
        await asyncio.gather(*(relay.step() for relay in relays))

    expected = [f"s{round_}-{number}" for round_ in range(3) for number in range(BATCH + 50)]
    assert await kit.published() == expected


async def publisher(database: Database, redis_url: str) -> Process:
    command = (sys.executable, "-m", "tests.jobs.publisher", database.url, redis_url)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def ended(process: Process) -> int:
    """Let it end, and say how it did."""
    assert process.stdin is not None
    process.stdin.close()
    async with asyncio.timeout(20):
        return await process.wait()


async def arrived(kit: Kit, count: int) -> None:
    async with asyncio.timeout(30):
        while (await kit.queue.depths("replay")).stream_depth < count:
            await asyncio.sleep(0.02)


async def test_processes_take_turns_and_publish_each_job_once_and_in_order(
    database: Database, kit: Kit, redis_url: str
) -> None:
    processes = [await publisher(database, redis_url) for _ in range(3)]
    for step in range(30):
        await add(database, *(new_job(f"s{step:02}-{number}") for number in range(20)))
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"wake\n")
    await arrived(kit, 600)

    assert [await ended(process) for process in processes] == [0, 0, 0]
    assert await kit.published() == [f"s{step:02}-{number}" for step in range(30) for number in range(20)]


async def test_when_a_relays_process_is_killed_another_goes_on_and_loses_nothing(
    database: Database, kit: Kit, redis_url: str
) -> None:
    doomed, heir = await publisher(database, redis_url), await publisher(database, redis_url)
    for step in range(5):
        await add(database, *(new_job(f"s{step}-{number}") for number in range(200)))
    await asyncio.sleep(0.02)
    doomed.kill()
    await doomed.wait()
    await arrived(kit, 1000)
    async with asyncio.timeout(30):
        while await Job.filter(published_at=None).exists():
            await asyncio.sleep(0.05)
    assert await ended(heir) == 0

    # What it had published but not noted comes twice.
    published = await kit.published()
    assert set(published) == {f"s{step}-{number}" for step in range(5) for number in range(200)}
    assert len(published) <= 1000 + BATCH


async def test_a_worker_that_is_faster_than_the_relays_note_keeps_its_word(database: Database) -> None:
    class Eager(MemoryQueue):
        async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
            await super().publish(queue, jobs)
            for lease in await relayed.claim(queue, worker="w", limit=10, lease_seconds=60):
                assert await relayed.complete(lease)

    relayed = RelayedQueue(Eager(), database, LONG)
    await add(database, new_job("s1"))

    await Kit(database, relayed, LONG).relay().step()

    job = await Job.get()
    assert (job.status, job.finished_at is not None, job.published_at is not None) == ("done", True, True)


async def test_how_a_job_ends_is_written_into_the_outbox(database: Database, kit: Kit) -> None:
    await add(database, *(new_job(session) for session in ("done", "failed", "odd", "again", "back")))
    await kit.relay().step()
    done, failed, odd, again, back = await kit.queue.claim("replay", worker="w", limit=5, lease_seconds=60)

    await kit.queue.complete(done)
    await kit.queue.bury(failed, error="broke\0")
    await kit.queue.bury(odd, error="unreadable", scope="unprocessable")
    await kit.queue.retry(again, delay_seconds=3600, error="once")
    await kit.queue.release(back)

    assert await statuses() == {
        "done": "done",
        "failed": "failed",
        "odd": "unprocessable",
        "again": "ready",
        "back": "ready",
    }
    assert (await Job.get(session_id="failed")).error == "broke"
    assert (await Job.get(session_id="again")).due_at > datetime.now(UTC) + timedelta(hours=1)


async def test_what_is_said_under_a_lost_lease_changes_nothing_in_the_outbox(database: Database, kit: Kit) -> None:
    await add(database, new_job("s1"))
    await kit.relay().step()
    [lease] = await kit.queue.claim("replay", worker="w", limit=1, lease_seconds=60)
    assert await kit.queue.release(lease)

    assert not await kit.queue.complete(lease)
    assert not await kit.queue.bury(lease, error="late")

    assert await statuses() == {"s1": "ready"}


async def test_a_given_up_job_is_not_published_again_until_it_is_redriven(
    database: Database, impatient: Kit, shared_redis: RedisServer
) -> None:
    await add(database, new_job("s1"))
    relay = impatient.relay()
    await relay.step()
    [lease] = await impatient.queue.claim("replay", worker="w", limit=1, lease_seconds=60)
    await impatient.queue.bury(lease, error="broke")
    await asyncio.sleep(SHORT.total_seconds())
    await relay.step()
    assert await impatient.published() == []

    assert (await impatient.queue.redrive("replay", limit=10)).redriven == 1
    shared_redis.empty()
    await asyncio.sleep(SHORT.total_seconds())
    await relay.step()

    assert await impatient.published() == ["s1"]


async def test_a_foreign_result_ends_the_oldest_job_that_was_published(database: Database, kit: Kit) -> None:
    await add(database, new_job("s1", said="first"))
    await kit.relay().step()
    await add(database, new_job("s1", said="second"), new_job("s1", queue="analysis"), new_job("s2"))
    await kit.relay().step()
    await add(database, new_job("s1", said="third"))

    await result_came(kit.queue, "replay", "p1", "s1")

    done = await Job.filter(status="done")
    assert [json.loads(job.payload)["said"] for job in done] == ["first"]
    for _ in range(3):
        await result_came(kit.queue, "replay", "p1", "s1")
    left = await Job.filter(status="ready").order_by("uid")
    assert [(job.session_id, job.queue) for job in left] == [("s1", "analysis"), ("s2", "replay"), ("s1", "replay")]


async def test_on_the_database_queue_a_result_ends_nothing(database: Database) -> None:
    await add(database, new_job("s1"))
    await Job.all().update(published_at=datetime.now(UTC))

    await result_came(DatabaseQueue(), "replay", "p1", "s1")

    assert await statuses() == {"s1": "ready"}


async def test_the_relays_note_waits_for_no_transaction(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("on SQLite one transaction holds the whole file")
    gone = asyncio.Event()

    class Slow(MemoryQueue):
        async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
            await super().publish(queue, jobs)
            gone.set()
            await asyncio.sleep(0.3)

    kit = Kit(database, RelayedQueue(Slow(), database, LONG), LONG)
    await add(database, new_job("s1"), new_job("s2"))
    relaying = asyncio.create_task(kit.relay()._publish_batch("replay"))
    await gone.wait()
    async with transaction() as db:
        await delete_of_sessions(db, "p1", ["s1"])
        await asyncio.wait_for(relaying, 10)

    [job] = await Job.all()
    assert (job.session_id, job.published_at is not None) == ("s2", True)


async def test_what_a_worker_of_the_database_queue_left_behind_is_published(database: Database, kit: Kit) -> None:
    await add(database, new_job("left"), new_job("held"))
    left, held = await DatabaseQueue().claim("replay", worker="w", limit=2, lease_seconds=60)
    await Job.filter(id=left.job.id).update(leased_until=datetime.now(UTC) - timedelta(seconds=1))

    await kit.relay().step()

    [lease] = await kit.queue.claim("replay", worker="w", limit=5, lease_seconds=60)
    assert (lease.job.id, lease.job.attempt) == (left.job.id, 1)
    assert await DatabaseQueue().complete(held)


async def test_back_on_the_database_queue_published_jobs_are_claimed_when_their_patience_ends(
    database: Database, impatient: Kit
) -> None:
    await add(database, new_job("s1"))
    await impatient.relay().step()
    await asyncio.sleep(SHORT.total_seconds())

    assert len(await DatabaseQueue().claim("replay", worker="w", limit=5, lease_seconds=60)) == 1


async def test_a_commit_wakes_the_relay(database: Database, kit: Kit) -> None:
    relay = kit.relay()
    relay.start()
    try:
        for number in range(3):
            await asyncio.sleep(0.05)
            await add(database, new_job(f"s{number}"))
            relay.wake()
            async with asyncio.timeout(10):
                while (await kit.queue.depths("replay")).stream_depth <= number:
                    await asyncio.sleep(0.01)
    finally:
        await relay.stop()


async def test_a_backend_that_breaks_is_rested_from_and_counted(database: Database) -> None:
    class Broken(MemoryQueue):
        async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
            raise QueueUnavailable if queue == "replay" else ValueError("a defect")

    kit = Kit(database, RelayedQueue(Broken(), database, LONG), LONG)
    await add(database, new_job("s1"))
    await kit.relay().step()
    await Job.all().delete()
    await add(database, new_job("s1", queue="analysis"))
    with pytest.raises(ValueError, match="a defect"):
        await kit.relay().step()

    assert kit.counters.drain() == {(name, ()): 1 for name in METRICS.values()}
    # Its turn is given back, so that another can try.
    assert await Turn(database, "relay", seconds=15).take()


async def test_one_process_has_a_turn_until_it_gives_it_back(database: Database) -> None:
    mine, other = Turn(database, "work", seconds=60), Turn(database, "work", seconds=60)

    assert await mine.take()
    assert not await other.take()
    assert not await other.keep()
    await other.give_back()
    assert await mine.keep()
    await mine.give_back()

    assert await other.take()
    assert not await mine.take()


async def test_whoever_stalls_beyond_its_turn_finds_it_taken_and_leaves_it_so(database: Database) -> None:
    stalled, other = Turn(database, "work", seconds=0.2), Turn(database, "work", seconds=0.2)
    assert await stalled.take()
    await asyncio.sleep(0.1)
    assert await stalled.keep()
    assert not await other.take()
    await asyncio.sleep(0.3)

    assert await other.take()
    assert not await stalled.keep()
    await stalled.give_back()

    assert not await Turn(database, "work", seconds=60).take()
    await other.give_back()


async def test_ten_at_once_and_one_gets_the_turn(database: Database) -> None:
    turns = [Turn(database, "work", seconds=60) for _ in range(10)]

    assert sorted(await asyncio.gather(*(turn.take() for turn in turns))) == [False] * 9 + [True]
