"""What a worker runs: handlers, what they are told, and what they may raise."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol


class Unprocessable(Exception):
    """The payload cannot be read, today or ever: the job is given up at once."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """One attempt at one job.

    Attributes:
        id: Stable over every delivery.
        queue: The queue it came from.
        payload: The job as JSON text.
        attempt: 0 at first, one more for each retry.
        still_held: Await it right before writing a result, and write nothing on False: the job was given
            to another worker in the meantime. On True it is held for a whole further lease.
    """

    id: str
    queue: str
    payload: str
    attempt: int
    still_held: Callable[[], Awaitable[bool]]


class JobHandler(Protocol):
    """Does the jobs of one queue, many at once. The same job may come twice: its result replaces, never adds."""

    async def __call__(self, job: JobContext) -> None:
        """Do one job.

        It is cancelled when it takes too long, when the job is given to another worker, and when the
        worker stops; let `CancelledError` pass.

        Args:
            job: What to do.

        Raises:
            Unprocessable: The payload cannot be read; the job is given up.
            RetryAfter: Not done; try again after the pause it names.
            Exception: Not done; try again, until the attempts are used up.
        """


class BuriedHook(Protocol):
    """Hears of a job that is given up, before it becomes a dead letter. May hear of it twice."""

    async def __call__(self, job: JobContext, error: str) -> None:
        """Tell whoever waits for the result.

        Args:
            job: Which.
            error: Why; the last error's text.
        """
