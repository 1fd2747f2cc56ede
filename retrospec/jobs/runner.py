"""What runs jobs until it is stopped: a loop that claims, and the attempts that it has begun."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from retrospec.core.counters import Counters
from retrospec.core.errors import Unavailable
from retrospec.core.log import get_logger
from retrospec.jobs.attempt import Attempts
from retrospec.jobs.handler import BuriedHook, JobHandler
from retrospec.jobs.hold import CLEANUP_SECONDS
from retrospec.plugin.queue import Lease

log = get_logger(__name__)

_LONGEST_BACKOFF = 30.0


class JobRunner(ABC):
    """Runs jobs until it is stopped. No trouble of the queue or of a handler ends it.

    Counts `retrospec_jobs_total{queue, outcome}` (`done`, `retried`, `failed`, `unprocessable`, `lost`,
    `released`), the histogram `retrospec_job_seconds{queue}`, and `retrospec_worker_queue_errors_total`.
    """

    def __init__(
        self, attempts: Attempts, *, name: str, counters: Counters, concurrency: int, poll_seconds: float
    ) -> None:
        """Make one that does nothing yet.

        Args:
            attempts: How jobs are done.
            name: Unique among those that run.
            counters: Where troubles of the queue are counted.
            concurrency: Jobs at once, of all queues together.
            poll_seconds: How often it asks for jobs while idle; `wake` makes it ask at once.
        """
        self.name = name
        self._attempts = attempts
        self._counters = counters
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        self._running: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    @property
    def running(self) -> int:
        """How many jobs it works on."""
        return len(self._running)

    @property
    def free(self) -> int:
        """How many more it may begin; none once it is to stop."""
        return 0 if self._stopping.is_set() else max(self._concurrency - len(self._running), 0)

    def start(self) -> None:
        """Begin to claim jobs."""
        self._loop = asyncio.create_task(self._run(), name=f"worker {self.name}")

    def wake(self) -> None:
        """Look for jobs at once: there are new ones."""
        self._woken.set()

    async def stop(self, grace: float = 10) -> None:
        """Claim no more, let running jobs finish, then cancel the rest and give it back.

        Args:
            grace: How long running jobs may take, seconds; their clean-up after that, three seconds more.
        """
        self._stopping.set()
        self.wake()
        deadline = asyncio.get_running_loop().time() + grace
        if self._loop is not None:
            # Not cancelled at once: what a claim is about to hand out would be nobody's until its lease ran out.
            await _end({self._loop}, deadline)
        await _end(self._running, deadline)

    async def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                claimed = await self._claim()
                failures = 0
            except Exception as trouble:
                failures = min(failures + 1, 10)
                self._counters.add("retrospec_worker_queue_errors_total")
                expected = isinstance(trouble, (Unavailable, TimeoutError))
                log.warning("no jobs can be had", worker=self.name, error=str(trouble), exc_info=not expected)
                await _wait(self._stopping, min(self._poll_seconds * 2**failures, _LONGEST_BACKOFF))
                continue
            if not claimed:
                full = len(self._running) >= self._concurrency
                await _wait(self._woken, None if full else self._poll_seconds)

    @abstractmethod
    async def _claim(self) -> int:
        """Claim jobs and take them, as far as there is room; says how many were taken."""

    async def _claim_of(self, queue: str, limit: int) -> Sequence[Lease]:
        lease_seconds = self._attempts.lease_seconds
        # A claim that takes as long as a lease would hand out what is no longer held.
        async with asyncio.timeout(lease_seconds):
            return await self._attempts.queue.claim(queue, worker=self.name, limit=limit, lease_seconds=lease_seconds)

    def _take(self, lease: Lease, handler: JobHandler, on_buried: BuriedHook | None) -> asyncio.Task[None]:
        work = self._attempts.run(lease, handler, on_buried)
        task = asyncio.create_task(work, name=f"attempt {lease.job.id}")
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.wake()
        if not task.cancelled() and (defect := task.exception()):
            log.error("an attempt ended in a defect", worker=self.name, exc_info=defect)


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


async def _end(tasks: Iterable[asyncio.Task[None]], deadline: float) -> None:
    """Wait until the deadline, then cancel; the first time for them to give back what they hold, then for good."""
    left = set(tasks)
    remaining = max(deadline - asyncio.get_running_loop().time(), 0)
    for patience in (remaining, CLEANUP_SECONDS + 0.5, 0.5):
        if not left:
            return
        _, left = await asyncio.wait(left, timeout=patience)
        for task in left:
            task.cancel()
    for task in left:
        log.error("work does not end", task=task.get_name())
