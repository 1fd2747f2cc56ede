"""The outbox: jobs written in the transaction that promises them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, read_time, rows
from retrospec.core.ids import ordered_id

STEP = 1_000


class JobKey(NamedTuple):
    """What of a session a job is for. One job of a key needs to wait at the most."""

    project_id: str
    session_id: str
    queue: str


class NewJob(msgspec.Struct, frozen=True):
    """A job to be written.

    Attributes:
        queue: Which queue.
        project_id: Whose.
        session_id: About which session; empty for none.
        payload: The job as JSON text.
        id: Stable over every delivery. Of two jobs of one id the first is kept.
        due_at: Not before; None for at once.
        attempt: How often it was tried elsewhere already.
    """

    queue: str
    project_id: str
    session_id: str
    payload: str
    id: str = msgspec.field(default_factory=ordered_id)
    due_at: datetime | None = None
    attempt: int = 0

    @property
    def key(self) -> JobKey:
        """What it is for."""
        return JobKey(self.project_id, self.session_id, self.queue)


_ROWS = """
    INSERT INTO jobs (
        id, queue, project_id, session_id, payload, status, attempt, due_at, lease_token, worker, error, created_at
    )
    SELECT r.id, r.queue, r.project_id, r.session_id, r.payload, 'ready', r.attempt, r.due_at, 0, '', '', $2
    FROM @rows($1: place int, id text, queue text, project_id text, session_id text, payload text, attempt int,
        due_at timestamptz)
    WHERE true ORDER BY r.place
"""
_INSERT = Statement(_ROWS)
_ENQUEUE = Statement(f"{_ROWS} ON CONFLICT (id) DO NOTHING")

# A job that was handed out has a token: its worker may be reading the recording at this moment, so it stays. That
# and `published_at` say enough; with `status = 'ready'` beside them SQLite read all that waits in the queue.
_SUPERSEDE = Statement("""
    DELETE FROM jobs
    WHERE (project_id, session_id, queue) IN (
        SELECT r.project_id, r.session_id, r.queue FROM @rows($1: project_id text, session_id text, queue text)
    )
    AND attempt = 0 AND lease_token = 0 AND published_at IS NULL
    RETURNING project_id, session_id, queue, due_at
""")

_PRUNE = Statement("""
    DELETE FROM jobs WHERE uid IN (
        SELECT uid FROM jobs WHERE status = 'done' AND finished_at < $1
        ORDER BY finished_at LIMIT $2 @lock(FOR UPDATE SKIP LOCKED)
    )
""")

_FORGET = Statement("""
    DELETE FROM jobs WHERE project_id = $1 AND session_id IN (SELECT r.id FROM @rows($2: id text))
""")

_FORGET_PROJECT = Statement("""
    DELETE FROM jobs WHERE uid IN (SELECT uid FROM jobs WHERE project_id = $1 LIMIT $2)
""")


async def enqueue(db: BaseDBAsyncClient, jobs: Sequence[NewJob], now: datetime) -> None:
    """Write jobs, in order, in one statement.

    Args:
        db: Connection or transaction.
        jobs: What to write; one whose id is there already is left out.
        now: The time that counts as their creation.
    """
    if jobs:
        await _ENQUEUE.run(db, rows(_row(place, job, now) for place, job in enumerate(jobs)), now)


async def enqueue_new(db: BaseDBAsyncClient, jobs: Sequence[NewJob], now: datetime) -> None:
    """As `enqueue`, of jobs whose ids nobody else has: to be ready for conflicts costs PostgreSQL a quarter more."""
    if jobs:
        await _INSERT.run(db, rows(_row(place, job, now) for place, job in enumerate(jobs)), now)


async def supersede(db: BaseDBAsyncClient, keys: Iterable[JobKey]) -> Mapping[JobKey, datetime]:
    """Delete the jobs of these keys that nobody has begun, because newer ones say more. One statement.

    Args:
        db: Connection or transaction.
        keys: Pairs of session and queue, with their project.

    Returns:
        For each key that had such a job, when that was due.
    """
    wanted = rows(key._asdict() for key in dict.fromkeys(keys))
    since: dict[JobKey, datetime] = {}
    for row in await _SUPERSEDE.fetch(db, wanted) if wanted != "[]" else ():
        key, due_at = JobKey(row["project_id"], row["session_id"], row["queue"]), read_time(row["due_at"])
        since[key] = min(due_at, since.get(key, due_at))
    return since


async def enqueue_latest(db: BaseDBAsyncClient, jobs: Sequence[NewJob], now: datetime) -> None:
    """Write jobs in place of those that wait for the same session and queue. Two statements for a whole batch.

    A session that is sent every minute so has one waiting job in a queue, with what was sent last. The
    new job keeps the old one's place in the queue; otherwise a backlog of more than a minute would
    put such a session off until its visitor leaves.

    Args:
        db: A transaction.
        jobs: What to write; of several for one key the last.
        now: The time that counts as their creation.
    """
    latest = {job.key: job for job in jobs}
    since = await supersede(db, latest)
    await enqueue(db, [_in_place(job, since.get(key)) for key, job in latest.items()], now)


async def prune(db: BaseDBAsyncClient, before: datetime, *, limit: int) -> int:
    """Delete jobs that were done before a time, the oldest first, and say how many; fewer than the limit are the last.

    Args:
        db: Connection or transaction.
        before: In UTC.
        limit: How many at the most.
    """
    return await _PRUNE.run(db, before, limit)


async def delete_of_sessions(db: BaseDBAsyncClient, project_id: str, session_ids: Sequence[str]) -> int:
    """Delete all jobs of sessions, dead letters too, and say how many. Whoever works on one loses its lease.

    Args:
        db: Connection or transaction.
        project_id: Whose sessions.
        session_ids: Which of them.
    """
    return await _FORGET.run(db, project_id, rows({"id": id_} for id_ in session_ids)) if session_ids else 0


async def delete_of_project(db: BaseDBAsyncClient, project_id: str, *, step: int = STEP) -> int:
    """Delete all jobs of a project, dead letters too, and say how many.

    Args:
        db: The connection; in a transaction the steps would be one long write.
        project_id: Which project.
        step: How many at once.
    """
    return await _in_steps(step, lambda: _FORGET_PROJECT.run(db, project_id, step))


async def _in_steps(step: int, delete: Callable[[], Awaitable[int]]) -> int:
    total = deleted = await delete()
    while deleted == step:
        deleted = await delete()
        total += deleted
    return total


def _in_place(job: NewJob, since: datetime | None) -> NewJob:
    if since is None or job.due_at is not None:
        return job
    return NewJob(job.queue, job.project_id, job.session_id, job.payload, job.id, since, job.attempt)


def _row(place: int, job: NewJob, now: datetime) -> dict[str, object]:
    return {
        "place": place,
        "id": job.id,
        "queue": job.queue,
        "project_id": job.project_id,
        "session_id": job.session_id,
        "payload": job.payload,
        "attempt": job.attempt,
        "due_at": job.due_at or now,
    }
