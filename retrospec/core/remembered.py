"""Values from the database that every request needs: at hand for some seconds, and read once for all who ask."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")
# From here on a value is read again while the known one still serves, so that nobody waits for it.
_AHEAD = 0.8


class _Known(NamedTuple, Generic[Value]):
    value: Value
    read_at: float


class Remembered(Generic[Value]):
    """What a question to the database was answered, by a name, at most so many seconds ago.

    Without this all requests that were under way when an answer had become too old asked again, each by itself: of 64
    connections every five seconds, 4% of what ingest costs.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[Value]],
        *,
        seconds: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Begin with nothing known.

        Args:
            read: Asks the database.
            seconds: How old an answer may be.
            clock: Seconds, never going back.
        """
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._known: dict[str, _Known[Value]] = {}
        self._reading: dict[str, asyncio.Task[Value]] = {}

    async def of(self, name: str) -> Value:
        """The answer for a name.

        Raises:
            Exception: What `read` raised, where no answer is known that is young enough.
        """
        known = self._known.get(name)
        age = self._clock() - known.read_at if known is not None else self._seconds
        if known is None or age >= self._seconds:
            # None of those who wait ends it by going away.
            return await asyncio.shield(self._ask(name))
        if age >= self._seconds * _AHEAD:
            self._ask(name)
        return known.value

    def forget(self, name: str) -> None:
        """Ask anew the next time; what is being read now serves only those who wait for it."""
        self._known.pop(name, None)
        self._reading.pop(name, None)

    def _ask(self, name: str) -> asyncio.Task[Value]:
        task = self._reading.get(name)
        if task is None:
            task = self._reading[name] = asyncio.create_task(self._load(name))
            task.add_done_callback(_hear)
        return task

    async def _load(self, name: str) -> Value:
        # Before it is read: what changes meanwhile is seen in time, however long the database takes.
        asked, task = self._clock(), asyncio.current_task()
        try:
            value = await self._read(name)
            # Not after `forget`: this may have been read before what was to be forgotten.
            if self._reading.get(name) is task:
                self._known[name] = _Known(value, asked)
        finally:
            if self._reading.get(name) is task:
                del self._reading[name]
        return value


def _hear(task: asyncio.Task[Value]) -> None:
    """Take note of what went wrong: where nobody waits, the next one asks again, and is told."""
    if not task.cancelled():
        task.exception()
