"""Stands between the server and a plugin of others: a thread of its own, a time limit, a breaker, a count."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from retrospec.plugin.breaker import Breaker
from retrospec.plugin.component import Component
from retrospec.plugin.faults import Faults
from retrospec.plugin.isolation import Isolated, PluginFailed

Result = TypeVar("Result")
# Opening reaches out to others, and may make what is missing there.
OPEN_SECONDS = 60.0
# Where a call is watched for progress instead of being given a time.
_WHOLE_DAY = 86_400.0


class LeftAlone(Exception):
    """The plugin failed several times in a row, and is not called for a while."""


class Guard:
    """Every call into one plugin goes through its guard, from the server's thread."""

    def __init__(
        self,
        family: str,
        plugin: str,
        faults: Faults,
        *,
        timeout: float,
        breaker: Breaker | None = None,
        part: str = "",
        patient: bool = False,
    ) -> None:
        """Guard one plugin.

        Args:
            family: What it is used as.
            plugin: Its name there.
            faults: Notes what goes wrong.
            timeout: How long a call may take unless it says otherwise, seconds.
            breaker: Leaves the plugin alone when it fails too often; None: an ordinary one.
            part: Tells threads of one plugin apart.
            patient: What it raises is taken to be about what it was given, and does not open the breaker: only not
                answering does. Otherwise whoever sends what it cannot take would have it left alone for everybody.
        """
        self._family = family
        self._plugin = plugin
        self._faults = faults
        self._timeout = timeout
        self._breaker = breaker or Breaker()
        self._patient = patient
        self._isolated = Isolated(" ".join(filter(None, (family, plugin, part))))

    async def call(
        self,
        work: Callable[[], Awaitable[Result]],
        *,
        doing: str,
        expected: tuple[type[Exception], ...] = (),
        timeout: float | None = None,
        progress: Callable[[], object] | None = None,
    ) -> Result:
        """Run a coroutine of the plugin in its event loop.

        Args:
            work: Makes the awaitable; called in the plugin's thread.
            doing: What is asked of it, for the log.
            expected: What it may raise without having failed.
            timeout: How long it may take, seconds; None: as long as any call.
            progress: It may take longer, as long as this says something else each time that so much time is over.

        Raises:
            LeftAlone: It was not called.
            TimeoutError: It took longer.
            Exception: What it raised, or `PluginFailed`.
        """
        if not self._breaker.admits():
            raise LeftAlone(f"the {self._family} plugin {self._plugin} failed several times, and is left alone")
        try:
            result = await self._within(work, timeout or self._timeout, progress)
        except expected:
            self._succeeded()
            raise
        except Exception as cause:
            self._failed(cause, doing)
            raise
        self._succeeded()
        return result

    async def run(
        self,
        work: Callable[[], Result],
        *,
        doing: str,
        expected: tuple[type[Exception], ...] = (),
        progress: Callable[[], object] | None = None,
    ) -> Result:
        """Run a plain function of the plugin in its thread; arguments and errors as for `call`."""

        async def working() -> Result:
            return work()

        return await self.call(working, doing=doing, expected=expected, progress=progress)

    async def open(self, component: Component) -> None:
        """Open a component of the plugin in its event loop.

        Raises:
            Exception: As for `call`; the server does not start.
        """
        await self._isolated.call(component.open, timeout=OPEN_SECONDS)

    async def close(self, component: Component) -> None:
        """Close a component and end the thread, whatever the component does."""
        try:
            await self._isolated.call(component.close, timeout=self._timeout)
        except Exception as cause:
            self._faults.note(self._family, self._plugin, cause, doing="close")
        finally:
            await self._isolated.stop()

    async def stop(self) -> None:
        """End the thread."""
        await self._isolated.stop()

    async def _within(
        self, work: Callable[[], Awaitable[Result]], timeout: float, progress: Callable[[], object] | None
    ) -> Result:
        if progress is None:
            return await self._isolated.call(work, timeout=timeout)
        calling = asyncio.ensure_future(self._isolated.call(work, timeout=_WHOLE_DAY))
        try:
            while True:
                before = progress()
                done, _ = await asyncio.wait({calling}, timeout=timeout)
                if done:
                    return calling.result()
                if progress() == before:
                    raise TimeoutError(f"nothing came of it within {timeout:g} s")
        finally:
            if not calling.done():
                calling.cancel()
                await asyncio.wait({calling})

    def _failed(self, error: BaseException, doing: str) -> None:
        self._faults.note(self._family, self._plugin, error, doing=doing)
        if self._patient and not isinstance(error, (TimeoutError, PluginFailed)):
            self._succeeded()
        elif self._breaker.failed():
            self._faults.opened(self._family, self._plugin, seconds=self._breaker.pause)

    def _succeeded(self) -> None:
        if self._breaker.succeeded():
            self._faults.closed(self._family, self._plugin)


class Guarded(Component):
    """A component of others that only answers plain calls: opened and closed in its plugin's thread."""

    def __init__(self, component: Component, guard: Guard) -> None:
        """Stand before a component.

        Args:
            component: Itself.
            guard: Of its plugin.
        """
        self._component = component
        self._guard = guard

    async def open(self) -> None:
        """Open it."""
        await self._guard.open(self._component)

    async def close(self) -> None:
        """Close it, and end its thread."""
        await self._guard.close(self._component)

    async def check(self) -> str:
        """Ask it."""
        return await self._guard.call(self._component.check, doing="check")
