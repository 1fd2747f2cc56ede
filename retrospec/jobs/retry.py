"""How often a job is tried, and how long it rests in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import SystemRandom

_jitter = SystemRandom()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses that grow.

    Attributes:
        max_attempts: Attempts in all, the first included.
        base_seconds: Pause after the first attempt.
        factor: By how much each pause is longer than the one before.
        pauses: If given, the pauses themselves; the last one repeats.
        longest_seconds: No pause is longer, not even one that a handler asks for.
        jitter: By up to this part a pause is made longer at random, so that jobs that failed together do
            not come back together.
        earlier: By up to this part it is made shorter at random.
    """

    max_attempts: int = 3
    base_seconds: float = 5
    factor: float = 2
    pauses: Sequence[float] = ()
    longest_seconds: float = 6 * 3600
    jitter: float = 0.25
    earlier: float = 0

    def used_up(self, attempts: int) -> bool:
        """Whether a job that was tried so often is given up."""
        return attempts >= self.max_attempts

    def pause(self, attempt: int) -> float:
        """Seconds to rest after an attempt, which is counted from 0."""
        if self.pauses:
            pause = self.pauses[min(attempt, len(self.pauses) - 1)]
        else:
            # The exponent is held down: a float ends at about 2 ** 1024.
            pause = self.base_seconds * self.factor ** min(attempt, 64)
        return self.bounded(pause * (1 + _jitter.uniform(-self.earlier, self.jitter)))

    def bounded(self, seconds: float) -> float:
        """A pause that somebody asked for, within reason."""
        return min(max(seconds, 0.0), self.longest_seconds)
