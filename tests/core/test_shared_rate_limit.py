"""Rate limits of several processes, on a real Redis. Each limiter here is what one process has."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
import structlog
from pydantic import SecretStr
from redis.asyncio import Redis

from retrospec.core.counters import Counters
from retrospec.core.errors import RateLimited
from retrospec.core.rate_limit import Rate
from retrospec.core.redis_allowances import RedisAllowances
from retrospec.core.shared_rate_limit import SharedRateLimiter
from tests.client import eventually
from tests.redisserver import RedisServer

# So slow that nothing comes back while a test runs.
BURST = 48
SLOW = Rate.of(0.01, BURST)
ERRORS, REFUSED = ("retrospec_rate_limit_errors_total", ()), ("retrospec_rate_limited_total", ())

Make = Callable[..., Awaitable[SharedRateLimiter]]


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
async def make(redis_url: str, counters: Counters) -> AsyncIterator[Make]:
    async with AsyncExitStack() as opened:

        async def process(url: str = redis_url, rate: Rate | None = SLOW, clients: int = 20_000) -> SharedRateLimiter:
            assert rate is not None
            limiter = SharedRateLimiter(rate, counters, RedisAllowances(SecretStr(url)), clients=clients)
            await limiter.open()
            opened.push_async_callback(limiter.close)
            return limiter

        yield process


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that a test may end."""
    with RedisServer() as server:
        yield server


async def passes(limiter: SharedRateLimiter, address: str = "192.0.2.1") -> bool:
    try:
        answer = limiter.admit(address)
        if answer is not None:
            await answer
    except RateLimited:
        return False
    return True


async def passed(*limiters: SharedRateLimiter, requests: int, address: str = "192.0.2.1") -> int:
    """How many of some requests pass that come to all of the processes at once."""
    asked = (passes(limiters[number % len(limiters)], address) for number in range(requests))
    return sum(await asyncio.gather(*asked))


async def test_a_client_has_one_burst_whichever_process_it_calls(make: Make, counters: Counters) -> None:
    one, other = await make(), await make()

    found = [await passes(limiter) for _ in range(BURST) for limiter in (one, other)]

    assert found == [True] * BURST + [False] * BURST
    assert counters.drain()[REFUSED] == BURST


async def test_a_burst_that_comes_to_all_at_once_gains_a_sixteenth_for_each_further_process(make: Make) -> None:
    limiters = [await make() for _ in range(3)]

    assert BURST <= await passed(*limiters, requests=4 * BURST) <= BURST + 2 * BURST // 16
    await asyncio.sleep(0.05)
    assert await passed(*limiters, requests=30) == 0


async def test_clients_are_told_apart(make: Make) -> None:
    one, other = await make(), await make()
    assert await passed(one, requests=BURST + 1) == BURST

    assert await passed(other, requests=BURST + 1, address="2001:db8:0:1::1") == BURST
    assert not await passes(other, "2001:db8:0:1:ffff::2")
    assert await passes(other, "2001:db8:0:2::1")


async def test_a_refusal_says_when_a_request_will_pass(make: Make) -> None:
    one, other = await make(rate=Rate.of(10, 2)), await make(rate=Rate.of(10, 2))
    assert await passed(one, requests=2) == 2
    # With a burst this small, nothing passes without asking.
    answer = other.admit("192.0.2.1")
    assert answer is not None
    with pytest.raises(RateLimited) as refusal:
        await answer

    wait = refusal.value.retry_after
    assert wait is not None
    assert 0 < wait <= 0.1
    await asyncio.sleep(wait + 0.01)
    assert await passes(other)


async def test_whoever_is_known_to_be_over_its_limit_is_refused_without_asking(make: Make) -> None:
    one, other = await make(), await make()
    assert await passed(one, requests=BURST) == BURST
    assert await passed(other, requests=BURST) == BURST // 16

    with pytest.raises(RateLimited):
        other.admit("192.0.2.1")


async def test_what_is_far_from_the_limit_passes_without_waiting_and_is_told_afterwards(
    make: Make, redis_url: str
) -> None:
    limiter = await make()
    assert [limiter.admit("192.0.2.1") for _ in range(BURST // 16)] == [None] * (BURST // 16)

    async with Redis.from_url(redis_url) as redis:
        keys = await eventually(lambda: redis.keys("*"))
        left = await redis.pttl(keys[0])
    assert keys == [b"retrospec:rate:192.0.2.1"]
    # Gone by itself when the allowance is whole.
    assert 0 < left <= BURST // 16 * 100_000


async def test_of_many_clients_the_latest_are_remembered(make: Make) -> None:
    limiter = await make(clients=50)

    for number in range(500):
        assert await passes(limiter, f"192.0.{number % 5}.{number // 5}")
        await asyncio.sleep(0.001)

    assert len(limiter._known) <= 60


async def test_without_redis_each_process_keeps_its_own_limits_until_it_is_back(
    make: Make, counters: Counters, own_redis: RedisServer
) -> None:
    one, other = await make(own_redis.url), await make(own_redis.url)
    own_redis.stop()
    with structlog.testing.capture_logs() as logged:
        assert await passed(one, requests=2 * BURST) == BURST
        assert await passed(other, requests=2 * BURST) == BURST
        await asyncio.to_thread(own_redis.start)
        assert await eventually(lambda: _shares(one, other))
        assert await passed(one, other, requests=4 * BURST, address="192.0.2.2") <= BURST + BURST // 16

    events = [line["event"] for line in logged]
    assert events.count("rate limits are kept by each process until Redis is back") == 2
    assert events.count("rate limits are shared again") == 2
    assert counters.drain()[ERRORS] >= 2


async def test_a_redis_that_takes_nothing_is_told_of_once(
    make: Make, counters: Counters, own_redis: RedisServer
) -> None:
    limiter = await make(own_redis.url)
    async with Redis.from_url(own_redis.url) as redis:
        await redis.config_set("maxmemory", "1")
    errors = 0.0

    async def failed_again() -> bool:
        nonlocal errors
        assert await passes(limiter, f"192.0.2.{errors:.0f}")
        errors += counters.drain().get(ERRORS, 0)
        return errors >= 3

    with structlog.testing.capture_logs() as logged:
        await eventually(failed_again)

    assert [line["event"] for line in logged] == ["rate limits are kept by each process until Redis is back"]


async def test_a_server_that_starts_without_redis_shares_its_limits_once_it_is_there(
    make: Make, own_redis: RedisServer
) -> None:
    own_redis.stop()
    limiter = await make(own_redis.url)
    assert await passed(limiter, requests=2 * BURST) == BURST

    await asyncio.to_thread(own_redis.start)

    await eventually(lambda: _shares(limiter))


async def test_no_request_waits_for_a_redis_that_does_not_answer(
    make: Make, counters: Counters, own_redis: RedisServer
) -> None:
    limiter = await make(own_redis.url)
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(5):
            assert await passed(limiter, requests=2 * BURST) == BURST
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    assert counters.drain()[ERRORS] >= 1


async def _shares(*limiters: SharedRateLimiter) -> bool:
    return not any(limiter._away for limiter in limiters)
