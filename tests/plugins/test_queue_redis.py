"""What the queue in Redis promises beyond the suite: its keys, its neighbours, and what it does in trouble."""

import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis

from retrospec.core.errors import SettingsError
from retrospec.core.settings_sources import load
from retrospec.plugin import Lease, QueueDepths, QueuedJob, QueueUnavailable
from retrospec_plugins.queue_redis import RedisQueue, RedisSettings
from tests.redisserver import RedisServer

Q, GROUP = "replay-jobs", "replay-jobs:group"
LONG = 60.0


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[RedisQueue]:
    async with RedisQueue(RedisSettings(url=SecretStr(url), **settings)) as queue:
        yield queue


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[RedisQueue]:
    async with opened(redis_url) as queue:
        yield queue


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    """What a worker written by somebody else talks to. Untyped: by its types every reply may be anything."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A Redis that a test may end, stop and start."""
    with RedisServer() as server:
        yield server


def job(session: str, **more: Any) -> QueuedJob:
    return QueuedJob(f"job-{session}", json.dumps({"projectId": "p1", "sessionId": session, **more}))


def session_of(lease: Lease) -> str:
    return str(json.loads(lease.job.payload)["sessionId"])


async def claim(queue: RedisQueue, limit: int = 100, seconds: float = LONG, worker: str = "ours") -> list[Lease]:
    return list(await queue.claim(Q, worker=worker, limit=limit, lease_seconds=seconds))


async def stream(redis: Any) -> list[dict[str, Any]]:
    return [json.loads(fields["payload"]) for _, fields in await redis.xrange(Q)]


async def test_a_job_is_one_entry_with_one_field_that_a_foreign_group_member_reads(
    queue: RedisQueue, redis: Any
) -> None:
    await queue.publish(Q, [job("s1", markerOffsetsMs=[900], odd=1.50)])

    [[_, [(ident, fields)]]] = await redis.xreadgroup(GROUP, "node-worker", {Q: ">"})

    assert list(fields) == ["payload"]
    said = json.loads(fields["payload"])
    assert said == {"projectId": "p1", "sessionId": "s1", "markerOffsetsMs": [900], "odd": 1.5, "jobId": "job-s1"}
    assert await claim(queue) == []
    await redis.xack(Q, GROUP, ident)
    await redis.xdel(Q, ident)
    assert await queue.depths(Q) == QueueDepths()


async def test_foreign_jobs_without_id_keep_one_over_their_attempts(queue: RedisQueue, redis: Any) -> None:
    await redis.xadd(Q, {"payload": '{"projectId":"p1","sessionId":"s1","attempt":1}'})

    [first] = await claim(queue)
    await queue.retry(first, delay_seconds=0, error="once")
    [second] = await claim(queue)

    assert (first.job.attempt, second.job.attempt) == (1, 2)
    assert first.job.id == second.job.id
    assert json.loads(second.job.payload) == {"projectId": "p1", "sessionId": "s1", "attempt": 2}


async def test_a_retry_waits_in_the_sorted_set_under_its_time_in_milliseconds(queue: RedisQueue, redis: Any) -> None:
    await queue.publish(Q, [job("s1")])
    [lease] = await claim(queue)

    await queue.retry(lease, delay_seconds=30, error="later")

    [(payload, due)] = await redis.zrange(f"{Q}:retry", 0, -1, withscores=True)
    assert json.loads(payload)["attempt"] == 1
    assert 25_000 < due - time.time() * 1000 < 31_000
    assert await redis.xlen(Q) == 0


async def test_a_retry_that_a_foreign_worker_left_comes_back_when_it_is_due(queue: RedisQueue, redis: Any) -> None:
    now = time.time() * 1000
    due, later = ('{"sessionId":"due","attempt":2}', '{"sessionId":"later","attempt":1}')
    await redis.zadd(f"{Q}:retry", {due: now - 1, later: now + 60_000})

    [lease] = await claim(queue)

    assert (session_of(lease), lease.job.attempt) == ("due", 2)
    assert await redis.zrange(f"{Q}:retry", 0, -1) == [later]


async def test_a_dead_letter_has_the_fields_that_operators_tools_read(queue: RedisQueue, redis: Any) -> None:
    await queue.publish(Q, [job("s1"), job("s2")])
    first, second = await claim(queue)

    await queue.bury(first, error="broke")
    await queue.bury(second, error="no JSON", scope="unprocessable")

    letter = json.loads(await redis.lindex(f"{Q}:failed", 0))
    assert letter.keys() == {"failedAt", "error", "attempt", "payload"}
    assert (letter["error"], letter["attempt"], letter["failedAt"][-1]) == ("broke", 1, "Z")
    assert json.loads(letter["payload"])["sessionId"] == "s1"
    assert json.loads(await redis.lindex(f"{Q}:failed:unprocessable", 0))["error"] == "no JSON"


async def test_dead_letters_of_others_are_shown_whatever_they_are(queue: RedisQueue, redis: Any) -> None:
    await redis.lpush(f"{Q}:failed", "rubbish", '{"payload":{"sessionId":"s1"},"failedAt":"never"}', '["list"]')

    page = await queue.dead_letters(Q, "failed", offset=0, limit=10)

    assert [letter.payload for letter in page.entries] == ['["list"]', '{"sessionId": "s1"}', "rubbish"]
    assert {letter.failed_at for letter in page.entries} == {None}


async def test_a_redrive_sets_aside_what_cannot_be_read_and_goes_on(queue: RedisQueue, redis: Any) -> None:
    letters = [json.dumps({"payload": text, "attempt": 3}) for text in ("no job", '{"sessionId":"s1","attempt":2}')]
    await redis.rpush(f"{Q}:failed", letters[1], letters[0])

    redriven = await queue.redrive(Q, limit=1)

    assert (redriven.redriven, redriven.skipped, redriven.remaining_failed) == (1, 1, 0)
    assert await stream(redis) == [{"sessionId": "s1"}]
    assert await redis.lrange(f"{Q}:failed:unprocessable", 0, -1) == [letters[0]]


async def test_what_is_no_json_is_handed_out_for_the_worker_to_bury(queue: RedisQueue, redis: Any) -> None:
    await redis.xadd(Q, {"payload": "rubbish"})
    await redis.xadd(Q, {"other": "field"})

    leases = await claim(queue)
    assert [lease.job.payload for lease in leases] == ["rubbish", '{"other": "field"}']
    for lease in leases:
        assert await queue.bury(lease, error="no job", scope="unprocessable")

    page = await queue.dead_letters(Q, "unprocessable", offset=0, limit=10)
    assert [letter.payload for letter in page.entries] == ['{"other": "field"}', "rubbish"]


async def test_a_retry_of_what_cannot_count_its_attempts_gives_it_up(queue: RedisQueue, redis: Any) -> None:
    await redis.xadd(Q, {"payload": "rubbish"})
    [lease] = await claim(queue)

    assert await queue.retry(lease, delay_seconds=0, error="again")

    assert (await queue.dead_letters(Q, "unprocessable", offset=0, limit=10)).total == 1
    assert await claim(queue) == []


async def test_a_plain_list_moves_into_the_stream_in_order_and_before_what_is_new(
    queue: RedisQueue, redis: Any
) -> None:
    await redis.rpush(Q, *(job(f"old{number}").payload for number in range(5)))

    assert (await queue.depths(Q)).stream_depth == 5
    await queue.publish(Q, [job("new")])

    assert [said["sessionId"] for said in await stream(redis)] == [*(f"old{number}" for number in range(5)), "new"]
    assert await redis.keys() == sorted([Q])


async def test_a_list_that_was_left_half_moved_is_moved_to_its_end(queue: RedisQueue, redis: Any) -> None:
    await redis.rpush(f"{Q}:migrating", job("s1").payload, job("s2").payload)
    await redis.rpush(Q, job("s3").payload)

    assert [session_of(lease) for lease in await claim(queue)] == ["s1", "s2", "s3"]


def _start(url: str, ready: Any, go: Any) -> None:
    async def run() -> None:
        async with opened(url) as queue:
            ready.release()
            go.wait(20)
            await queue.publish(Q, [job(f"new-{os.getpid()}")])

    asyncio.run(run())


async def test_two_processes_that_start_at_once_move_a_list_once(redis_url: str, redis: Any) -> None:
    await redis.rpush(Q, *(job(f"old{number}").payload for number in range(3000)))
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    starters = [context.Process(target=_start, args=(redis_url, ready, go)) for _ in range(2)]
    for starter in starters:
        starter.start()
    for _ in starters:
        assert await asyncio.to_thread(ready.acquire, True, 30)
    go.set()
    for starter in starters:
        await asyncio.to_thread(starter.join, 30)

    said = [payload["sessionId"] for payload in await stream(redis)]
    assert said[:3000] == [f"old{number}" for number in range(3000)]
    assert sorted(said[3000:]) == sorted(f"new-{starter.pid}" for starter in starters)


async def test_a_foreign_workers_abandoned_job_is_reclaimed_with_an_attempt_more(redis_url: str, redis: Any) -> None:
    async with opened(redis_url, lease_seconds=1) as queue:
        await queue.publish(Q, [job("s1"), job("s2")])
        await redis.xreadgroup(GROUP, "node-worker", {Q: ">"}, count=1)
        assert [session_of(lease) for lease in await claim(queue, seconds=1)] == ["s2"]

        await asyncio.sleep(1.3)
        leases = await claim(queue, limit=1, seconds=1)

        assert [(session_of(lease), lease.job.attempt) for lease in leases] == [("s1", 1)]


async def test_a_job_that_a_foreign_worker_has_claimed_is_no_longer_ours(queue: RedisQueue, redis: Any) -> None:
    await queue.publish(Q, [job("s1")])
    [lease] = await claim(queue)
    entry = lease.token.split("/")[0]
    await redis.xclaim(Q, GROUP, "node-worker", 0, [entry], justid=True)

    assert not await queue.extend(lease, lease_seconds=LONG)
    assert not await queue.complete(lease)
    assert not await queue.retry(lease, delay_seconds=0, error="late")
    assert not await queue.bury(lease, error="late")

    assert await queue.depths(Q) == QueueDepths(stream_depth=1, pending=1)
    [held] = await redis.xpending_range(Q, GROUP, "-", "+", 10)
    assert held["consumer"] == "node-worker"


async def test_a_fresh_hold_looks_fresh_to_foreign_workers(queue: RedisQueue, redis: Any) -> None:
    await queue.publish(Q, [job("s1")])
    [lease] = await claim(queue)
    await asyncio.sleep(0.3)
    assert await queue.extend(lease, lease_seconds=LONG)

    [held] = await redis.xpending_range(Q, GROUP, "-", "+", 10)
    assert held["time_since_delivered"] < 250
    assert held["times_delivered"] == 1


async def test_jobs_behind_many_that_are_held_are_reclaimed(redis_url: str, redis: Any) -> None:
    async with opened(redis_url, lease_seconds=1) as queue:
        await queue.publish(Q, [job(f"s{number}") for number in range(400)])
        await claim(queue, limit=300, seconds=1)
        abandoned = await claim(queue, limit=100, seconds=1, worker="dead")
        # All but the last hundred stay held, so that a page of them is empty.
        await asyncio.sleep(0.7)
        held = [entry["message_id"] for entry in await redis.xpending_range(Q, GROUP, "-", "+", 300)]
        await redis.xclaim(Q, GROUP, "ours", 0, held, justid=True)
        await asyncio.sleep(0.5)

        again = await claim(queue, limit=1, seconds=1)

        assert [lease.job.id for lease in again] == [abandoned[0].job.id]


async def test_an_entry_that_was_deleted_while_it_was_held_is_forgotten(redis_url: str, redis: Any) -> None:
    async with opened(redis_url, lease_seconds=1) as queue:
        await queue.publish(Q, [job("s1"), job("s2")])
        first, _ = await claim(queue, seconds=1)
        await redis.xdel(Q, first.token.split("/")[0])
        await asyncio.sleep(1.3)

        assert [session_of(lease) for lease in await claim(queue, seconds=1)] == ["s2"]
        assert (await queue.depths(Q)).pending == 1


async def test_the_group_is_made_again_when_redis_comes_back_empty(queue: RedisQueue, redis: Any) -> None:
    await queue.publish(Q, [job("s1")])
    [lost] = await claim(queue)
    await redis.flushall()

    assert not await queue.extend(lost, lease_seconds=LONG)
    assert not await queue.complete(lost)
    assert await queue.depths(Q) == QueueDepths()
    assert await claim(queue) == []
    await redis.xadd(Q, {"payload": job("s2").payload})
    assert [session_of(lease) for lease in await claim(queue)] == ["s2"]


async def test_a_worker_that_ends_leaves_the_group_unless_it_holds_a_job(redis_url: str, redis: Any) -> None:
    async with opened(redis_url) as queue:
        await queue.publish(Q, [job("s1")])
        await claim(queue, worker="busy")
        await claim(queue, worker="idle")
        # Redis 6 knows only those that were given something.
        await redis.xgroup_createconsumer(Q, GROUP, "idle")

    assert [consumer["name"] for consumer in await redis.xinfo_consumers(Q, GROUP)] == ["busy"]


async def test_the_oldest_job_is_told_by_the_stream(queue: RedisQueue) -> None:
    assert await queue.oldest(Q) is None
    before = time.time()
    await queue.publish(Q, [job("s1")])
    await claim(queue)

    oldest = await queue.oldest(Q)

    assert oldest is not None
    assert abs(oldest.timestamp() - before) < 30


async def test_without_redis_every_call_says_so_and_works_again_when_it_is_back(own_server: RedisServer) -> None:
    own_server.stop()
    async with opened(own_server.url, timeout_seconds=2) as queue:
        for call in (
            queue.publish(Q, [job("s1")]),
            claim(queue),
            queue.depths(Q),
            queue.check(),
            queue.oldest(Q),
            queue.redrive(Q, limit=1),
        ):
            with pytest.raises(QueueUnavailable):
                await call

        own_server.start()

        await queue.publish(Q, [job("s1")])
        assert [session_of(lease) for lease in await claim(queue)] == ["s1"]
        await own_server.restart()
        assert await claim(queue) == []


async def test_a_redis_that_hangs_is_given_up_and_its_late_reply_reaches_nobody(own_server: RedisServer) -> None:
    async with opened(own_server.url, timeout_seconds=1, connections=1) as queue:
        await queue.publish(Q, [job("s1")])
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(QueueUnavailable, match="within 1 s"):
                await queue.depths(Q)
        finally:
            os.kill(own_server.pid, signal.SIGCONT)

        assert await queue.oldest(Q) is not None
        assert await queue.check() == "Redis answers"


async def test_a_call_that_is_cancelled_ends_as_cancelled_also_where_its_answer_is_there_already(
    queue: RedisQueue,
) -> None:
    ended = []
    for _ in range(50):
        calls = [asyncio.create_task(queue.check()) for _ in range(8)]
        # One turn after another of the loop: some have not begun, some send, some have their answer.
        for call in calls:
            await asyncio.sleep(0)
            if call.cancel():
                ended.append(call)
        await asyncio.wait(calls)

    assert [call for call in ended if not call.cancelled()] == []


async def test_the_reply_of_a_cancelled_call_is_not_the_next_callers(own_server: RedisServer) -> None:
    async with opened(own_server.url, connections=1) as queue:
        await queue.publish(Q, [job(f"s{number}") for number in range(20)])
        await queue.depths(Q)
        for number in range(20):
            cut = asyncio.create_task(queue.depths(Q))
            os.kill(own_server.pid, signal.SIGSTOP)
            try:
                # At different moments: before it was sent, while its reply is awaited.
                for _ in range(number % 7):
                    await asyncio.sleep(0.002)
                cut.cancel()
                await asyncio.gather(cut, return_exceptions=True)
            finally:
                os.kill(own_server.pid, signal.SIGCONT)

            assert (await queue.dead_letters(Q, "failed", offset=0, limit=5)).total == 0
            assert (await queue.depths(Q)).stream_depth == 20


async def test_a_key_of_another_kind_is_reported_and_left_alone(queue: RedisQueue, redis: Any) -> None:
    await redis.set(Q, "somebody's")

    with pytest.raises(QueueUnavailable, match="WRONGTYPE"):
        await queue.publish(Q, [job("s1")])

    assert await redis.get(Q) == "somebody's"


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:6379", ""])
def test_an_address_that_is_none_of_redis_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must begin with redis://"):
        RedisSettings(url=SecretStr(url))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"redis_url": "rediss://:secret@queue.example:6380/2"}, "rediss://:secret@queue.example:6380/2"),
        ({"redis_host": "queue.example"}, "redis://queue.example:6379"),
        ({"redis_host": "::1", "redis_port": 7000}, "redis://[::1]:7000"),
        ({"redis_host": "other", "redis_url": "redis://queue.example"}, "redis://queue.example"),
    ],
)
def test_the_settings_of_the_contract_say_where_redis_is(given: dict[str, Any], url: str) -> None:
    settings = load({}, **given, job_lease_seconds=20)

    section = RedisSettings.model_validate(dict(settings.plugin_section("queue", "redis")))

    assert settings.queue_name == "redis"
    assert (section.url.get_secret_value(), section.lease_seconds) == (url, 20)


def test_a_redis_url_of_another_kind_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"REDIS_URL.*must begin with redis://"):
        load({}, redis_url="amqp://queue.example")


def test_a_server_without_redis_never_imports_its_client() -> None:
    script = "import sys, retrospec.serving, retrospec_plugins.queue_redis; sys.exit('redis' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
