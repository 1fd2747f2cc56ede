"""Work that goes on beside requests: loops that a failure does not end."""

import asyncio
from collections.abc import Awaitable, Callable

from retrospec.core.db import AWAY
from retrospec.core.log import get_logger

log = get_logger(__name__)


class Loop:
    """Calls a step again and again: after a pause, or sooner when woken.

    A step that raises is logged and tried again after the pause. `stop` lets a running step finish.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[object]], *, pause: float) -> None:
        self.name = name
        self._step = step
        self._pause = pause
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first step runs at once."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """Run the next step without waiting out the pause."""
        self._woken.set()

    async def stop(self, grace: float = 10) -> None:
        """Let the running step finish, then end. A step that takes longer than `grace` seconds is cancelled."""
        self._stopping = True
        self.wake()
        if self._task is None:
            return
        try:
            await asyncio.wait_for(self._task, grace)
        except TimeoutError:
            log.warning("background work cancelled", loop=self.name)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                await self._step()
            except AWAY as cause:
                log.warning("background work waits for the database", loop=self.name, error=str(cause))
            except Exception:
                log.exception("background work failed", loop=self.name)
            if not self._stopping:
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._woken.wait()
        except TimeoutError:
            return


async def finish(what: str, work: Awaitable[object], *, seconds: float) -> None:
    """Do a last thing before the process ends. A stop neither fails over it nor waits for it without end.

    Args:
        what: What is lost if it cannot be done, for the log.
        work: The last thing.
        seconds: How long it may take.
    """
    try:
        async with asyncio.timeout(seconds):
            await work
    except Exception as failure:
        log.warning("not finished before the stop", what=what, error=str(failure) or type(failure).__name__)
