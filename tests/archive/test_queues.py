"""The queue moves by its setting alone, as docs/operations.md says: what waits is in the database."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from redis.asyncio import Redis

from retrospec.core.settings_sources import load
from retrospec.serving import listening
from tests.client import UNLIMITED, Client, eventually, marker


@asynccontextmanager
async def serving(database_url: str, **settings: object) -> AsyncIterator[Client]:
    """A server, one after the other on the same database."""
    given = {"orchestrator_port": 0, "database_url": database_url, "embedded_worker": False, **UNLIMITED}
    async with listening(load({}, **{**given, **settings})) as running, Client(running) as client:
        yield client


async def until_published(redis_url: str) -> None:
    """Wait until Redis has both jobs of a session."""
    redis: AbstractAsyncContextManager[Redis] = Redis.from_url(redis_url)
    async with redis as client:

        async def published() -> bool:
            return [await client.xlen(queue) for queue in ("replay-jobs", "analysis-jobs")] == [1, 1]

        await eventually(published)


async def test_jobs_that_waited_in_the_database_are_published_once_a_server_runs_with_redis(
    database_url: str, redis_url: str, tmp_path: object
) -> None:
    where = {"data_dir": tmp_path}
    async with serving(database_url, **where) as client:
        await client.recorded("s1", marker())

    async with serving(database_url, redis_url=redis_url, **where):
        await until_published(redis_url)


async def test_jobs_that_waited_in_redis_are_done_by_a_server_that_runs_without_it_when_they_are_looked_for(
    database_url: str, redis_url: str, tmp_path: object
) -> None:
    where = {"data_dir": tmp_path}
    async with serving(database_url, redis_url=redis_url, job_republish_minutes=0.03, **where) as client:
        await client.recorded("s1", marker())
        await until_published(redis_url)

    async with serving(database_url, embedded_worker=True, **where) as client:

        async def done() -> bool:
            session = (await client.get("/v1/sessions/s1"))["session"]
            return bool(session["artifacts"]) and session["reportCard"]["status"] != "pending"

        await eventually(done)
