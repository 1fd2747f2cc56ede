"""A queue in the memory of one process: for tests, and for trying things out."""

import heapq
import itertools
import json
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from retrospec.plugin import (
    DeadLetter,
    DeadLetterPage,
    Lease,
    Purged,
    QueueBackend,
    QueueDepths,
    QueuedJob,
    Redriven,
    Scope,
    queue_backend,
)


@dataclass(slots=True, order=True)
class Entry:
    """A job and its place: entries of a lower number were there before."""

    number: int
    job: QueuedJob = field(compare=False)


@dataclass(slots=True)
class Line:
    """One queue. An unfinished job is in exactly one of ready, held and resting."""

    ready: list[Entry] = field(default_factory=list)
    held: dict[str, tuple[float, Entry]] = field(default_factory=dict)
    resting: list[tuple[float, Entry]] = field(default_factory=list)
    dead: dict[Scope, list[tuple[QueuedJob, DeadLetter]]] = field(
        default_factory=lambda: {"failed": [], "unprocessable": []}
    )
    unfinished: set[str] = field(default_factory=set)

    def settle(self, now: float) -> None:
        """Make ready what is due: rests that are over, and leases that have run out."""
        while self.resting and self.resting[0][0] <= now:
            heapq.heappush(self.ready, heapq.heappop(self.resting)[1])
        for token in [token for token, (until, _) in self.held.items() if until <= now]:
            heapq.heappush(self.ready, self.held.pop(token)[1])


@queue_backend("memory", "In the memory of one process; nothing survives it")
class MemoryQueue(QueueBackend):
    """Forgets everything when the process ends. A job that is published while it is unfinished is not added twice.

    Args:
        clock: Seconds that only grow; tests turn their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._lines: defaultdict[str, Line] = defaultdict(Line)

    async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
        for job in jobs:
            self._add(self._lines[queue], job)

    async def claim(self, queue: str, *, worker: str, limit: int, lease_seconds: float) -> Sequence[Lease]:
        line = self._settled(queue)
        leases: list[Lease] = []
        while line.ready and len(leases) < limit:
            entry = heapq.heappop(line.ready)
            lease = Lease(queue, entry.job, f"{worker}#{next(self._numbers)}")
            line.held[lease.token] = (self._clock() + lease_seconds, entry)
            leases.append(lease)
        return leases

    async def extend(self, lease: Lease, *, lease_seconds: float) -> bool:
        line = self._settled(lease.queue)
        if lease.token not in line.held:
            return False
        _, entry = line.held[lease.token]
        line.held[lease.token] = (self._clock() + lease_seconds, entry)
        return True

    async def complete(self, lease: Lease) -> bool:
        entry = self._taken(lease)
        if entry is None:
            return False
        self._lines[lease.queue].unfinished.discard(entry.job.id)
        return True

    async def retry(self, lease: Lease, *, delay_seconds: float, error: str) -> bool:
        entry = self._taken(lease)
        if entry is None:
            return False
        entry.job = replace(entry.job, attempt=entry.job.attempt + 1)
        heapq.heappush(self._lines[lease.queue].resting, (self._clock() + delay_seconds, entry))
        return True

    async def release(self, lease: Lease) -> bool:
        entry = self._taken(lease)
        if entry is None:
            return False
        heapq.heappush(self._lines[lease.queue].ready, entry)
        return True

    async def bury(self, lease: Lease, *, error: str, scope: Scope = "failed") -> bool:
        entry = self._taken(lease)
        if entry is None:
            return False
        line, job = self._lines[lease.queue], entry.job
        line.unfinished.discard(job.id)
        line.dead[scope].append((job, DeadLetter(datetime.now(UTC), error, job.attempt + 1, job.payload)))
        return True

    async def depths(self, queue: str) -> QueueDepths:
        line = self._settled(queue)
        return QueueDepths(
            stream_depth=len(line.ready) + len(line.held),
            pending=len(line.held),
            retry_depth=len(line.resting),
            failed_depth=sum(map(len, line.dead.values())),
        )

    async def dead_letters(self, queue: str, scope: Scope, *, offset: int, limit: int) -> DeadLetterPage:
        newest_first = [letter for _, letter in reversed(self._lines[queue].dead[scope])]
        return DeadLetterPage(len(newest_first), newest_first[offset : offset + limit])

    async def buried(self, queue: str, ids: Collection[str]) -> Collection[str]:
        dead = {job.id for letters in self._lines[queue].dead.values() for job, _ in letters}
        return dead.intersection(ids)

    async def purge(self, queue: str, scope: Scope, *, limit: int) -> Purged:
        dead = self._lines[queue].dead[scope]
        deleted = min(limit, len(dead))
        del dead[:deleted]
        return Purged(deleted, len(dead))

    async def redrive(self, queue: str, *, limit: int) -> Redriven:
        line = self._lines[queue]
        redriven = skipped = 0
        left: list[tuple[QueuedJob, DeadLetter]] = []
        for job, letter in line.dead["failed"]:
            if redriven == limit:
                left.append((job, letter))
            elif _readable(job.payload):
                self._add(line, replace(job, attempt=0))
                redriven += 1
            else:
                left.append((job, letter))
                skipped += 1
        line.dead["failed"] = left
        return Redriven(redriven, skipped, len(left))

    def _add(self, line: Line, job: QueuedJob) -> None:
        if job.id not in line.unfinished:
            line.unfinished.add(job.id)
            heapq.heappush(line.ready, Entry(next(self._numbers), job))

    def _settled(self, queue: str) -> Line:
        line = self._lines[queue]
        line.settle(self._clock())
        return line

    def _taken(self, lease: Lease) -> Entry | None:
        """End a hold, or None when it has ended already."""
        return self._settled(lease.queue).held.pop(lease.token, (0.0, None))[1]


def _readable(payload: str) -> bool:
    try:
        return isinstance(json.loads(payload), dict)
    except ValueError:
        return False
