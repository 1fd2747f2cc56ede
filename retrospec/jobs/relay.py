"""The relay: brings committed jobs from the outbox to another queue, in order and at least once.

A row that waits to be published is `ready` and due. Publishing makes it due again after a while: if no result has
come by then and the queue has nothing as old any more, the job was lost there and is published again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

from retrospec.core.background import Loop
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.db import AWAY, Database, Row, read_time, rows, sql_time
from retrospec.core.errors import Unavailable
from retrospec.core.log import get_logger
from retrospec.jobs import relay_statements as sql
from retrospec.plugin.queue import QueueBackend, QueuedJob

log = get_logger(__name__)

BATCH = 100
# Commits that come close together are published together.
_GATHER_SECONDS = 0.01
# Under load they come all the time: a pass takes ten statements, however few the jobs are.
_BUSY_SECONDS = 0.03
# Another process is publishing; what this one has to add is looked for again after this, and then ever more rarely.
_OTHERS_TURN_SECONDS, _LONGEST_OTHERS_TURN_SECONDS = 0.02, 0.25
# Less than a turn lasts. Backends have timeouts of their own; this is for one that has none.
_PUBLISH_SECONDS = 10
_FIRST_REST, _LONGEST_REST = 0.25, 5.0
_LOOK_AFTER_SECONDS = 60
# By how much the clocks of the queue and of this process may differ.
_MOST_SKEW = timedelta(minutes=1)
# A job without result is published again after ever longer times, at most this.
_LONGEST_PATIENCE = timedelta(days=1)


class Turn(Protocol):
    """Agrees with other processes on who does a piece of work."""

    async def take(self) -> bool:
        """Begin, unless another process is at it."""

    async def keep(self) -> bool:
        """Go on for a whole further time; False when another process has taken over."""

    async def give_back(self) -> None:
        """Let others begin."""


class Relay:
    """Publishes to one queue backend. Many processes may have one; they take turns.

    Counts each failed attempt in the metric that stands beside the queue's name.
    """

    def __init__(
        self,
        database: Database,
        queue: QueueBackend,
        metrics: dict[str, str],
        counters: Counters,
        turn: Turn,
        *,
        patience: timedelta,
        published: Callable[[], None],
    ) -> None:
        """Make a relay that does nothing yet.

        Args:
            database: Where the outbox is.
            queue: Where jobs go.
            metrics: The queues to serve, and what counts the failures of each.
            counters: Where failures are counted.
            turn: Shared by all relays of the same queues.
            patience: How long a published job may be without result before it is looked for.
            published: Called after jobs were published, e.g. to wake workers.
        """
        self._database = database
        self._queue = queue
        self._metrics = metrics
        self._counters = counters
        self._turn = turn
        self._patience = patience
        self._published = published
        self._failures = 0
        self._rests_until = 0.0
        self._looks_after_at = 0.0
        self._stopping = False
        self._loop = Loop("relay", self.step, pause=0.5)

    def start(self) -> None:
        """Begin to publish."""
        self._loop.start()

    def wake(self) -> None:
        """There are new jobs."""
        self._loop.wake()

    async def stop(self, grace: float = 10) -> None:
        """Let a batch that is on its way arrive, then end."""
        self._stopping = True
        await self._loop.stop(grace)

    async def step(self) -> None:
        """Publish all that is due, together with the other processes. Trouble is counted, and rested from."""
        if monotonic() < self._rests_until:
            return
        await asyncio.sleep(_GATHER_SECONDS)
        try:
            await self._look_after()
            await self._publish_due()
            self._failures = 0
        except (Unavailable, TimeoutError, *AWAY) as trouble:
            self._rest()
            log.warning("jobs wait in the outbox", error=str(trouble), pause=self._pause)
        except Exception:
            self._rest()
            raise

    async def _publish_due(self) -> None:
        pause = _OTHERS_TURN_SECONDS
        while await self._is_any_due() and not self._stopping:
            if not await self._turn.take():
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_OTHERS_TURN_SECONDS)
                continue
            try:
                await self._publish_all()
            finally:
                await self._turn.give_back()
            await asyncio.sleep(_BUSY_SECONDS)

    @property
    def _pause(self) -> float:
        return float(min(_FIRST_REST * 2 ** (self._failures - 1), _LONGEST_REST))

    def _rest(self) -> None:
        self._failures = min(self._failures + 1, 10)
        self._rests_until = monotonic() + self._pause

    async def _is_any_due(self) -> bool:
        moment, db = now(), self._database.connection
        for queue in self._metrics:
            if await sql.IS_ANY_DUE.fetch(db, queue, moment):
                return True
        return False

    async def _publish_all(self) -> None:
        """A batch of each queue in turn, so that a long queue does not keep back a short one."""
        left = list(self._metrics)
        while left:
            for queue in tuple(left):
                if self._stopping or not await self._turn.keep():
                    return
                if not await self._publish_batch(queue):
                    left.remove(queue)

    async def _publish_batch(self, queue: str) -> bool:
        """Whether there may be more."""
        due = await sql.DUE.fetch(self._database.connection, queue, now(), BATCH)
        if not due:
            return False
        async with self._asking(queue):
            going = await self._lost_or_new(queue, due)
            await self._queue.publish(queue, [_job(row) for row in going])
        # After it: an entry's own time in the queue is not to seem later than this.
        await self._note(due, going, now())
        self._published()
        return len(due) == BATCH

    async def _lost_or_new(self, queue: str, due: Sequence[Row]) -> Sequence[Row]:
        """Without those that were published and still wait for their turn: a long queue must not grow by itself."""
        published = [row for row in due if row["published_at"] is not None]
        if not published:
            return due
        lost = await self._lost(queue, published)
        return [row for row in due if row["published_at"] is None or row["uid"] in lost]

    async def _lost(self, queue: str, published: Sequence[Row]) -> set[int]:
        oldest = await self._queue.oldest(queue)
        if oldest is not None:
            # The queue has a clock of its own.
            since = oldest - min(self._patience / 2, _MOST_SKEW)
            published = [row for row in published if read_time(row["published_at"]) < since]
        given_up = await self._queue.buried(queue, [row["id"] for row in published]) if published else ()
        return {row["uid"] for row in published if row["id"] not in given_up}

    async def _note(self, due: Sequence[Row], going: Sequence[Row], moment: datetime) -> None:
        """Write down what was published, and when to look for it; not where somebody has settled it meanwhile."""
        sent = {row["uid"] for row in going}
        noted = [self._noted(row, moment, sent=row["uid"] in sent) for row in due]
        await sql.NOTE.run(self._database.connection, rows(noted))

    def _noted(self, row: Row, moment: datetime, *, sent: bool) -> dict[str, object]:
        again = row["published_at"] is not None
        # Of a row that was published, the token is how often.
        patience = self._patience * 2 ** min(row["lease_token"], 20) if sent and again else self._patience
        return {
            "uid": row["uid"],
            "token": row["lease_token"],
            "published_at": sql_time(moment if sent else read_time(row["published_at"])),
            "due_at": sql_time(moment + max(self._patience, min(patience, _LONGEST_PATIENCE))),
            "sent": int(sent),
        }

    async def _look_after(self) -> None:
        """Have the queues ready. Publish, too, what workers of the database queue held when the settings changed."""
        if monotonic() < self._looks_after_at:
            return
        for queue in self._metrics:
            await sql.TAKE_BACK.run(self._database.connection, queue, now())
            async with self._asking(queue):
                await self._queue.prepare(queue)
        self._looks_after_at = monotonic() + _LOOK_AFTER_SECONDS

    @asynccontextmanager
    async def _asking(self, queue: str) -> AsyncIterator[None]:
        """Give the queue so much time, and count it when it fails."""
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                yield
        except Exception:
            self._counters.add(self._metrics[queue])
            raise


def _job(row: Row) -> QueuedJob:
    return QueuedJob(row["id"], row["payload"], row["attempt"])
