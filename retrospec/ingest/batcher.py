"""Group commit: sessions that arrive while a transaction runs go into the next one together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from retrospec.core.db import AWAY
from retrospec.core.errors import RetrospecError, Unavailable, describe
from retrospec.core.log import get_logger

log = get_logger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")
Write = Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]]
_MAX_WAITING = 10_000
# With each look: half of a crowd is forgotten after 700 sessions.
_FADES = 0.999


class Batcher(Generic[Item, Result]):
    """Collects items and writes them in batches, each answered after its batch has committed.

    A batch that fails is written again one by one, so that a bad item never fails its neighbours. Two
    items of one key never share a batch: the later one waits for the next, and so finds the former.
    """

    def __init__(
        self, write: Write[Item, Result], *, key: Callable[[Item], object], size: int, at_once: int = 1
    ) -> None:
        self._write = write
        self._key = key
        self._size = size
        self._at_once = at_once
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._running: dict[asyncio.Task[None], int] = {}
        # How many items wait or are being written, at the most, lately.
        self._crowd = 0.0
        self._stopping = False

    async def submit(self, item: Item) -> Result:
        """Have an item written and return what became of it.

        Raises:
            Unavailable: The server stops, or too much waits already.
            Exception: Why this item was not written.
        """
        if self._stopping:
            raise Unavailable("the server is stopping")
        if len(self._waiting) >= _MAX_WAITING:
            raise Unavailable("too many sessions wait to be written", retry_after=2)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._start()
        # A client that goes away takes its own future along, and not its session: the batch may hold it already.
        return await future

    async def stop(self) -> None:
        """Take nothing more, and write what waits."""
        self._stopping = True
        while self._running:
            await asyncio.wait(self._running)

    def _start(self) -> None:
        while self._waiting and self._is_worth_it():
            batch = self._take()
            task = asyncio.create_task(self._run(batch))
            self._running[task] = len(batch)
            task.add_done_callback(self._end)

    def _is_worth_it(self) -> bool:
        # What a transaction costs beside its rows is shared by them. A second one that begins with the first session
        # that waits carries a few, while most wait for it: so it begins with its share of those that are on their way.
        # With as many as the first one carries, one small batch was followed by another: 27 of 64 on average, now 31.
        self._crowd = max(len(self._waiting) + sum(self._running.values()), self._crowd * _FADES)
        if not self._running:
            return True
        share = min(self._crowd / self._at_once, self._size)
        return len(self._running) < self._at_once and len(self._waiting) >= share

    def _end(self, task: asyncio.Task[None]) -> None:
        if self._running.pop(task, None) is not None:
            self._start()

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        keys: set[object] = set()
        later: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(batch) < self._size:
            entry = self._waiting.popleft()
            key = self._key(entry[0])
            (later if key in keys else batch).append(entry)
            keys.add(key)
        self._waiting.extendleft(reversed(later))
        return batch

    async def _run(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._write([item for item, _ in batch])
        except Exception as cause:
            await self._one_by_one(batch, cause)
            return
        if task := asyncio.current_task():
            # The next transaction begins before this one's requests are answered: that takes the loop for
            # milliseconds, in which the database would have nothing to do.
            self._end(task)
        for (_, future), result in zip(batch, results, strict=True):
            _settle(future, result)

    async def _one_by_one(self, batch: list[tuple[Item, asyncio.Future[Result]]], cause: Exception) -> None:
        if len(batch) == 1:
            _settle(batch[0][1], cause)
            return
        log.warning("batch failed, trying one by one", size=len(batch), error=str(cause))
        for item, future in batch:
            try:
                (result,) = await self._write([item])
            except Exception as own:
                _settle(future, own)
            else:
                _settle(future, result)


def _settle(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        if isinstance(result, AWAY):
            log.warning("session not written", error=describe(result))
        elif not isinstance(result, RetrospecError):
            log.error("session not written", error=describe(result))
        future.set_exception(result)
    else:
        future.set_result(result)
