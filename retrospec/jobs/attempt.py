"""One attempt at a job: run its handler under a lease, and settle what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from retrospec.core.counters import Counters
from retrospec.core.log import get_logger
from retrospec.jobs.handler import BuriedHook, JobContext, JobHandler, Unprocessable
from retrospec.jobs.hold import LeaseLost, hold
from retrospec.jobs.retry import RetryPolicy
from retrospec.plugin.alerts import RetryAfter
from retrospec.plugin.queue import Lease, QueueBackend, Scope

log = get_logger(__name__)

DURATION_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300)


@dataclass(frozen=True, slots=True)
class Attempts:
    """How the jobs of one worker are done.

    Attributes:
        queue: Where leases are from.
        counters: Where outcomes are counted.
        retry: Attempts and pauses.
        lease_seconds: How long a job is held without a heartbeat.
        timeout: How long an attempt may take, seconds.
        label: What metrics call the queue; empty: by its name. For queues whose names are not known beforehand.
    """

    queue: QueueBackend
    counters: Counters
    retry: RetryPolicy
    lease_seconds: float
    timeout: float
    label: str = ""

    async def run(self, lease: Lease, handler: JobHandler, on_buried: BuriedHook | None) -> None:
        """Do one job, whatever happens. Cancelled, it gives the job back."""
        try:
            await self._run(lease, handler, on_buried)
        except asyncio.CancelledError:
            await self._settle(lease, "released", lambda: self.queue.release(lease))
            raise

    async def _run(self, lease: Lease, handler: JobHandler, on_buried: BuriedHook | None) -> None:
        job = JobContext(
            lease.job.id, lease.queue, lease.job.payload, lease.job.attempt, lambda: self._still_held(lease)
        )
        # A lease that runs out counts as an attempt: a job that kills its worker must not do so for ever.
        if self.retry.used_up(job.attempt):
            await self._bury(lease, job, on_buried, f"its worker stopped during attempt {job.attempt}", "failed")
            return
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            await hold(self.queue, lease, handler(job), lease_seconds=self.lease_seconds, timeout=self.timeout)
        except LeaseLost:
            self._count(lease, "lost")
            log.warning("a job was lost to another worker", queue=job.queue, job=job.id)
        except Unprocessable as reason:
            await self._bury(lease, job, on_buried, str(reason), "unprocessable")
        except Exception as trouble:
            await self._retry_or_bury(lease, job, on_buried, trouble)
        else:
            await self._settle(lease, "done", lambda: self.queue.complete(lease))
        labels = (("queue", self.label or lease.queue),)
        self.counters.observe("retrospec_job_seconds", clock() - started, DURATION_BOUNDS, labels)

    async def _retry_or_bury(
        self, lease: Lease, job: JobContext, on_buried: BuriedHook | None, trouble: Exception
    ) -> None:
        error = f"{type(trouble).__name__}: {trouble}"
        if self.retry.used_up(job.attempt + 1):
            log.error("a job failed for the last time", queue=job.queue, job=job.id, exc_info=trouble)
            await self._bury(lease, job, on_buried, error, "failed")
            return
        asked = trouble.seconds if isinstance(trouble, RetryAfter) else self.retry.pause(job.attempt)
        pause = self.retry.bounded(asked)
        log.warning("a job failed and is tried again", queue=job.queue, job=job.id, error=error, pause=round(pause, 1))
        await self._settle(lease, "retried", lambda: self.queue.retry(lease, delay_seconds=pause, error=error))

    async def _bury(
        self, lease: Lease, job: JobContext, on_buried: BuriedHook | None, error: str, scope: Scope
    ) -> None:
        if on_buried is not None:
            await self._tell(job, on_buried, error)
        log.warning("a job is given up", queue=job.queue, job=job.id, scope=scope, error=error)
        await self._settle(lease, scope, lambda: self.queue.bury(lease, error=error, scope=scope))

    async def _tell(self, job: JobContext, on_buried: BuriedHook, error: str) -> None:
        """Tell the domain before the job is buried: after that, a crash would leave it waiting for ever."""
        try:
            async with asyncio.timeout(self.lease_seconds):
                if await job.still_held():
                    await on_buried(job, error)
        except Exception:
            log.exception("nobody could be told that a job is given up", queue=job.queue, job=job.id)

    async def _settle(self, lease: Lease, outcome: str, say: Callable[[], Awaitable[bool]]) -> None:
        """Say to the queue what became of a job; if it does not answer, again, for as long as a lease lasts."""
        pause = 0.1
        try:
            async with asyncio.timeout(self.lease_seconds):
                while (held := await self._said(lease, say)) is None:
                    await asyncio.sleep(pause)
                    pause *= 2
        except TimeoutError:
            held = False
        if not held:
            log.warning("a job comes again, its lease is lost", queue=lease.queue, job=lease.job.id, outcome=outcome)
        self._count(lease, outcome if held else "lost")

    async def _said(self, lease: Lease, say: Callable[[], Awaitable[bool]]) -> bool | None:
        try:
            return await say()
        except Exception as trouble:
            log.warning("the queue does not answer", queue=lease.queue, job=lease.job.id, error=str(trouble))
            return None

    async def _still_held(self, lease: Lease) -> bool:
        return await self.queue.extend(lease, lease_seconds=self.lease_seconds)

    def _count(self, lease: Lease, outcome: str) -> None:
        self.counters.add("retrospec_jobs_total", queue=self.label or lease.queue, outcome=outcome)
