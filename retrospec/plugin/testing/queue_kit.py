"""What the tests of queue backends share: jobs to put in, and the ways to get them out."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from typing import ClassVar

import pytest

from retrospec.plugin import DeadLetter, Lease, QueueBackend, QueuedJob
from retrospec.plugin.queue import Scope
from retrospec.plugin.testing.clock import VirtualClock

LONG = 300.0


def make_jobs(count: int) -> list[QueuedJob]:
    """Jobs to publish, for the sessions `s1`, `s2` and so on."""
    return [
        QueuedJob(
            id=f"job_{uuid.uuid4().hex}",
            payload=json.dumps(
                {
                    "projectId": "proj_default",
                    "sessionId": f"s{number}",
                    "eventsObjectKey": f"session-events/proj_default/2026/11/22/shop/s{number}.json",
                    "markerOffsetsMs": [900, 1800],
                    "triggerKind": "api_error",
                }
            ),
        )
        for number in range(1, count + 1)
    ]


def session_of(thing: Lease | DeadLetter) -> str:
    """Which of the jobs of `make_jobs` it is. Read from the payload, to which a backend may add fields."""
    payload = thing.job.payload if isinstance(thing, Lease) else thing.payload
    return str(json.loads(payload)["sessionId"])


def sessions_of(things: Sequence[Lease] | Sequence[DeadLetter]) -> list[str]:
    """Which jobs they are, in their order."""
    return [session_of(thing) for thing in things]


class QueueKit:
    """Fixtures and helpers. A backend is tested by `QueueSuite`.

    Attributes:
        short: Seconds of the leases and pauses that are to run out.
    """

    short: ClassVar[float] = 1.0
    _clock: VirtualClock | None = None

    @pytest.fixture
    def clock(self) -> VirtualClock:
        """A clock for a backend that takes one: where `queue` asks for it, the suite turns it and does not wait."""
        self._clock = VirtualClock()
        return self._clock

    @pytest.fixture
    def queue(self) -> QueueBackend:
        """Give the queue under test, open and empty."""
        raise NotImplementedError("override the fixture `queue` with an open backend")

    @pytest.fixture
    def name(self) -> str:
        """The queue that a test uses: one that no other test has used."""
        return f"suite-{uuid.uuid4().hex}"

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for the backend: turns `clock`, where the backend has it, and else waits.

        Args:
            seconds: How much.
        """
        if self._clock is not None:
            self._clock.advance(seconds)
        else:
            await asyncio.sleep(seconds)

    async def add(self, queue: QueueBackend, name: str, jobs: Sequence[QueuedJob]) -> None:
        """Bring jobs into a queue; publishes them, unless overridden.

        Args:
            queue: The backend.
            name: Which queue.
            jobs: In order; their ids are what `claim` must hand out.
        """
        await queue.publish(name, jobs)

    async def claim(
        self, queue: QueueBackend, name: str, limit: int = 100, seconds: float = LONG, worker: str = "worker-1"
    ) -> Sequence[Lease]:
        """Claim jobs, for long unless told otherwise."""
        return await queue.claim(name, worker=worker, limit=limit, lease_seconds=seconds)

    async def one(self, queue: QueueBackend, name: str, seconds: float = LONG) -> Lease:
        """Claim the next job, which must be there."""
        [lease] = await self.claim(queue, name, limit=1, seconds=seconds)
        return lease

    async def bury_all(self, queue: QueueBackend, name: str, scope: Scope = "failed") -> None:
        """Give up all that is there, in order."""
        for lease in await self.claim(queue, name):
            assert await queue.bury(lease, error=f"{session_of(lease)} broke", scope=scope)
