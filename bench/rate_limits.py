"""What a rate limit costs a request: kept by the process, and shared through Redis, far from the limit and near it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import uvloop
from pydantic import SecretStr

from retrospec.core.counters import Counters
from retrospec.core.errors import RateLimited
from retrospec.core.rate_limit import Limiter, Rate, RateLimiter
from retrospec.core.redis_allowances import RedisAllowances
from retrospec.core.shared_rate_limit import SharedRateLimiter
from tests.redisserver import RedisServer

_REQUESTS = 20_000
_CLIENTS = 4
_PER_SECOND = 100_000.0
# With the smaller one, every request asks.
_FAR, _NEAR = 1_000_000, 15


async def _cost(limiter: Limiter, connections: int) -> tuple[float, float]:
    """Microseconds of time and of CPU that a request takes, over some connections at once."""
    left = _REQUESTS

    async def one(number: int) -> None:
        nonlocal left
        address = f"192.0.2.{number % _CLIENTS}"
        while left > 0:
            left -= 1
            with suppress(RateLimited):
                if (answer := limiter.admit(address)) is not None:
                    await answer
            await asyncio.sleep(0)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(number) for number in range(connections)))
    return (time.perf_counter() - began) / _REQUESTS * 1e6, (time.process_time() - used) / _REQUESTS * 1e6


async def _measure(url: str) -> None:
    def shared(burst: int) -> SharedRateLimiter:
        rate = Rate.of(_PER_SECOND, burst)
        assert rate is not None
        return SharedRateLimiter(rate, Counters(), RedisAllowances(SecretStr(url)))

    makers: dict[str, Callable[[], RateLimiter | SharedRateLimiter]] = {
        "of the process": lambda: RateLimiter(_PER_SECOND, _FAR, Counters()),
        "shared, far from the limit": lambda: shared(_FAR),
        "shared, each request asks": lambda: shared(_NEAR),
    }
    for name, make in makers.items():
        for connections in (1, 16, 64):
            limiter = make()
            if isinstance(limiter, SharedRateLimiter):
                await limiter.open()
            took, used = await _cost(limiter, connections)
            print(f"{name:28} {connections:3} at once: {took:7.1f} us, {used:6.1f} us of CPU a request", flush=True)
            if isinstance(limiter, SharedRateLimiter):
                await limiter.close()


if __name__ == "__main__":
    with RedisServer() as redis:
        uvloop.run(_measure(redis.url))
