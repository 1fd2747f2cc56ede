"""A server with its jobs in Redis: from a session over HTTP to its artifact and report, and through trouble."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from retrospec.jobs.models import Job
from retrospec.workers import job_worker
from tests.client import Client, Json, MakeClient, eventually, marker
from tests.foreign import ForeignWorker, Taken
from tests.redisserver import RedisServer

QUEUES = ("replay-jobs", "analysis-jobs")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    """What a worker written by somebody else talks to. Untyped: by its types every reply may be anything."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@asynccontextmanager
async def working(client: Client) -> AsyncIterator[None]:
    """A worker beside the server."""
    worker = job_worker(client.listening.server.runtime)
    worker.start()
    try:
        yield
    finally:
        await worker.stop()


async def depth(redis: Any) -> int:
    return int(await redis.xlen(QUEUES[0])) + int(await redis.xlen(QUEUES[1]))


async def finished(client: Client, session_id: str) -> Json:
    """A session with its artifact and a card that is no longer pending."""

    async def ask() -> Json | None:
        session: Json = (await client.get(f"/v1/sessions/{session_id}"))["session"]
        done = session["artifacts"] and session.get("reportCard", {}).get("status") != "pending"
        return session if done else None

    found: Json = await eventually(ask)
    return found


async def all_done(count: int) -> None:
    async def ask() -> bool:
        return await Job.filter(status="done").count() == count

    await eventually(ask)


async def taken_by(worker: ForeignWorker) -> tuple[Taken, Json]:
    """The next job of a queue, which must be there, and what it says."""
    taken = await worker.take(block=10_000)
    assert taken is not None
    return taken, dict(taken.job)


async def test_a_session_comes_back_from_redis_with_artifact_and_report(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url, embedded_worker=True)

    answer = await client.recorded("s1", marker())

    assert (answer["queueError"], answer["analysisQueueError"]) == ("", "")
    session = await finished(client, "s1")
    assert session["artifacts"][0]["status"] == "ready"
    assert session["reportCard"]["status"] in {"ready", "discarded"}
    await all_done(2)
    assert await depth(redis) == 0
    health = await client.admin("GET", "/v1/admin/queue-health")
    assert health["replay"] == {"streamDepth": 0, "pending": 0, "retryDepth": 0, "failedDepth": 0}


async def test_a_foreign_worker_reads_the_jobs_of_the_contract_and_its_callbacks_end_them(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url)
    key = (await client.recorded("s1", marker(), marker("m2", replayOffsetMs=300)))["session"]["eventsObjectKey"]
    await eventually(lambda: _both(redis))

    workers = [ForeignWorker(redis, queue) for queue in QUEUES]
    entry, replay = await taken_by(workers[0])
    replay.pop("jobId")
    assert replay == {
        "projectId": "proj_default",
        "sessionId": "s1",
        "eventsObjectKey": key,
        "markerOffsetsMs": [300, 900],
        "triggerKind": "api_error",
    }
    windows = [{"startMs": 0, "endMs": 8900}]
    ref = {"projectId": "proj_default", "sessionId": "s1"}
    result = ref | {"artifactKey": "replay-artifacts/s1/analysis.json", "windows": windows}
    await client.internal("/v1/internal/replay-results", result, 202)
    await workers[0].finish(entry)
    await all_done(1)

    entry, analysis = await taken_by(workers[1])
    analysis.pop("jobId")
    assert analysis == replay | {
        "markerHints": ["POST /api/orders -> 500", "POST /api/orders -> 500"],
        "route": "/checkout",
        "site": "shop.example",
    }
    texts = dict.fromkeys(("symptom", "technicalRootCause", "suggestedFix", "textSummary", "visualSummary"), "text")
    pending = ref | texts | {"status": "pending", "confidence": 0.1}
    await client.internal("/v1/internal/analysis-reports", pending, 202)
    assert await Job.filter(status="done").count() == 1
    await client.internal("/v1/internal/analysis-reports", pending | {"status": "ready"}, 202)
    await workers[1].finish(entry)
    await all_done(2)


async def _both(redis: Any) -> bool:
    return await depth(redis) == 2


async def test_ours_and_a_foreign_worker_share_a_group_and_do_each_job_once(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url)
    for number in range(6):
        await client.recorded(f"s{number}", marker())

    async def all_there() -> bool:
        return await depth(redis) == 12

    await eventually(all_there)
    foreign = [await taken_by(ForeignWorker(redis, QUEUES[0])) for _ in range(2)]

    async def rest_done() -> bool:
        return await depth(redis) == 2

    async with working(client):
        await eventually(rest_done)
    for number in range(6):
        session = (await client.get(f"/v1/sessions/s{number}"))["session"]
        assert bool(session["artifacts"]) == (number >= 2)
    assert [job["sessionId"] for _, job in foreign] == ["s0", "s1"]


async def test_ingest_goes_on_without_redis_and_its_jobs_follow_in_order(
    make_client: MakeClient, redis_url: str
) -> None:
    with RedisServer() as server:
        client = await make_client(redis_url=server.url)
        server.stop()
        for number in range(5):
            answer = await client.recorded(f"s{number}", marker())
            assert (answer["queueError"], answer["analysisQueueError"]) == ("", "")

        async def counted() -> bool:
            text = (await client.http.get("/metrics")).text
            return "\nretrospec_replay_queue_errors_total 0" not in text

        await eventually(counted)
        server.start()

        async with Redis.from_url(server.url, decode_responses=True) as redis:

            async def all_there() -> bool:
                return await depth(redis) == 10

            await eventually(all_there)
            entries: Any = await redis.xrange(QUEUES[0])
            said = [json.loads(fields["payload"])["sessionId"] for _, fields in entries]
            assert said == [f"s{number}" for number in range(5)]


async def test_jobs_that_an_emptied_redis_has_lost_are_done_all_the_same(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url, job_republish_minutes=0.01)
    for number in range(3):
        await client.recorded(f"s{number}", marker())

    async def published() -> bool:
        return await Job.filter(published_at=None).count() == 0

    await eventually(published)
    await redis.flushall()

    async with working(client):
        for number in range(3):
            await finished(client, f"s{number}")
        await all_done(6)


async def test_a_server_starts_without_redis_and_says_so(make_client: MakeClient) -> None:
    with RedisServer() as server:
        server.stop()
        client = await make_client(redis_url=server.url)

        answer = await client.http.get("/readyz")
        assert answer.status_code == 503
        assert [check["name"] for check in answer.json()["checks"] if not check["ok"]] == ["queue"]

        await asyncio.to_thread(server.start)
        await eventually(lambda: _is_ready(client))


async def _is_ready(client: Client) -> bool:
    return (await client.http.get("/readyz")).status_code == 200


async def test_what_cannot_be_read_lies_among_the_unprocessable_and_is_shown(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url, embedded_worker=True)
    await redis.xadd(QUEUES[0], {"payload": "rubbish"})

    async def buried() -> bool:
        return bool(await redis.llen(f"{QUEUES[0]}:failed:unprocessable"))

    await eventually(buried)

    listed = await client.admin("GET", "/v1/admin/queue-dead-letters?queue=replay&scope=unprocessable")
    assert (listed["result"]["total"], listed["result"]["unparsable"]) == (1, 1)
    assert listed["result"]["entries"][0]["raw"] == "rubbish"


async def test_removing_a_session_leaves_its_jobs_in_redis_without_effect(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url)
    await client.recorded("s1", marker())
    await eventually(lambda: _both(redis))
    await client.delete("/v1/sessions/s1")
    assert await Job.all().count() == 0

    async def emptied() -> bool:
        return await depth(redis) == 0

    async with working(client):
        await eventually(emptied)
    for queue in QUEUES:
        assert await redis.llen(f"{queue}:failed") == 0


async def given_up(redis: Any, name: str, scope: str = "failed") -> ForeignWorker:
    """Have a worker of somebody else give up the next job of a queue."""
    worker = ForeignWorker(redis, name)
    taken, _ = await taken_by(worker)
    await worker.fail(taken, "no browser", scope=scope)
    return worker


async def test_what_a_foreign_worker_gave_up_is_shown_stays_given_up_and_runs_again_when_redriven(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url, job_republish_minutes=0.005)
    await client.recorded("s1", marker())
    worker = await given_up(redis, QUEUES[0])

    async def known() -> bool:
        return await Job.filter(queue=QUEUES[0], status="failed").exists()

    # Its time without result is over, and it is not lost.
    await eventually(known)
    assert await worker.take() is None
    listed = await client.admin("GET", "/v1/admin/queue-dead-letters?queue=replay")
    [letter] = listed["result"]["entries"]
    assert (letter["error"], letter["attempt"], letter["sessionId"]) == ("no browser", 1, "s1")
    assert (letter["projectId"], letter["triggerKind"]) == ("proj_default", "api_error")

    redriven = await client.admin("POST", "/v1/admin/queue-redrive", json={"queue": "replay"})
    assert (redriven["result"]["redriven"], redriven["result"]["remainingFailed"]) == (1, 0)
    taken, _ = await taken_by(worker)
    result = {"projectId": "proj_default", "sessionId": "s1", "artifactKey": "replay-artifacts/s1/analysis.json"}
    await client.internal("/v1/internal/replay-results", result | {"windows": []}, 202)
    await worker.finish(taken)
    await all_done(1)


async def test_what_a_foreign_worker_gave_up_and_an_operator_purged_is_not_published_again(
    make_client: MakeClient, redis: Any, redis_url: str
) -> None:
    client = await make_client(redis_url=redis_url)
    await client.recorded("s1", marker())
    await given_up(redis, QUEUES[0])
    await given_up(redis, QUEUES[1], "failed:unprocessable")

    async def noted() -> bool:
        return await Job.filter(published_at=None).count() == 0

    await eventually(noted)
    for queue, scope in (("replay", "failed"), ("analysis", "unprocessable")):
        asked = {"queue": queue, "scope": scope}
        purged = await client.admin("POST", "/v1/admin/queue-dead-letters/purge", json=asked)
        assert (purged["result"]["deleted"], purged["result"]["remaining"]) == (1, 0)

    assert await Job.filter(status="failed").count() == 2
