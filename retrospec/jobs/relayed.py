"""A queue that the relay fills: what becomes of its jobs is written into the outbox, which stays the truth."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement, rows
from retrospec.core.log import get_logger
from retrospec.jobs import relay_statements as sql
from retrospec.jobs.database_queue import storable
from retrospec.plugin.queue import (
    DeadLetterPage,
    Lease,
    Purged,
    QueueBackend,
    QueueDepths,
    QueuedJob,
    Redriven,
    Scope,
)

log = get_logger(__name__)


class RelayedQueue(QueueBackend):
    """Passes every call on to a backend, and notes in the outbox how jobs end.

    A note that cannot be written is only logged: the job is then published once more, and its result replaced.
    """

    def __init__(self, backend: QueueBackend, database: Database, patience: timedelta) -> None:
        """Stand before a backend.

        Args:
            backend: The queue itself.
            database: Where the outbox is.
            patience: How long a published job may be without result before it is looked for.
        """
        self._backend = backend
        self._database = database
        self._patience = patience
        self.delays = backend.delays

    @property
    def backend(self) -> QueueBackend:
        """The queue itself."""
        return self._backend

    async def open(self) -> None:
        """Open the backend."""
        await self._backend.open()

    async def close(self) -> None:
        """Close the backend."""
        await self._backend.close()

    async def check(self) -> str:
        """Ask the backend."""
        return await self._backend.check()

    async def prepare(self, queue: str) -> None:
        """Have the backend make a queue ready."""
        await self._backend.prepare(queue)

    async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
        """Hand jobs to the backend."""
        await self._backend.publish(queue, jobs)

    async def claim(self, queue: str, *, worker: str, limit: int, lease_seconds: float) -> Sequence[Lease]:
        """Have jobs handed out."""
        return await self._backend.claim(queue, worker=worker, limit=limit, lease_seconds=lease_seconds)

    async def extend(self, lease: Lease, *, lease_seconds: float) -> bool:
        """Hold a job for longer."""
        return await self._backend.extend(lease, lease_seconds=lease_seconds)

    async def complete(self, lease: Lease) -> bool:
        """Say that a job is done, there and in the outbox."""
        held = await self._backend.complete(lease)
        if held:
            await self._note(sql.FINISH, lease.job.id, "done", now(), "")
        return held

    async def retry(self, lease: Lease, *, delay_seconds: float, error: str) -> bool:
        """Give a job back for another attempt. The relay does not look for it while it rests."""
        held = await self._backend.retry(lease, delay_seconds=delay_seconds, error=error)
        if held:
            until = now() + timedelta(seconds=delay_seconds) + self._patience
            await self._note(sql.POSTPONE, lease.job.id, until, storable(error))
        return held

    async def release(self, lease: Lease) -> bool:
        """Give a job back untouched."""
        return await self._backend.release(lease)

    async def bury(self, lease: Lease, *, error: str, scope: Scope = "failed") -> bool:
        """Give a job up, there and in the outbox."""
        held = await self._backend.bury(lease, error=error, scope=scope)
        if held:
            await self._note(sql.FINISH, lease.job.id, scope, now(), storable(error))
        return held

    async def depths(self, queue: str) -> QueueDepths:
        """Count the jobs that the backend has."""
        return await self._backend.depths(queue)

    async def oldest(self, queue: str) -> datetime | None:
        """Ask the backend."""
        return await self._backend.oldest(queue)

    async def dead_letters(self, queue: str, scope: Scope, *, offset: int, limit: int) -> DeadLetterPage:
        """List the backend's dead letters."""
        return await self._backend.dead_letters(queue, scope, offset=offset, limit=limit)

    async def buried(self, queue: str, ids: Collection[str]) -> Collection[str]:
        """Have jobs looked for among the dead letters, and note in the outbox those that somebody else has given up."""
        found = await self._backend.buried(queue, ids)
        await self._note_given_up(found)
        return found

    async def purge(self, queue: str, scope: Scope, *, limit: int) -> Purged:
        """Delete dead letters of the backend. None of them is published again."""
        ids = await self._oldest(queue, scope, limit)
        purged = await self._backend.purge(queue, scope, limit=limit)
        await self._note_given_up(ids)
        return purged

    async def redrive(self, queue: str, *, limit: int) -> Redriven:
        """Put dead letters back, and look after them again."""
        ids = await self._oldest(queue, "failed", limit)
        redriven = await self._backend.redrive(queue, limit=limit)
        # Those that somebody else has given up still count as published.
        await self._note_given_up(ids)
        await self._note(sql.REOPEN, rows({"id": ident} for ident in ids), now() + self._patience)
        return redriven

    async def end_oldest(self, queue: str, project_id: str, session_id: str) -> None:
        """Note that the result of a session's oldest published job is there.

        Args:
            queue: Which queue the job came from.
            project_id: Whose.
            session_id: Which session.
        """
        await self._note(sql.END_OLDEST, project_id, session_id, queue, now())

    async def _oldest(self, queue: str, scope: Scope, limit: int) -> list[str]:
        """The ids of the oldest dead letters."""
        total = (await self._backend.dead_letters(queue, scope, offset=0, limit=1)).total
        oldest = await self._backend.dead_letters(queue, scope, offset=max(total - limit, 0), limit=limit)
        return [ident for letter in oldest.entries if (ident := _id_in(letter.payload))]

    async def _note_given_up(self, ids: Collection[str]) -> None:
        if ids:
            await self._note(sql.GIVE_UP, rows({"id": ident} for ident in ids), now(), "given up by its worker")

    async def _note(self, statement: Statement, *values: object) -> None:
        try:
            await statement.run(self._database.connection, *values)
        except Exception as trouble:
            log.warning("the end of a job could not be noted", error=str(trouble))


async def result_came(queue: QueueBackend, name: str, project_id: str, session_id: str) -> None:
    """Note that a worker of somebody else has reported a session's result.

    It ends the oldest job of that session that was published: a later one says more, and its own result is to come.

    Args:
        queue: The queue in use; where that is the outbox, its worker says so itself.
        name: Which queue the job came from.
        project_id: Whose.
        session_id: Which session.
    """
    if isinstance(queue, RelayedQueue):
        await queue.end_oldest(name, project_id, session_id)


def _id_in(payload: str) -> str:
    try:
        said = msgspec.json.decode(payload, type=Mapping[str, object])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    ident = said.get("jobId")
    return ident if isinstance(ident, str) and "\0" not in ident else ""
