"""Holding a job while it is worked on."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from retrospec.core.log import get_logger
from retrospec.plugin.queue import Lease, QueueBackend

log = get_logger(__name__)

# How long cancelled work may take to clean up. Whatever it does later is fenced by `still_held`.
CLEANUP_SECONDS = 2


class LeaseLost(Exception):
    """The job is another worker's by now."""


async def hold(
    queue: QueueBackend, lease: Lease, work: Coroutine[Any, Any, None], *, lease_seconds: float, timeout: float
) -> None:
    """Do some work while extending the lease under it. Whatever ends this ends the work too.

    Args:
        queue: Where the lease is from.
        lease: What to hold.
        work: Runs as a task of its own.
        lease_seconds: Extended to this, three times within it.
        timeout: How long the work may take, seconds.

    Raises:
        LeaseLost: The lease is not held any more, or could not be extended before it ran out.
        TimeoutError: It took too long.
        Exception: What the work raises.
    """
    working = asyncio.create_task(work, name=f"job {lease.job.id}")
    beating = asyncio.create_task(_beat(queue, lease, lease_seconds), name=f"heartbeat {lease.job.id}")
    try:
        await asyncio.wait({working, beating}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if working.cancelled():
            # Not ours: whoever cancels us from outside interrupts the wait instead.
            raise RuntimeError("the handler was cancelled from within")
        if working.done():
            return working.result()
        if beating.done():
            raise LeaseLost
        raise TimeoutError(f"took longer than {timeout:g} s")
    finally:
        await _end(working, beating)


async def _beat(queue: QueueBackend, lease: Lease, lease_seconds: float) -> None:
    """Extend the lease again and again; return when it is lost."""
    time = asyncio.get_running_loop().time
    runs_out = time() + lease_seconds
    while True:
        await asyncio.sleep(lease_seconds / 3)
        asked = time()
        try:
            if not await _within(runs_out - asked, queue.extend(lease, lease_seconds=lease_seconds)):
                return
            runs_out = asked + lease_seconds
        except Exception as trouble:
            if time() >= runs_out:
                return
            log.warning("a lease could not be extended", queue=lease.queue, job=lease.job.id, error=str(trouble))


async def _within(seconds: float, answer: Awaitable[bool]) -> bool:
    async with asyncio.timeout(max(seconds, 0.01)):
        return await answer


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    _, running = await asyncio.wait(tasks, timeout=CLEANUP_SECONDS)
    for task in running:
        log.error("cancelled work goes on", task=task.get_name())
    for task in set(tasks) - running:
        if not task.cancelled():
            # Read, so that asyncio does not report as forgotten what we gave up on purpose.
            task.exception()
