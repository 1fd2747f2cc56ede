"""Keeps what a plugin does away from the server: an event loop of its own, in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from retrospec.core.log import get_logger

log = get_logger(__name__)
Result = TypeVar("Result")

# What is cancelled may clean up for so long; after that its thread counts as stuck.
_CLEANUP_SECONDS = 1.0
# Calls that were given up and go on all the same. Each holds what it was given.
_MOST_LEFT_BEHIND = 100


class PluginFailed(Exception):
    """A plugin did what no plugin may do: it called `sys.exit`, cancelled itself, or does not end."""


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
        # Counted in the server's thread and in the plugin's, each by itself.
        self._awaited = 0
        self._running = 0

    @property
    def left_behind(self) -> int:
        """How many calls were given up and have not ended, although they were cancelled."""
        return max(self._running - self._awaited, 0)

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
            PluginFailed: It called `sys.exit`, cancelled itself, or hangs since an earlier call.
            Exception: Whatever it raised.
        """
        if self.is_stuck:
            raise PluginFailed(f"the plugin {self.name} still hangs in an earlier call")
        if self.left_behind >= _MOST_LEFT_BEHIND:
            raise PluginFailed(f"{self.left_behind} calls of the plugin {self.name} do not end when cancelled")
        running = asyncio.run_coroutine_threadsafe(self._guarded(work), self._started())
        waiting = asyncio.wrap_future(running)
        self._awaited += 1
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(waiting)
        except TimeoutError:
            if running.done():
                # Its own, or it ended at the last moment: what it has done is done.
                return running.result()
            await self._give_up(running)
            raise TimeoutError(f"took longer than {timeout:g} s") from None
        except asyncio.CancelledError:
            if not running.done():
                await self._give_up(running)
            raise
        finally:
            self._awaited -= 1

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
        try:
            await asyncio.wait({asyncio.wrap_future(probe)}, timeout=_CLEANUP_SECONDS)
        finally:
            # Also where the caller does not wait for it: the next one must not wait in vain.
            if not probe.done():
                self._stuck = probe
                log.warning("a plugin blocks its thread", plugin=self.name)

    async def _guarded(self, work: Callable[[], Awaitable[Result]]) -> Result:
        self._running += 1
        try:
            return await work()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Passed on, it would cancel whoever called the plugin.
            raise PluginFailed("it cancelled itself") from None
        except (SystemExit, KeyboardInterrupt) as cause:
            raise PluginFailed(f"it called sys.exit: {cause!r}") from None
        except (Exception, GeneratorExit):
            raise
        except BaseException as cause:
            raise PluginFailed(f"it raised {type(cause).__name__}") from None
        finally:
            self._running -= 1

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_exception_handler(self._unheard)
            self._thread = threading.Thread(
                target=self._run, args=(self._loop,), name=f"plugin {self.name}", daemon=True
            )
            self._thread.start()
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        self._persist(loop.run_forever)
        # What does not end when cancelled keeps this thread, not the server.
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            self._persist(lambda tasks=tasks: loop.run_until_complete(asyncio.wait(tasks)))  # type: ignore[misc]
        self._persist(lambda: loop.run_until_complete(loop.shutdown_asyncgens()))
        loop.close()

    def _unheard(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Name the plugin whose own tasks and callbacks fail: asyncio knows only the task."""
        log.warning(
            "a plugin failed beside its calls",
            plugin=self.name,
            error=repr(context.get("exception") or context["message"]),
        )

    def _persist(self, run: Callable[[], object]) -> None:
        """Run the loop to the end, although a task that the plugin began by itself calls `sys.exit`, which ends it."""
        while True:
            try:
                run()
            except (SystemExit, KeyboardInterrupt) as cause:
                log.warning("a plugin tried to end the server", plugin=self.name, error=repr(cause))
            else:
                return


async def _nothing() -> None:
    """Tells that the loop still turns."""
