"""Jobs in Redis Streams, under keys that workers written by others read as well."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from retrospec.plugin import (
    DeadLetterPage,
    Lease,
    Purged,
    QueueBackend,
    QueueDepths,
    QueuedJob,
    QueueUnavailable,
    Redriven,
    Scope,
    queue_backend,
)

from . import scripts
from .connection import Connection, RedisSettings
from .payloads import dead_letter, identity_in, read_dead_letter, read_entry, revived, with_attempt, with_id

__all__ = ["RedisQueue", "RedisSettings"]

_KEYS = ("", ":retry", ":failed", ":failed:unprocessable", ":migrating")
# Of retries that are due, so many come back with one claim: Redis does nothing else meanwhile.
_RETRIES_AT_ONCE = 100
_RETRIES_PREPARED = 1_000
_LONGEST_ERROR = 4_000
_LETTERS_AT_ONCE = 500
# Of each list the newest; 0.3 s for all of both.
_LETTERS_SEARCHED = 20_000


@queue_backend("redis", "Redis Streams; workers written by others may share them", settings=RedisSettings)
class RedisQueue(QueueBackend):
    """Entries of a stream, held as consumers of the group `Q:group`.

    A lease is an entry's idle time: it is anybody's from `lease_seconds` on, ours or foreign. A lease that is asked for
    shorter begins with some of that time behind it; a longer one is cut to it.
    """

    delays = True

    def __init__(self, settings: RedisSettings | None = None) -> None:
        """Make a queue that is not connected yet.

        Args:
            settings: Where Redis is, and how patient to be.
        """
        settings = settings or RedisSettings()
        self._redis = Connection(settings)
        self._patience = round(settings.lease_seconds * 1000)
        self._workers: defaultdict[str, set[str]] = defaultdict(set)

    async def open(self) -> None:
        """Make ready. Redis need not be there yet: jobs wait in the outbox until it is."""
        self._redis.open()

    async def close(self) -> None:
        """Sign off from the groups, and hang up."""
        for queue, workers in self._workers.items():
            with suppress(QueueUnavailable):
                await self._run(scripts.LEAVE, queue, *workers)
        await self._redis.close()

    async def check(self) -> str:
        """Say that Redis answers."""
        await self._redis.command("PING")
        return "Redis answers"

    async def prepare(self, queue: str) -> None:
        """Move the list of an older version into the stream, make the group that others read with.

        Brings back retries that are due, too: those who read may all be others, and leave that to us.
        """
        await self._run(scripts.PREPARE, queue, _RETRIES_PREPARED)

    async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
        """Append jobs, all or none."""
        if jobs:
            await self._run(scripts.PUBLISH, queue, *(with_id(job) for job in jobs))

    async def claim(self, queue: str, *, worker: str, limit: int, lease_seconds: float) -> Sequence[Lease]:
        """Hand out jobs. One whose lease has run out comes with an attempt more: its worker died of it, maybe."""
        self._workers[queue].add(worker)
        lease = self._patience - self._idle(lease_seconds)
        claimed = await self._run(scripts.CLAIM, queue, worker, max(limit, 1), self._patience, lease, _RETRIES_AT_ONCE)
        return [_lease(queue, worker, entry) for entry in claimed]

    async def extend(self, lease: Lease, *, lease_seconds: float) -> bool:
        """Hold a job for longer, also when its lease has run out and nobody else has taken it."""
        return bool(await self._run(scripts.EXTEND, lease.queue, *_hold(lease), self._idle(lease_seconds)))

    async def complete(self, lease: Lease) -> bool:
        """Acknowledge a job's entry and delete it."""
        return await self._settle(lease, "done")

    async def retry(self, lease: Lease, *, delay_seconds: float, error: str) -> bool:
        """Let a job rest. One that cannot carry its count of attempts is given up instead."""
        payload = with_attempt(lease.job.payload, lease.job.attempt + 1)
        if payload is None:
            return await self.bury(lease, error=error, scope="unprocessable")
        return await self._settle(lease, "retry", payload, round(max(delay_seconds, 0) * 1000))

    async def release(self, lease: Lease) -> bool:
        """Give a job back, at the end of the stream."""
        payload = with_attempt(lease.job.payload, lease.job.attempt)
        return await self._settle(lease, "release", lease.job.payload if payload is None else payload)

    async def bury(self, lease: Lease, *, error: str, scope: Scope = "failed") -> bool:
        """Make a job a dead letter."""
        return await self._settle(lease, scope, dead_letter(lease.job, error[:_LONGEST_ERROR]))

    async def depths(self, queue: str) -> QueueDepths:
        """Count the jobs of a queue."""
        return QueueDepths(*await self._run(scripts.DEPTHS, queue))

    async def oldest(self, queue: str) -> datetime | None:
        """The time in the id of the stream's first entry, by the clock of Redis."""
        first = await self._redis.command("XRANGE", queue, "-", "+", "COUNT", 1)
        if not first:
            return None
        milliseconds = int(first[0][0].partition(b"-")[0])
        return datetime.fromtimestamp(milliseconds / 1000, UTC)

    async def dead_letters(self, queue: str, scope: Scope, *, offset: int, limit: int) -> DeadLetterPage:
        """List dead letters, newest first, those of foreign workers among them."""
        total, letters = await self._run(scripts.DEAD_LETTERS, queue, scope, offset, limit)
        return DeadLetterPage(total, tuple(read_dead_letter(letter) for letter in letters))

    async def buried(self, queue: str, ids: Collection[str]) -> Collection[str]:
        """Look for jobs in both lists: workers written by others give up without telling the outbox."""
        wanted, found = frozenset(ids), set[str]()
        for letters in (f"{queue}:failed", f"{queue}:failed:unprocessable"):
            for offset in range(0, _LETTERS_SEARCHED, _LETTERS_AT_ONCE):
                page = await self._redis.command("LRANGE", letters, offset, offset + _LETTERS_AT_ONCE - 1)
                found.update(wanted.intersection(map(identity_in, page)))
                if len(page) < _LETTERS_AT_ONCE:
                    break
        return found

    async def purge(self, queue: str, scope: Scope, *, limit: int) -> Purged:
        """Delete dead letters, oldest first."""
        before, after = await self._run(scripts.PURGE, queue, scope, limit)
        return Purged(before - after, after)

    async def redrive(self, queue: str, *, limit: int) -> Redriven:
        """Put dead letters back. Those that cannot be read move to `unprocessable`, out of the others' way."""
        redriven = skipped = 0
        while redriven < limit and (letters := await self._oldest_failed(queue, limit - redriven)):
            pairs = [part for letter in letters for part in (letter, revived(letter))]
            again, aside = await self._run(scripts.REDRIVE, queue, *pairs)
            redriven, skipped = redriven + again, skipped + aside
        left = await self._redis.command("LLEN", f"{queue}:failed")
        return Redriven(redriven, skipped, left)

    async def _oldest_failed(self, queue: str, limit: int) -> list[bytes]:
        newest_first: list[bytes] = await self._redis.command("LRANGE", f"{queue}:failed", -limit, -1)
        return newest_first[::-1]

    async def _settle(self, lease: Lease, fate: str, *what: str | int) -> bool:
        return bool(await self._run(scripts.SETTLE, lease.queue, *_hold(lease), fate, *what))

    async def _run(self, script: str, queue: str, *arguments: str | int | bytes) -> Any:
        keys = [f"{queue}{suffix}" for suffix in _KEYS]
        return await self._redis.run(script, keys, [f"{queue}:group", *arguments])

    def _idle(self, lease_seconds: float) -> int:
        """How idle an entry is to be at once, so that it is anybody's after that time; milliseconds."""
        return max(self._patience - round(lease_seconds * 1000), 0)


def _lease(queue: str, worker: str, entry: tuple[bytes, Sequence[bytes], int]) -> Lease:
    ident, fields, deliveries = entry
    return Lease(queue, read_entry(fields, deliveries), f"{ident.decode()}/{deliveries}/{worker}")


def _hold(lease: Lease) -> tuple[str, str, str]:
    """Entry, consumer and deliveries of a hold."""
    ident, deliveries, worker = lease.token.split("/", 2)
    return ident, worker, deliveries
