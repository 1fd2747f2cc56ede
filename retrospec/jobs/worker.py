"""The worker: claims jobs of several queues and has them done, several at once."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from retrospec.core.counters import Counters
from retrospec.core.errors import Unavailable
from retrospec.core.log import get_logger
from retrospec.jobs.attempt import Attempts
from retrospec.jobs.handler import BuriedHook, JobHandler
from retrospec.jobs.hold import CLEANUP_SECONDS
from retrospec.jobs.retry import RetryPolicy
from retrospec.plugin.queue import Lease, QueueBackend

log = get_logger(__name__)

_LONGEST_BACKOFF = 30.0


class Worker:
    """Runs jobs until it is stopped. No trouble of the queue or of a handler ends it.

    Counts `retrospec_jobs_total{queue, outcome}` (`done`, `retried`, `failed`, `unprocessable`, `lost`,
    `released`), the histogram `retrospec_job_seconds{queue}`, and `retrospec_worker_queue_errors_total`.
    """

    def __init__(
        self,
        queue: QueueBackend,
        handlers: Mapping[str, JobHandler],
        *,
        name: str,
        counters: Counters,
        concurrency: int = 2,
        lease_seconds: float = 60,
        job_timeout: float = 300,
        retry: RetryPolicy | None = None,
        on_buried: Mapping[str, BuriedHook] | None = None,
        poll_seconds: float = 0.5,
    ) -> None:
        """Make a worker that does nothing yet.

        Args:
            queue: Where jobs come from.
            handlers: What does the jobs of each queue, by the queue's name.
            name: Unique among the running workers.
            counters: Where outcomes are counted.
            concurrency: Jobs at once, of all queues together.
            lease_seconds: How long a job stays this worker's without a heartbeat.
            job_timeout: How long an attempt may take, seconds.
            retry: Attempts and pauses.
            on_buried: Who is told when a job is given up, by the queue's name.
            poll_seconds: How often an idle worker asks for jobs; `wake` makes it ask at once.
        """
        self.name = name
        self._queue = queue
        self._handlers = dict(handlers)
        self._on_buried = dict(on_buried or {})
        self._attempts = Attempts(queue, counters, retry or RetryPolicy(), lease_seconds, job_timeout)
        self._counters = counters
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        # The queue that was served last stands last, so that none starves behind a long one.
        self._turns = deque(self._handlers)
        self._running: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    @property
    def running(self) -> int:
        """How many jobs it works on."""
        return len(self._running)

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
                claimed = await self._claim_free()
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

    async def _claim_free(self) -> int:
        """Fill the free slots from all queues, in shares as equal as they go. Says how many were filled."""
        claimed = 0
        for passed, queue in enumerate(tuple(self._turns)):
            free = self._concurrency - len(self._running)
            if free <= 0 or self._stopping.is_set():
                break
            leases = await self._claim(queue, -(-free // (len(self._turns) - passed)))
            if leases:
                self._turns.remove(queue)
                self._turns.append(queue)
                claimed += len(leases)
            for lease in leases:
                self._take(lease)
        return claimed

    async def _claim(self, queue: str, limit: int) -> Sequence[Lease]:
        lease_seconds = self._attempts.lease_seconds
        # A claim that takes as long as a lease would hand out what is no longer held.
        async with asyncio.timeout(lease_seconds):
            return await self._queue.claim(queue, worker=self.name, limit=limit, lease_seconds=lease_seconds)

    def _take(self, lease: Lease) -> None:
        work = self._attempts.run(lease, self._handlers[lease.queue], self._on_buried.get(lease.queue))
        task = asyncio.create_task(work, name=f"attempt {lease.job.id}")
        self._running.add(task)
        task.add_done_callback(self._ended)

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
