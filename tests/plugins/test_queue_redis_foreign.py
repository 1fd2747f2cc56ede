"""Workers written by others beside ours: the same keys, whoever writes them and whoever reads."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.exceptions import ResponseError

from retrospec.plugin import Lease, QueueDepths, QueuedJob
from retrospec_plugins.queue_redis import RedisQueue, RedisSettings
from tests.foreign import ForeignWorker, Taken, foreign_worker

Q, GROUP = "replay-jobs", "replay-jobs:group"
LEASE = 1.0


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[RedisQueue]:
    async with RedisQueue(RedisSettings(url=SecretStr(redis_url), lease_seconds=LEASE)) as queue:
        yield queue


@pytest.fixture
async def node(redis_url: str) -> AsyncIterator[ForeignWorker]:
    async with foreign_worker(redis_url, Q) as worker:
        yield worker


def jobs(*sessions: str) -> list[QueuedJob]:
    return [
        QueuedJob(f"job-{name}", json.dumps({"projectId": "p1", "sessionId": name, "markerOffsetsMs": [1, 2]}))
        for name in sessions
    ]


async def claim(queue: RedisQueue, limit: int = 100) -> list[Lease]:
    return list(await queue.claim(Q, worker="ours", limit=limit, lease_seconds=LEASE))


def session_of(found: Lease | Taken | None) -> str:
    assert found is not None
    return str((json.loads(found.job.payload) if isinstance(found, Lease) else found.job)["sessionId"])


async def letters(queue: RedisQueue, scope: str = "failed") -> list[tuple[str, str, int]]:
    """Session, error and attempts of the dead letters, as they are listed."""
    assert scope in {"failed", "unprocessable"}
    page = await queue.dead_letters(Q, "failed" if scope == "failed" else "unprocessable", offset=0, limit=100)
    assert page.total == len(page.entries)
    return [(json.loads(one.payload)["sessionId"], one.error, one.attempt) for one in page.entries]


class TestReading:
    async def test_whoever_waits_for_a_job_gets_it_when_it_is_published(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await queue.prepare(Q)
        waiting = asyncio.create_task(node.take(block=10_000))
        await asyncio.sleep(0.05)

        await queue.publish(Q, jobs("s1"))

        taken = await waiting
        assert session_of(taken) == "s1"
        assert await claim(queue) == []

    async def test_jobs_are_read_in_their_order_and_each_by_one_only(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await queue.publish(Q, jobs(*(f"s{number}" for number in range(20))))

        read = [session_of(found) for _ in range(10) for found in (await node.take(), *await claim(queue, 1))]

        assert read == [f"s{number}" for number in range(20)]

    async def test_what_it_abandons_comes_to_us_and_what_we_abandon_comes_to_it(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await queue.publish(Q, jobs("s1", "s2"))
        theirs = await node.take()
        [ours] = await claim(queue, 1)
        assert await node.reclaim(round(LEASE * 1000)) == []
        await asyncio.sleep(LEASE * 1.2)

        reclaimed = await claim(queue, 1)
        [taken] = await node.reclaim(round(LEASE * 1000))

        assert (session_of(theirs), [session_of(lease) for lease in reclaimed]) == ("s1", ["s1"])
        assert (session_of(ours), session_of(taken)) == ("s2", "s2")
        assert not await queue.complete(ours)
        await node.finish(taken)
        assert await queue.complete(reclaimed[0])
        assert await queue.depths(Q) == QueueDepths()

    async def test_what_we_hold_is_not_reclaimed_while_we_extend_it(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await queue.publish(Q, jobs("s1"))
        [lease] = await claim(queue)
        for _ in range(4):
            await asyncio.sleep(LEASE / 3)
            assert await queue.extend(lease, lease_seconds=LEASE)
            assert await node.reclaim(round(LEASE * 1000)) == []

        assert await queue.complete(lease)

    async def test_a_job_of_ours_that_is_done_leaves_neither_entry_nor_hold(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await queue.publish(Q, jobs("s1", "s2", "s3", "s4"))
        done, retried, released, buried = await claim(queue)

        assert await queue.complete(done)
        assert await queue.retry(retried, delay_seconds=60, error="again")
        assert await queue.release(released)
        assert await queue.bury(buried, error="broke")

        assert (await node.redis.xpending(Q, GROUP))["pending"] == 0
        assert await node.redis.xlen(Q) == 1
        assert session_of(await node.take()) == "s3"


class TestGroup:
    async def test_it_is_there_before_the_first_job(self, queue: RedisQueue, node: ForeignWorker) -> None:
        await queue.prepare(Q)
        await queue.prepare(Q)

        assert await node.take() is None
        [group] = await node.redis.xinfo_groups(Q)
        assert group["name"] == GROUP

    async def test_it_is_made_again_beside_what_others_have_added_since_redis_was_emptied(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await queue.publish(Q, jobs("lost"))
        await node.redis.flushall()
        # Somebody's retry comes back before anything of ours does.
        await node.redis.xadd(Q, {"payload": jobs("theirs")[0].payload})
        with pytest.raises(ResponseError, match="NOGROUP"):
            await node.take()

        await queue.publish(Q, jobs("ours"))

        assert [session_of(await node.take()) for _ in range(2)] == ["theirs", "ours"]

    async def test_a_redrive_makes_it_again_as_well(self, queue: RedisQueue, node: ForeignWorker) -> None:
        letter = json.dumps({"failedAt": "", "error": "", "attempt": 3, "payload": jobs("s1")[0].payload})
        await node.redis.lpush(f"{Q}:failed", letter)

        await queue.redrive(Q, limit=5)

        assert session_of(await node.take()) == "s1"

    async def test_making_it_sure_is_no_error_in_the_eyes_of_the_operator(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await queue.publish(Q, jobs("s1"))
        before = (await node.redis.info("stats"))["total_error_replies"]

        for _ in range(5):
            await queue.publish(Q, jobs("s1"))
            await queue.prepare(Q)
            await claim(queue)

        assert (await node.redis.info("stats"))["total_error_replies"] == before

    async def test_the_list_of_an_older_version_is_moved_although_nothing_is_published(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await node.redis.rpush(Q, *(job.payload for job in jobs("s1", "s2", "s3")))

        await queue.prepare(Q)

        assert [session_of(await node.take()) for _ in range(3)] == ["s1", "s2", "s3"]
        assert await node.redis.keys("*") == [Q]


class TestRetries:
    async def test_theirs_rest_and_are_brought_back_by_ours(self, queue: RedisQueue, node: ForeignWorker) -> None:
        await queue.publish(Q, jobs("s1"))
        taken = await node.take()
        assert taken is not None
        text = await node.retry(taken, 0.4)
        assert await claim(queue) == []
        assert await queue.depths(Q) == QueueDepths(retry_depth=1)
        await asyncio.sleep(0.5)

        [lease] = await claim(queue)

        assert (lease.job.id, lease.job.attempt, lease.job.payload) == ("job-s1", 1, text)
        assert await node.redis.exists(f"{Q}:retry") == 0

    async def test_without_a_worker_of_ours_they_are_brought_back_when_the_queue_is_made_ready(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        now = round(time.time() * 1000)
        due, later = (job.payload for job in jobs("due", "later"))
        await node.redis.zadd(f"{Q}:retry", {due: now - 1, later: now + 60_000})

        await queue.prepare(Q)

        assert session_of(await node.take()) == "due"
        assert await node.redis.zrange(f"{Q}:retry", 0, -1) == [later]

    async def test_ours_rest_and_are_brought_back_by_theirs(self, queue: RedisQueue, node: ForeignWorker) -> None:
        await queue.publish(Q, jobs("s1"))
        [lease] = await claim(queue)
        await queue.retry(lease, delay_seconds=0.3, error="once")
        assert await node.bring_back() == 0
        await asyncio.sleep(0.4)

        assert await node.bring_back() == 1
        taken = await node.take()

        assert (session_of(taken), taken and taken.job["attempt"], taken and taken.job["jobId"]) == ("s1", 1, "job-s1")

    async def test_many_that_are_due_come_back_in_the_order_of_their_times(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        now = round(time.time() * 1000)
        due = {job.payload: now - 1000 + number for number, job in enumerate(jobs(*(f"s{n}" for n in range(250))))}
        await node.redis.zadd(f"{Q}:retry", dict(reversed(due.items())))

        read = [session_of(lease) for _ in range(250) for lease in await claim(queue, 1)]

        assert read == [f"s{number}" for number in range(250)]
        assert await node.redis.exists(f"{Q}:retry") == 0

    async def test_ours_and_theirs_bring_back_at_once_and_each_job_comes_once(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        names = [f"s{number}" for number in range(200)]
        now = round(time.time() * 1000)
        await node.redis.zadd(f"{Q}:retry", {job.payload: now - 1 for job in jobs(*names)})

        moving = asyncio.create_task(node.bring_back())
        claimed = [lease for leases in await asyncio.gather(*(claim(queue, 10) for _ in range(10))) for lease in leases]
        await moving
        while leases := await claim(queue):
            claimed += leases

        assert sorted(session_of(lease) for lease in claimed) == sorted(names)


class TestDeadLetters:
    async def mixed(self, queue: RedisQueue, node: ForeignWorker) -> None:
        """Four dead letters, theirs and ours in turn; the oldest is `s1`."""
        await queue.publish(Q, jobs("s1", "s2", "s3", "s4"))
        for number in (1, 2):
            taken = await node.take()
            assert taken is not None
            await node.fail(taken, f"theirs {number}")
            [lease] = await claim(queue, 1)
            await queue.bury(lease, error=f"ours {number}")

    async def test_are_listed_newest_first_whoever_gave_up(self, queue: RedisQueue, node: ForeignWorker) -> None:
        await self.mixed(queue, node)

        assert await letters(queue) == [
            ("s4", "ours 2", 1),
            ("s3", "theirs 2", 1),
            ("s2", "ours 1", 1),
            ("s1", "theirs 1", 1),
        ]
        assert all(one.failed_at for one in (await queue.dead_letters(Q, "failed", offset=0, limit=9)).entries)
        assert (await queue.depths(Q)).failed_depth == 4

    async def test_are_purged_oldest_first_whoever_gave_up(self, queue: RedisQueue, node: ForeignWorker) -> None:
        await self.mixed(queue, node)

        purged = await queue.purge(Q, "failed", limit=3)

        assert (purged.deleted, purged.remaining) == (3, 1)
        assert [session for session, _, _ in await letters(queue)] == ["s4"]

    async def test_are_redriven_oldest_first_with_nothing_else_in_them_changed(
        self, queue: RedisQueue, node: ForeignWorker
    ) -> None:
        await self.mixed(queue, node)

        assert (await queue.redrive(Q, limit=3)).redriven == 3

        again = [await node.take() for _ in range(3)]
        assert [session_of(taken) for taken in again] == ["s1", "s2", "s3"]
        assert again[0] is not None
        assert again[0].job == json.loads(jobs("s1")[0].payload) | {"jobId": "job-s1"}

    async def test_what_cannot_be_read_lies_apart_whoever_gave_up(self, queue: RedisQueue, node: ForeignWorker) -> None:
        await queue.publish(Q, jobs("s1"))
        taken = await node.take()
        assert taken is not None
        await node.fail(taken, "no job", scope="failed:unprocessable")

        assert await letters(queue, "unprocessable") == [("s1", "no job", 1)]
        assert (await queue.redrive(Q, limit=5)).redriven == 0

    async def test_a_job_is_found_among_them_by_its_id(self, queue: RedisQueue, node: ForeignWorker) -> None:
        await self.mixed(queue, node)
        await node.redis.lpush(f"{Q}:failed", "rubbish", "[1]", *(json.dumps({"payload": "{}"}) for _ in range(700)))
        await queue.publish(Q, jobs("s5", "s6"))
        taken = await node.take()
        assert taken is not None
        await node.fail(taken, "no job", scope="failed:unprocessable")

        found = await queue.buried(Q, [f"job-s{number}" for number in (1, 2, 5, 6, 7)])

        assert sorted(found) == ["job-s1", "job-s2", "job-s5"]
