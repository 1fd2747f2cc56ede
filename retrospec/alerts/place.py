"""Where the plugin object of one sink lives: made, opened, used and closed in the thread of its type."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from retrospec.alerts.sinks import Sink
from retrospec.core.errors import PluginError, describe
from retrospec.core.log import get_logger
from retrospec.plugin import AlertSink
from retrospec.plugin.isolation import Isolated

log = get_logger(__name__)

_OPEN_SECONDS = 15.0
_CLOSE_SECONDS = 5.0
# Making it, opening it, and waiting for another delivery that began to do so.
LONGEST_OPENING_SECONDS = 4 * _OPEN_SECONDS


class SinkPlace:
    """One sink as it is configured at a time, and its object while there is one.

    Attributes:
        sink: As it is configured.
        digest: Of its settings.
        users: How many deliveries use the object.
        used_at: When one ended last, by the monotonic clock.
    """

    def __init__(self, sink: Sink, thread: Isolated, make: Callable[[], AlertSink]) -> None:
        """Take note of a sink; nothing is made yet.

        Args:
            sink: As it is configured.
            thread: Where its methods run.
            make: Makes the object.
        """
        self.sink = sink
        self.digest = sink.digest
        self.users = 0
        self.used_at = monotonic()
        self._thread = thread
        self._make = make
        self._made: AlertSink | None = None
        self._is_open = False
        self._opening = asyncio.Lock()
        self._trouble = ""
        self._failed_at = 0.0
        self._unused = asyncio.Event()
        self._unused.set()

    def make(self) -> None:
        """Make the object at once, in the calling thread.

        Raises:
            PluginError: It is not installed, or its settings are wrong.
        """
        self._made = self._make()

    async def open(self) -> AlertSink:
        """Make and open the object, unless it is open.

        Raises:
            PluginError: It cannot be made or opened.
        """
        asked = monotonic()
        async with self._opening:
            # What has just failed for another delivery is not tried again for each that waited.
            if self._trouble and self._failed_at >= asked:
                raise PluginError(self._trouble)
            try:
                return await self._open()
            except PluginError as cause:
                self._trouble, self._failed_at = str(cause), monotonic()
                raise

    @asynccontextmanager
    async def used(self) -> AsyncIterator[AlertSink]:
        """The open object, for one delivery.

        Raises:
            PluginError: It cannot be made or opened.
        """
        self.users += 1
        self._unused.clear()
        try:
            yield await self.open()
        finally:
            self.users -= 1
            self.used_at = monotonic()
            if not self.users:
                self._unused.set()

    async def retire(self) -> None:
        """Close the object when nobody uses it any more."""
        await self._unused.wait()
        await self.close()

    async def close(self) -> None:
        """Close the object, if there is one. That it cannot be closed is only logged."""
        made, self._made = self._made, None
        if made is None or not self._is_open:
            return
        self._is_open = False
        try:
            await self._thread.call(made.close, timeout=_CLOSE_SECONDS)
        except Exception as cause:
            log.warning("an alert sink could not be closed", sink=self.sink.id, error=describe(cause))

    async def _open(self) -> AlertSink:
        if self._made is not None and self._is_open:
            return self._made
        try:
            made = self._made
            if made is None:
                made = await self._thread.call(self._making, timeout=_OPEN_SECONDS)
            # `open` is called once: another attempt gets another object.
            self._made = None
            await self._thread.call(made.open, timeout=_OPEN_SECONDS)
        except PluginError:
            raise
        except Exception as cause:
            raise PluginError(f"plugin alerts.{self.sink.name}: cannot be opened: {describe(cause)}") from cause
        self._made, self._is_open = made, True
        return made

    async def _making(self) -> AlertSink:
        return self._make()
