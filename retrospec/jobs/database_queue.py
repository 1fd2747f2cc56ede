"""The queue that needs nothing but the database: workers claim straight from the outbox.

All times are those of the processes that write them. Their clocks may differ by less than a lease;
a difference only makes a job come early or late.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections

from retrospec.core.clock import now
from retrospec.core.db import AWAY, Row, Statement, is_sqlite, read_time, rows, transaction
from retrospec.jobs import statements as sql
from retrospec.jobs.outbox import NewJob, enqueue
from retrospec.jobs.schemas import job_object
from retrospec.plugin.queue import (
    DeadLetter,
    DeadLetterPage,
    Lease,
    Purged,
    QueueBackend,
    QueueDepths,
    QueuedJob,
    QueueUnavailable,
    Redriven,
    Scope,
    queue_backend,
)

_MAX_ERROR = 4_000


@queue_backend("database", "The outbox itself, in SQLite or PostgreSQL")
class DatabaseQueue(QueueBackend):
    """Leases on rows of `jobs`. Each method is one statement, in the transaction of whoever calls it, if any."""

    shares_outbox = True
    delays = True

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        """Make a queue on whatever database is open.

        Args:
            clock: Tells the time, in UTC.
        """
        self._now = clock

    async def check(self) -> str:
        """Say which database the jobs are in."""
        await self._fetch(sql.ANY)
        return f"jobs in {'SQLite' if is_sqlite(_connection()) else 'PostgreSQL'}"

    async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
        """Write jobs that did not come from a transaction of ours."""
        try:
            await enqueue(_connection(), [_new_job(queue, job) for job in jobs], self._now())
        except AWAY as cause:
            raise QueueUnavailable from cause

    async def claim(self, queue: str, *, worker: str, limit: int, lease_seconds: float) -> Sequence[Lease]:
        """Hand out jobs. One whose lease has run out comes with an attempt more: its worker died of it, maybe."""
        moment = self._now()
        # On SQLite every write takes the one lock; a worker with nothing to do asks first.
        if is_sqlite(_connection()) and not await self._fetch(sql.IS_ANY_DUE, queue, moment):
            return []
        until = moment + timedelta(seconds=lease_seconds)
        claimed = await self._fetch(sql.CLAIM, queue, moment, limit, until, worker[:128])
        claimed.sort(key=lambda row: (read_time(row["due_at"]), row["uid"]))
        return [
            Lease(queue, QueuedJob(row["id"], row["payload"], row["attempt"]), f"{row['uid']}.{row['lease_token']}")
            for row in claimed
        ]

    async def extend(self, lease: Lease, *, lease_seconds: float) -> bool:
        """Hold a job for longer, also when its lease has run out and nobody else has taken it."""
        return await self._change(sql.EXTEND, lease, self._now() + timedelta(seconds=lease_seconds))

    async def complete(self, lease: Lease) -> bool:
        """Mark a job done. Its row stays for a while, so that its id is known if it is written again."""
        return await self._change(sql.FINISH, lease, "done", self._now(), "")

    async def retry(self, lease: Lease, *, delay_seconds: float, error: str) -> bool:
        """Let a job rest."""
        return await self._change(sql.RETRY, lease, self._now() + timedelta(seconds=delay_seconds), storable(error))

    async def release(self, lease: Lease) -> bool:
        """Give a job back to its old place in the queue."""
        return await self._change(sql.RELEASE, lease)

    async def bury(self, lease: Lease, *, error: str, scope: Scope = "failed") -> bool:
        """Make a job a dead letter."""
        return await self._change(sql.FINISH, lease, scope, self._now(), storable(error))

    async def depths(self, queue: str) -> QueueDepths:
        """Count the jobs of a queue, without those that are done."""
        counts = {row["place"]: row["jobs"] for row in await self._fetch(sql.DEPTHS, queue, self._now())}
        pending = counts.get("leased", 0)
        return QueueDepths(
            stream_depth=counts.get("ready", 0) + pending,
            pending=pending,
            retry_depth=counts.get("resting", 0),
            failed_depth=counts.get("failed", 0) + counts.get("unprocessable", 0),
        )

    async def dead_letters(self, queue: str, scope: Scope, *, offset: int, limit: int) -> DeadLetterPage:
        """List dead letters, newest first."""
        total = await self._count(queue, scope)
        found = await self._fetch(sql.DEAD_LETTERS, queue, scope, limit, offset) if total > offset else []
        return DeadLetterPage(total, tuple(_dead_letter(row) for row in found))

    async def purge(self, queue: str, scope: Scope, *, limit: int) -> Purged:
        """Delete dead letters, oldest first."""
        deleted = await self._run(sql.PURGE, queue, scope, limit)
        return Purged(deleted, await self._count(queue, scope))

    async def redrive(self, queue: str, *, limit: int) -> Redriven:
        """Put dead letters back. Those that cannot be read move to `unprocessable`, out of the others' way."""
        redriven = skipped = 0
        try:
            async with transaction() as db:
                while redriven < limit and (oldest := await sql.OLDEST_FAILED.fetch(db, queue, limit - redriven)):
                    readable = [row["uid"] for row in oldest if job_object(row["payload"]) is not None]
                    unreadable = [row["uid"] for row in oldest if row["uid"] not in readable]
                    await sql.REDRIVE.run(db, _uids(readable), self._now())
                    await sql.SET_ASIDE.run(db, _uids(unreadable))
                    redriven, skipped = redriven + len(readable), skipped + len(unreadable)
        except AWAY as cause:
            raise QueueUnavailable from cause
        return Redriven(redriven, skipped, await self._count(queue, "failed"))

    async def _count(self, queue: str, scope: Scope) -> int:
        counted: int = (await self._fetch(sql.COUNT, queue, scope))[0]["jobs"]
        return counted

    async def _change(self, statement: Statement, lease: Lease, *values: Any) -> bool:
        uid, _, token = lease.token.partition(".")
        return bool(await self._run(statement, int(uid), int(token), *values))

    async def _fetch(self, statement: Statement, *values: Any) -> list[Row]:
        try:
            return await statement.fetch(_connection(), *values)
        except AWAY as cause:
            raise QueueUnavailable from cause

    async def _run(self, statement: Statement, *values: Any) -> int:
        try:
            return await statement.run(_connection(), *values)
        except AWAY as cause:
            raise QueueUnavailable from cause


def _connection() -> BaseDBAsyncClient:
    """The process's connection, or the transaction that the calling task is in."""
    return get_connections().all()[0]


def _new_job(queue: str, job: QueuedJob) -> NewJob:
    said = job_object(job.payload) or {}
    return NewJob(
        queue=queue,
        project_id=_name(said.get("projectId"), 64),
        session_id=_name(said.get("sessionId"), 128),
        payload=job.payload,
        id=job.id,
        attempt=job.attempt,
    )


def _name(said: object, longest: int) -> str:
    """What a column of that length can hold; another's half name would only mislead."""
    return said if isinstance(said, str) and len(said) <= longest and "\0" not in said else ""


def storable(error: str) -> str:
    """An error's text as both databases take it: without NUL and lone surrogates, and not without end."""
    return error[:_MAX_ERROR].replace("\0", "").encode(errors="replace").decode()


def _uids(uids: Sequence[int]) -> str:
    return rows({"uid": uid} for uid in uids)


def _dead_letter(row: Row) -> DeadLetter:
    failed_at = None if row["finished_at"] is None else read_time(row["finished_at"])
    return DeadLetter(failed_at, row["error"], row["attempt"] + 1, row["payload"])
