"""A clock that a test turns: what waits for hours in the world waits for nothing here."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Stands still until it is turned.

    Give the object itself, or `clock.monotonic`, where a plugin takes `time.monotonic`; `clock.now` where it takes a
    function that gives a `datetime`; `clock.sleep` where it takes `asyncio.sleep`.

    Args:
        start: The present at first, in UTC; None: the machine's, when the clock is made.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime.now(UTC)
        self._passed = 0.0
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        """The same as `monotonic`."""
        return self.monotonic()

    def monotonic(self) -> float:
        """Seconds that only grow, as `time.monotonic` has them."""
        return 1000.0 + self._passed

    def time(self) -> float:
        """Seconds since 1970, as `time.time` has them."""
        return self.now().timestamp()

    def now(self) -> datetime:
        """The present, in UTC."""
        return self._start + timedelta(seconds=self._passed)

    def advance(self, seconds: float) -> None:
        """Let so much time pass, and wake whoever sleeps until then, in the order of their times.

        Args:
            seconds: How much.

        Raises:
            ValueError: Time would run backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock is not turned back: {seconds:g} s")
        self._passed += seconds
        while self._sleepers and self._sleepers[0][0] <= self._passed:
            _, _, waking = heapq.heappop(self._sleepers)
            if not waking.done():
                waking.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was turned so far; not at all for 0 and less.

        Args:
            seconds: How long.
        """
        if seconds <= 0:
            return
        waking = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + seconds, next(self._numbers), waking))
        await waking

    @property
    def sleeping(self) -> int:
        """How many wait in `sleep`."""
        return sum(not waking.done() for *_, waking in self._sleepers)
