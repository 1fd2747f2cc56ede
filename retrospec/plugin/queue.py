"""Queue backends: what hands jobs to workers."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel

from retrospec.core.errors import Unavailable
from retrospec.plugin.component import Component
from retrospec.plugin.registration import offer

Backend = TypeVar("Backend", bound="type[QueueBackend]")
Scope = Literal["failed", "unprocessable"]


class QueueUnavailable(Unavailable):
    """The queue does not answer; try again shortly."""

    code = "queue_unavailable"


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """One job as a queue carries it.

    Attributes:
        id: Stable over every delivery; a worker may see it more than once.
        payload: The job as JSON text.
        attempt: 0 at first, one more for each retry.
    """

    id: str
    payload: str
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that one worker holds for a while.

    Attributes:
        queue: The queue it was claimed from.
        job: What to do.
        token: Fences this hold: a later claim of the same job has another token, and whatever is
            said with an older one is refused.
    """

    queue: str
    job: QueuedJob
    token: str


@dataclass(frozen=True, slots=True)
class QueueDepths:
    """How many jobs stand where.

    Attributes:
        stream_depth: Jobs not finished: waiting for a worker, or held by one.
        pending: Of these, held by a worker now.
        retry_depth: Jobs that wait for the time of their next attempt.
        failed_depth: Dead letters of both scopes.
    """

    stream_depth: int = 0
    pending: int = 0
    retry_depth: int = 0
    failed_depth: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that was given up.

    Attributes:
        failed_at: When; None where it cannot be told.
        error: The last error's text.
        attempt: How often it was tried: its job's `attempt` when it was given up, and one.
        payload: The job as JSON text, or whatever stood in its place.
    """

    failed_at: datetime | None
    error: str
    attempt: int
    payload: str


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """A page of dead letters, newest first, and how many there are in all."""

    total: int
    entries: Sequence[DeadLetter] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Purged:
    """How many dead letters were deleted, and how many remain in that scope."""

    deleted: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many dead letters went back to the queue, were left because they cannot be read, and remain."""

    redriven: int
    skipped: int
    remaining_failed: int


class QueueBackend(Component):
    """Carries jobs from the outbox to workers, at least once.

    One instance serves the whole process and its methods run many times at once. Methods that take a
    lease return False, and change nothing, when the lease is no longer held.

    Attributes:
        shares_outbox: True where the outbox itself is the queue, so that nothing needs publishing.
        delays: True where `retry` honours a pause; the conformance suite asks for it only then.
    """

    shares_outbox: bool = False
    delays: bool = True

    async def prepare(self, queue: str) -> None:
        """Make a queue ready for workers of any kind. Called at the start, and again once a minute.

        Args:
            queue: Which queue.

        Raises:
            QueueUnavailable: Not now; it will be tried again.
        """

    @abstractmethod
    async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
        """Add jobs at the end, in order. Called again with the same jobs after a crash.

        Args:
            queue: Which queue.
            jobs: What to add.

        Raises:
            QueueUnavailable: Nothing is known to be added; it will be tried again.
        """

    @abstractmethod
    async def claim(self, queue: str, *, worker: str, limit: int, lease_seconds: float) -> Sequence[Lease]:
        """Hand out jobs that are due, oldest first, among them those whose lease has run out.

        Args:
            queue: Which queue.
            worker: Who asks; unique among the running workers.
            limit: How many at the most.
            lease_seconds: How long they are held unless extended.

        Returns:
            What was claimed; empty when nothing is due. Does not wait.
        """

    @abstractmethod
    async def extend(self, lease: Lease, *, lease_seconds: float) -> bool:
        """Hold a job for longer.

        Args:
            lease: The hold.
            lease_seconds: From now.
        """

    @abstractmethod
    async def complete(self, lease: Lease) -> bool:
        """Say that a job is done.

        Args:
            lease: The hold; ends with this.
        """

    @abstractmethod
    async def retry(self, lease: Lease, *, delay_seconds: float, error: str) -> bool:
        """Give a job back to be tried again, with one attempt more on its count.

        Args:
            lease: The hold; ends with this.
            delay_seconds: How long it rests first.
            error: Why.
        """

    @abstractmethod
    async def release(self, lease: Lease) -> bool:
        """Give a job back untouched, because this worker stops. Its attempts do not grow.

        Args:
            lease: The hold; ends with this.
        """

    @abstractmethod
    async def bury(self, lease: Lease, *, error: str, scope: Scope = "failed") -> bool:
        """Give a job up: make it a dead letter.

        Args:
            lease: The hold; ends with this.
            error: Why.
            scope: `unprocessable` when its payload cannot be read.
        """

    @abstractmethod
    async def depths(self, queue: str) -> QueueDepths:
        """Count the jobs of a queue.

        Args:
            queue: Which queue.
        """

    async def oldest(self, queue: str) -> datetime | None:
        """Tell since when the first of the unfinished jobs is there, where jobs stand in the order of their arrival.

        What was published before that and has no result is taken to be lost, and published again. Whatever has
        come to rest between two attempts may be left out.

        Args:
            queue: Which queue.

        Returns:
            When it was published; None when there is none, or it cannot be told.
        """
        return None

    @abstractmethod
    async def dead_letters(self, queue: str, scope: Scope, *, offset: int, limit: int) -> DeadLetterPage:
        """List dead letters, newest first.

        Args:
            queue: Which queue.
            scope: Which of the two lists.
            offset: How many to pass over.
            limit: How many at the most.
        """

    async def buried(self, queue: str, ids: Collection[str]) -> Collection[str]:
        """Tell which jobs are dead letters, of either list. What is lost is published again, but not what was given up.

        Where only this server's workers give jobs up, nobody needs to be asked, and this may be left out.

        Args:
            queue: Which queue.
            ids: Of the jobs in question.

        Returns:
            Those of the ids that are found there.
        """
        return ()

    @abstractmethod
    async def purge(self, queue: str, scope: Scope, *, limit: int) -> Purged:
        """Delete dead letters, oldest first.

        Args:
            queue: Which queue.
            scope: Which of the two lists.
            limit: How many at the most.
        """

    @abstractmethod
    async def redrive(self, queue: str, *, limit: int) -> Redriven:
        """Put `failed` dead letters back, oldest first, with no attempts on their count.

        Args:
            queue: Which queue.
            limit: How many at the most.
        """


def queue_backend(
    name: str, description: str, *, settings: type[BaseModel] | None = None
) -> Callable[[Backend], Backend]:
    """Offer the decorated class as the queue backend `name`.

    Args:
        name: What `QUEUE_BACKEND` calls it.
        description: One line for `retrospec plugins`.
        settings: Model of the section `[queue.<name>]`.
    """
    return offer(QueueBackend, name, description, settings)
