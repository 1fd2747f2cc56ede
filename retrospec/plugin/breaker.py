"""Leaves alone what fails again and again, and tries it from time to time."""

from collections.abc import Callable
from time import monotonic
from typing import Literal

FAILURES = 5
PAUSE_SECONDS = 30.0


class Breaker:
    """Closed while all is well; open after some failures in a row; half open while one call tries whether it is over.

    Kept in memory, by each process for itself, and used on one thread.

    Attributes:
        pause: How long it stays open, seconds.
    """

    def __init__(
        self, *, failures: int = FAILURES, pause: float = PAUSE_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        """Make a closed one.

        Args:
            failures: How many in a row open it.
            pause: How long it stays open before a call may try, and how long that one is waited for, seconds.
            clock: Tells the time, in seconds from any beginning.
        """
        self._most = failures
        self.pause = pause
        self._clock = clock
        self._failures = 0
        # Until when nobody is let through; None: closed.
        self._until: float | None = None
        self._trying = False

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """How it stands; open too when the pause is over and nobody has come yet."""
        if self._until is None:
            return "closed"
        return "half-open" if self._trying else "open"

    def admits(self) -> bool:
        """Whether to make a call now. Whoever is let through says what became of it."""
        if self._until is None:
            return True
        if self._clock() < self._until:
            return False
        # One at a time. Should it never come back, another may try after the same pause.
        self._trying = True
        self._until = self._clock() + self.pause
        return True

    def succeeded(self) -> bool:
        """Note that a call went well, and say whether that has closed it."""
        was_open = self._until is not None
        self._failures, self._until, self._trying = 0, None, False
        return was_open

    def failed(self) -> bool:
        """Note that a call failed, and say whether that has opened it, from closed."""
        self._failures += 1
        was_closed = self._until is None
        if was_closed and self._failures < self._most:
            return False
        self._until, self._trying = self._clock() + self.pause, False
        return was_closed
