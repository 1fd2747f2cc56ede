"""Delivering alerts: one job for each alert and sink, tried until it is taken or given up."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.attempted import LONGEST_PAUSE_SECONDS, Attempted
from retrospec.alerts.health import SinkHealth
from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sinks import Sink, SinkDirectory
from retrospec.alerts.wire import alert_of
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.db import Database, Statement, read_json, transact
from retrospec.core.log import get_logger
from retrospec.core.settings import Settings
from retrospec.jobs.handler import JobContext, Unprocessable
from retrospec.jobs.retry import RetryPolicy
from retrospec.plugin import RetryAfter

log = get_logger(__name__)
_SPREAD = 0.25

_FIND = Statement("""
    SELECT d.id, d.alert_id, d.project_id, d.sink, d.sink_type, d.body, d.status, d.attempts,
           s.settings_digest, s.gone_at, s.last_error AS gone_because
    FROM alert_deliveries d LEFT JOIN alert_sink_states s ON s.sink = d.sink WHERE d.id = $1
""")

_LOG = Statement("""
    INSERT INTO alert_attempts
        (delivery_id, project_id, number, started_at, duration_ms, outcome, status, answer, error)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
""")

# What one process has delivered, another that was slow to fail must not take back.
_NOTE = Statement("""
    UPDATE alert_deliveries SET status = $2, attempts = $3, last_error = $4, next_attempt_at = $5, finished_at = $6
    WHERE id = $1 AND status <> 'delivered'
""")


class _Payload(msgspec.Struct, rename="camel"):
    delivery_id: Annotated[str, msgspec.Meta(min_length=1)]


class _Delivery(msgspec.Struct):
    """A delivery, with what is known of its sink."""

    id: str
    alert_id: str
    project_id: str
    sink: str
    sink_type: str
    body: Any
    status: str
    attempts: int
    settings_digest: str | None
    gone_at: Any
    gone_because: str | None


def retries(settings: Settings) -> RetryPolicy:
    """How often deliveries are tried, and after what pauses."""
    pauses = settings.alert_retry_pauses_seconds
    longest = max(LONGEST_PAUSE_SECONDS, *pauses) * (1 + _SPREAD)
    return RetryPolicy(
        max_attempts=len(pauses) + 1, pauses=pauses, longest_seconds=longest, jitter=_SPREAD, earlier=_SPREAD
    )


class DeliverAlert:
    """The job handler of all sinks.

    Counts, by type of the sink: `retrospec_alert_sent_total`, `retrospec_alert_errors_total` (failed attempts),
    `retrospec_alert_retried_total`, and `retrospec_alert_failed_total` (given up).
    """

    def __init__(
        self,
        directory: SinkDirectory,
        pool: SinkPool,
        health: SinkHealth,
        retry: RetryPolicy,
        database: Database,
        counters: Counters,
    ) -> None:
        self._directory = directory
        self._pool = pool
        self._health = health
        self._retry = retry
        self._database = database
        self._counters = counters

    async def __call__(self, job: JobContext) -> None:
        """Try once to deliver an alert.

        Raises:
            Unprocessable: The payload names no delivery.
            RetryAfter: Not delivered; the job is tried again.
        """
        delivery = await self._find(job)
        if delivery is None or delivery.status != "pending":
            return
        sink = await self._directory.find(delivery.sink)
        if sink is None or (reason := _takes_nothing(sink, delivery)):
            await self._give_up(delivery, reason if sink else "the sink was deleted")
            return
        came = await self._pool.send(sink, alert_of(delivery.alert_id, delivery.body))
        match came.outcome:
            case "delivered":
                await self._delivered(delivery, sink, came)
            case "gone":
                await self._gone(delivery, sink, came)
            case _:
                await self._failed(delivery, sink, came, job.attempt)

    async def buried(self, job: JobContext, error: str) -> None:
        """Note that an alert is given up because each attempt ended its worker."""
        if (delivery := await self._find(job)) and delivery.status == "pending":
            await self._give_up(delivery, error)

    async def _find(self, job: JobContext) -> _Delivery | None:
        try:
            payload = msgspec.json.decode(job.payload, type=_Payload)
        except msgspec.MsgspecError as mistake:
            raise Unprocessable(f"not a delivery: {mistake}") from mistake
        found = await _FIND.fetch(self._database.connection, payload.delivery_id)
        return _Delivery(**found[0] | {"body": read_json(found[0]["body"], dict)}) if found else None

    async def _delivered(self, delivery: _Delivery, sink: Sink, came: Attempted) -> None:
        async def work(db: BaseDBAsyncClient) -> None:
            await self._log(db, delivery, came)
            await _NOTE.run(db, delivery.id, "delivered", delivery.attempts + 1, "", None, now())
            await self._health.worked(db, sink)

        await transact(work)
        self._count("sent", delivery, sink)

    async def _gone(self, delivery: _Delivery, sink: Sink, came: Attempted) -> None:
        moment = now()

        async def work(db: BaseDBAsyncClient) -> None:
            await self._log(db, delivery, came)
            await _NOTE.run(db, delivery.id, "failed", delivery.attempts + 1, came.error, None, moment)
            await self._health.gone(db, sink, came.error, moment)

        await transact(work)
        self._count("errors", delivery, sink)
        self._count("failed", delivery, sink)

    async def _failed(self, delivery: _Delivery, sink: Sink, came: Attempted, attempt: int) -> None:
        """Note a failed attempt; the last of them gives the delivery up.

        Raises:
            RetryAfter: There is another attempt.
        """
        moment, last = now(), self._retry.used_up(attempt + 1)
        # A receiver that wants to be asked again at once, again and again, would have used up all attempts in no time.
        pause = max(self._retry.pause(attempt), came.retry_after or 0)
        due, finished = (None, moment) if last else (moment + timedelta(seconds=pause), None)

        async def work(db: BaseDBAsyncClient) -> None:
            await self._log(db, delivery, came)
            status = "failed" if last else "pending"
            await _NOTE.run(db, delivery.id, status, delivery.attempts + 1, came.error, due, finished)
            await self._health.failed(db, sink, came.error, moment)

        await transact(work)
        self._count("errors", delivery, sink)
        self._count("failed" if last else "retried", delivery, sink)
        if last:
            log.error("alert given up", sink=sink.id, alert=delivery.alert_id, error=came.error)
            return
        log.warning("alert not delivered", sink=sink.id, alert=delivery.alert_id, attempt=attempt + 1, error=came.error)
        raise RetryAfter(pause, came.error)

    async def _give_up(self, delivery: _Delivery, reason: str) -> None:
        """Give a delivery up without an attempt."""
        connection = self._database.connection
        await _NOTE.run(connection, delivery.id, "failed", delivery.attempts, reason, None, now())
        self._count("failed", delivery)
        log.error("alert given up", sink=delivery.sink, alert=delivery.alert_id, error=reason)

    async def _log(self, db: BaseDBAsyncClient, delivery: _Delivery, came: Attempted) -> None:
        of = (delivery.id, delivery.project_id, delivery.attempts + 1)
        said = (came.outcome, came.status, came.answer, came.error)
        await _LOG.run(db, *of, came.started_at, came.duration_ms, *said)

    def _count(self, what: str, delivery: _Delivery, sink: Sink | None = None) -> None:
        self._counters.add(f"retrospec_alert_{what}_total", type=sink.type if sink else delivery.sink_type)


def _takes_nothing(sink: Sink, delivery: _Delivery) -> str:
    """Why a sink is not tried at all; empty where it is."""
    if not sink.enabled:
        return "the sink is disabled"
    if delivery.gone_at is not None and delivery.settings_digest == sink.digest:
        return f"the sink is switched off until it is edited: {delivery.gone_because}"
    return ""
