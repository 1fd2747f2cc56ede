"""One loop that brings the alerts of all sinks on their way, however many sinks there are."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

from retrospec.alerts.delivery import DeliverAlert
from retrospec.alerts.health import SinkHealth
from retrospec.alerts.orphans import give_up_orphans
from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sinks import SinkDirectory
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.db import AWAY, Database, Row, Statement
from retrospec.core.errors import Unavailable
from retrospec.core.log import get_logger
from retrospec.jobs.attempt import Attempts
from retrospec.jobs.runner import JobRunner
from retrospec.plugin.queue import Lease

log = get_logger(__name__)

QUEUE = "alerts:"
# Of sinks that were made over the API.
MADE = "snk_"
# Of one sink, in one process: one that hangs holds no more than these.
_AT_ONCE_OF_A_SINK = 4
# Of all sinks: so many are reached only when a hundred of them hang together, until their breakers open.
_AT_ONCE = 400
_QUEUES_AT_ONCE = 200
_POLL_SECONDS = 1.0
# Asked again after every commit, the database would have little time left for anything else.
_BREATH_SECONDS = 0.02
_TIDY_SECONDS = 60.0
# All attempts together take some nine hours.
_ORPHANED = timedelta(days=7)

# From queue to queue by the index, past all their jobs: what is done, or rests, is not read. Not by prefix: in most
# collations punctuation is no border. Scalar subqueries instead of EXISTS, which PostgreSQL may answer by reading all
# jobs that are due. With twenty jobs each, PostgreSQL took 0.2 ms for 10 sinks, 2.6 ms for 200 and 70 ms
# for 2,000; SQLite 0.04, 0.5 and 27 ms.
DUE = Statement("""
    WITH RECURSIVE walk (queue, place) AS (
        SELECT (SELECT j.queue FROM jobs j WHERE j.queue > $1 ORDER BY j.queue LIMIT 1), 1
        UNION ALL
        SELECT (SELECT j.queue FROM jobs j WHERE j.queue > walk.queue ORDER BY j.queue LIMIT 1), walk.place + 1
        FROM walk WHERE walk.queue IS NOT NULL AND walk.place < $2
    ), known AS (
        SELECT walk.queue, walk.place, s.open_until,
            walk.queue LIKE 'alerts:%' AND (s.open_until IS NULL OR s.open_until <= $3) AND COALESCE(
                (SELECT 1 FROM jobs r WHERE r.queue = walk.queue AND r.status = 'ready' AND r.due_at <= $3 LIMIT 1),
                (SELECT 1 FROM jobs l WHERE l.queue = walk.queue AND l.status = 'leased' AND l.leased_until <= $3
                 LIMIT 1)
            ) IS NOT NULL AS is_due
        FROM walk LEFT JOIN alert_sink_states s ON s.sink = substr(walk.queue, 8)
        WHERE walk.queue IS NOT NULL
    )
    SELECT queue, open_until, is_due, place = $2 AS is_last FROM known WHERE is_due OR place = $2 ORDER BY place
""")


class AlertDispatcher(JobRunner):
    """Delivers alerts: asks which sinks have something due, and has a few of each delivered at once.

    A sink that takes long, or fails, holds only its own few places. One whose breaker is open is not asked for; once
    its pause is over, one process tries one delivery.
    """

    def __init__(
        self,
        attempts: Attempts,
        deliver: DeliverAlert,
        *,
        directory: SinkDirectory,
        pool: SinkPool,
        health: SinkHealth,
        database: Database,
        name: str,
        counters: Counters,
    ) -> None:
        """Make one that does nothing yet.

        Args:
            attempts: How deliveries are done.
            deliver: Does them.
            directory: Knows the sinks of the settings.
            pool: Has the sinks.
            health: Says which of them rest.
            database: Where the jobs are.
            name: Unique among all processes.
            counters: As for `JobRunner`.
        """
        super().__init__(attempts, name=name, counters=counters, concurrency=_AT_ONCE, poll_seconds=_POLL_SECONDS)
        self._deliver = deliver
        self._directory = directory
        self._pool = pool
        self._health = health
        self._database = database
        self._of_settings = frozenset(sink.id for sink in directory.of_settings)
        self._busy: Counter[str] = Counter()
        self._next_look: float | None = None

    async def _claim(self) -> int:
        """Go once through all queues, and take what is due."""
        await self._look_around()
        taken, after = 0, ""
        while self.free:
            began = monotonic()
            page = await self._page(after)
            for row in page:
                if row["is_due"]:
                    taken += await self._serve(row["queue"], is_probe=row["open_until"] is not None)
            await asyncio.sleep(max(_BREATH_SECONDS, monotonic() - began))
            if not page or not page[-1]["is_last"]:
                break
            after = page[-1]["queue"]
        return taken

    async def _look_around(self) -> None:
        if self._next_look is None:
            for sink in self._directory.of_settings:
                await self._health.forget_others(self._database.connection, sink)
        elif monotonic() < self._next_look:
            return
        self._pool.tidy()
        moment = now()
        for given_up in await give_up_orphans(self._of_settings, moment - _ORPHANED, moment):
            self._counters.add("retrospec_alert_failed_total", type=given_up["sink_type"])
            log.error("alert given up", delivery=given_up["id"], error="no server knows its sink")
        self._next_look = monotonic() + _TIDY_SECONDS

    async def _page(self, after: str) -> Sequence[Row]:
        try:
            return await DUE.fetch(self._database.connection, after, _QUEUES_AT_ONCE, now())
        except AWAY as cause:
            raise Unavailable from cause

    async def _serve(self, queue: str, *, is_probe: bool) -> int:
        """Take what a queue has due, as far as its sink has room."""
        room = min(_AT_ONCE_OF_A_SINK - self._busy[queue], self.free)
        if room <= 0 or not self._is_ours(queue):
            return 0
        leases = await (self._probe(queue) if is_probe else self._claim_of(queue, room))
        for lease in leases:
            self._begin(lease)
        return len(leases)

    def _is_ours(self, queue: str) -> bool:
        """Whether this process can tell what sink it is: of the settings it knows only its own."""
        sink_id = queue.removeprefix(QUEUE)
        return sink_id.startswith(MADE) or sink_id in self._of_settings

    async def _probe(self, queue: str) -> Sequence[Lease]:
        """Take one delivery of a sink whose pause is over, unless another process tries it."""
        db, sink_id, moment = self._database.connection, queue.removeprefix(QUEUE), now()
        until = moment + timedelta(seconds=self._attempts.lease_seconds)
        if not await self._health.may_probe(db, sink_id, moment, until):
            return ()
        leases = await self._claim_of(queue, 1)
        if not leases:
            await self._health.did_not_probe(db, sink_id, moment, until)
        return leases

    def _begin(self, lease: Lease) -> None:
        self._busy[lease.queue] += 1
        self._take(lease, self._deliver, self._deliver.buried).add_done_callback(lambda _: self._release(lease.queue))

    def _release(self, queue: str) -> None:
        self._busy[queue] -= 1
        if not self._busy[queue]:
            del self._busy[queue]
