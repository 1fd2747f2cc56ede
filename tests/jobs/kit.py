"""What the tests of jobs share."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

from retrospec.core.db import Database
from retrospec.jobs.models import Job
from retrospec.jobs.outbox import NewJob, enqueue

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def new_job(session: str = "s1", *, queue: str = "replay", project: str = "p1", said: str = "first") -> NewJob:
    """A job that says something; `waiting` reads it back."""
    return NewJob(queue, project, session, json.dumps({"projectId": project, "sessionId": session, "said": said}))


async def add(database: Database, *jobs: NewJob, now: datetime | None = None) -> None:
    """Write jobs that are due from the given time on, or at once."""
    await enqueue(database.connection, jobs, now or datetime.now(UTC))


async def waiting() -> list[tuple[str, str, str]]:
    """Session, queue and words of the jobs that wait, oldest first."""
    jobs = await Job.filter(status="ready").order_by("due_at", "uid")
    return [(job.session_id, job.queue, json.loads(job.payload)["said"]) for job in jobs]


async def until(done: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that must come to pass."""
    for _ in range(int(seconds / 0.01)):
        if done():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def until_status(status: str, count: int = 1, seconds: float = 20) -> None:
    """Wait until so many jobs stand there."""
    for _ in range(int(seconds / 0.02)):
        if await Job.filter(status=status).count() >= count:
            return
        await asyncio.sleep(0.02)
    raise TimeoutError
