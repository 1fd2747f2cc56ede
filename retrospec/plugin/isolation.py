"""Keeps what a plugin does away from the server: an event loop of its own, in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

from retrospec.core.log import get_logger

log = get_logger(__name__)
Result = TypeVar("Result")

# What is cancelled may clean up for so long; after that its thread counts as stuck.
_CLEANUP_SECONDS = 1.0


class PluginFailed(Exception):
    """A plugin did what no plugin may do: it called `sys.exit`, or its thread hangs."""


class Isolated:
    """Runs the coroutines of one plugin beside the server's event loop.

    A plugin that blocks its loop delays only itself, one that calls `sys.exit` ends nothing, and one that does not
    end is left alone: its thread is a daemon, and calls fail at once until it is free again.
    """

    def __init__(self, name: str) -> None:
        """Make one that does not run yet.

        Args:
            name: Of the plugin, for the log and the thread.
        """
        self.name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stuck: Future[None] | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether a call that was given up has not ended yet."""
        if self._stuck is not None and self._stuck.done():
            self._stuck = None
        return self._stuck is not None

    async def call(self, work: Callable[[], Awaitable[Result]], *, timeout: float) -> Result:
        """Run a coroutine of the plugin and wait for its result, without blocking the caller's loop.

        Args:
            work: Makes the awaitable; called in the plugin's thread.
            timeout: How long it may take, seconds.

        Raises:
            TimeoutError: It took longer. It is cancelled.
            PluginFailed: It called `sys.exit`, or hangs since an earlier call.
            Exception: Whatever it raised.
        """
        if self.is_stuck:
            raise PluginFailed(f"the plugin {self.name} still hangs in an earlier call")
        running = asyncio.run_coroutine_threadsafe(_guarded(work), self._started())
        waiting = asyncio.wrap_future(running)
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(waiting)
        except (TimeoutError, asyncio.CancelledError):
            if not running.done():
                await self._give_up(running)
            raise

    async def stop(self, *, seconds: float = 1.0) -> None:
        """End the thread, or leave it behind if it does not end in time."""
        loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join, seconds)
        if thread.is_alive():
            log.warning("a plugin does not end", plugin=self.name)

    async def _give_up(self, running: "Future[Result]") -> None:
        running.cancel()
        # The future counts as cancelled at once, whatever the coroutine does: only its loop can tell.
        probe = asyncio.run_coroutine_threadsafe(_nothing(), self._started())
        done, _ = await asyncio.wait({asyncio.wrap_future(probe)}, timeout=_CLEANUP_SECONDS)
        if not done:
            self._stuck = probe
            log.warning("a plugin blocks its thread", plugin=self.name)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._run, args=(self._loop,), name=f"plugin {self.name}", daemon=True
            )
            self._thread.start()
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        while True:
            try:
                loop.run_forever()
            # A task that the plugin began by itself called `sys.exit`: the loop ends, and is begun again.
            except BaseException as cause:
                log.warning("a plugin tried to end the server", plugin=self.name, error=repr(cause))
            else:
                break
        _close(loop)


async def _guarded(work: Callable[[], Awaitable[Result]]) -> Result:
    try:
        return await work()
    except (SystemExit, KeyboardInterrupt) as cause:
        raise PluginFailed(f"it called sys.exit: {cause!r}") from None


async def _nothing() -> None:
    """Tells that the loop still turns."""


def _close(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
