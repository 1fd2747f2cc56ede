"""A queue worker written by somebody else: it knows the keys of Redis and the callbacks, and nothing of our code."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from redis.asyncio import Redis

Json = dict[str, Any]


class Taken(NamedTuple):
    """A job that it holds: the stream's entry, the text as it came, and what that says."""

    entry: str
    text: str
    job: Json


class ForeignWorker:
    """Does to Redis what a worker in another language does, a command after the other.

    Attributes:
        redis: Its connection. Untyped: by its types every reply may be anything.
    """

    def __init__(self, redis: Any, queue: str, name: str = "node-1") -> None:
        self.redis = redis
        self._queue = queue
        self._group = f"{queue}:group"
        self._name = name

    async def take(self, block: int | None = None) -> Taken | None:
        """Read the next new entry, waiting so many milliseconds for one."""
        found = await self.redis.xreadgroup(self._group, self._name, {self._queue: ">"}, count=1, block=block)
        return _taken(*found[0][1][0]) if found else None

    async def reclaim(self, idle: int) -> list[Taken]:
        """Take over what others have held for so many milliseconds, to the end of the list."""
        cursor, taken = "0-0", []
        while True:
            cursor, entries, *_ = await self.redis.xautoclaim(self._queue, self._group, self._name, idle, cursor)
            taken += [_taken(*entry) for entry in entries]
            if cursor == "0-0":
                return taken

    async def finish(self, taken: Taken) -> None:
        """Let go of an entry."""
        await self.redis.xack(self._queue, self._group, taken.entry)
        await self.redis.xdel(self._queue, taken.entry)

    async def retry(self, taken: Taken, seconds: float) -> str:
        """Have a job run again later, with an attempt more; gives the text that waits."""
        text = json.dumps({**taken.job, "attempt": taken.job.get("attempt", 0) + 1}, separators=(",", ":"))
        await self.redis.zadd(f"{self._queue}:retry", {text: round((time.time() + seconds) * 1000)})
        await self.finish(taken)
        return text

    async def bring_back(self) -> int:
        """Move due retries into the stream."""
        due = await self.redis.zrangebyscore(f"{self._queue}:retry", 0, round(time.time() * 1000), start=0, num=50)
        moved = 0
        for text in due:
            if await self.redis.zrem(f"{self._queue}:retry", text):
                await self.redis.xadd(self._queue, {"payload": text})
                moved += 1
        return moved

    async def fail(self, taken: Taken, error: str, *, scope: str = "failed") -> None:
        """Give a job up."""
        failed_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        attempt = taken.job.get("attempt", 0) + 1
        letter = {"failedAt": failed_at, "error": error, "attempt": attempt, "payload": taken.text}
        await self.redis.lpush(f"{self._queue}:{scope}", json.dumps(letter))
        await self.finish(taken)


def _taken(entry: str, fields: dict[str, str]) -> Taken:
    assert list(fields) == ["payload"]
    return Taken(entry, fields["payload"], json.loads(fields["payload"]))


@asynccontextmanager
async def foreign_worker(url: str, queue: str, name: str = "node-1") -> AsyncIterator[ForeignWorker]:
    """A worker on a queue."""
    async with Redis.from_url(url, decode_responses=True) as redis:
        yield ForeignWorker(redis, queue, name)
