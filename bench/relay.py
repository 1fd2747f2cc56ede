"""How soon after its commit a job is in the stream of Redis, and how many a second get there.

    python -m bench.relay [--database sqlite] [--count N]

At rest: one session after the other, each sent when nothing else is going on. From the request on counts also what
the answer takes; from the answer on is what is left when the client knows that its session is committed (below nothing,
where the job was there first). Under load: sessions over 16 connections, with Redis and without it, and how fast what
waited follows when Redis is there again.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
from redis.asyncio import Redis

from bench.load import pour
from bench.postgres import postgres
from bench.server import Running, folder, serving
from bench.sessions import requests
from tests.redisserver import RedisServer

_PORT = 18_085
_STREAM = "replay-jobs"
_CONNECTIONS = 16
_REST_SECONDS = 0.15


@contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    """Settings that choose a database."""
    if kind == "sqlite":
        yield {}
    else:
        with postgres() as url:
            yield {"DATABASE_URL": url}


async def seen(redis: Any, after: Any) -> float:
    """When there is a new entry."""
    assert await redis.xread({_STREAM: after}, block=5_000)
    return time.perf_counter()


async def one(http: httpx.AsyncClient, redis: Any, number: int) -> tuple[float, float]:
    """Send a session; gives the seconds to its job in the stream, from the request and from the answer on."""
    last = await redis.xrevrange(_STREAM, count=1)
    reading = asyncio.create_task(seen(redis, last[0][0] if last else "0"))
    await asyncio.sleep(_REST_SECONDS)
    marker = {"id": "m1", "kind": "api_error", "label": "POST /api/orders -> 500", "replayOffsetMs": 900}
    key = f"session-events/proj_default/2026/01/01/shop.example/rest-{number}.json"
    session = {"id": f"rest-{number}", "site": "shop.example", "eventsObjectKey": key}
    sent = time.perf_counter()
    answer = await http.post("/v1/ingest/session", json={"session": session, "markers": [marker]})
    answered = time.perf_counter()
    assert answer.status_code == 202, answer.text
    read = await reading
    return read - sent, read - answered


def show(what: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    middle, late = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    print(f"{what}: median {middle * 1000:6.1f} ms   p99 {late * 1000:6.1f} ms   worst {ordered[-1] * 1000:6.1f} ms")


async def at_rest(url: str, redis_url: str, count: int) -> None:
    async with httpx.AsyncClient(base_url=url) as http, Redis.from_url(redis_url) as redis:
        for number in range(5):
            await one(http, redis, -1 - number)
        found = [await one(http, redis, number) for number in range(count)]
    show(f"at rest, {count} jobs, from the request to the stream", [whole for whole, _ in found])
    show(f"at rest, {count} jobs, from the answer to the stream ", [rest for _, rest in found])


async def arrived(redis: Any, count: int) -> float:
    """Wait until so many jobs are in the stream; gives the seconds."""
    begun = time.perf_counter()
    while await redis.xlen(_STREAM) < count:
        assert time.perf_counter() - begun < 300
        await asyncio.sleep(0.005)
    return time.perf_counter() - begun


async def under_load(server: Running, queue: RedisServer, count: int) -> None:
    """Sessions a second with Redis, without it, and what follows when it is back."""
    flow, process = requests(), psutil.Process(server.process.pid)

    async def sessions(what: str) -> None:
        before = process.cpu_times()
        load = await pour(_PORT, flow, connections=_CONNECTIONS, count=count)
        after = process.cpu_times()
        spent = after.user + after.system - before.user - before.system
        each = spent / count * 1000
        print(f"{what}: {load.rate:.0f} sessions/s, {each:.2f} ms of the server's CPU each  {load.statuses}")

    async with Redis.from_url(queue.url) as redis:
        before = await redis.xlen(_STREAM)
        await sessions("with Redis")
        behind = await arrived(redis, before + count)
    print(f"  the last job is there {behind * 1000:.0f} ms after the last answer")
    queue.stop()
    await sessions("without it")
    # It comes back with nothing in it, and is looked for at most every 5 seconds.
    await asyncio.to_thread(queue.start)
    async with Redis.from_url(queue.url) as redis:
        noticed = await arrived(redis, 1)
        took = await arrived(redis, count)
    print(f"back again: noticed after {noticed:.1f} s, then {2 * count} jobs in {took:.2f} s, {2 * count / took:.0f}/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--count", type=int, default=200, help="jobs at rest; under load ten times as many sessions")
    options = parser.parse_args()
    with folder() as data, database(options.database) as chosen, RedisServer() as redis:
        settings = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false", "LOG_LEVEL": "ERROR"}
        with serving(data, _PORT, REDIS_URL=redis.url, **settings, **chosen) as server:
            asyncio.run(at_rest(server.url, redis.url, options.count))
            asyncio.run(under_load(server, redis, 10 * options.count))


if __name__ == "__main__":
    main()
