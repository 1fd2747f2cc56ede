"""Delivering alerts: one job for each alert and sink, tried until it is taken or given up."""

from typing import Annotated

import msgspec

from retrospec.alerts.models import AlertDelivery
from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sinks import Sink
from retrospec.alerts.wire import alert_of
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.log import get_logger
from retrospec.jobs.handler import JobContext, Unprocessable
from retrospec.jobs.retry import RetryPolicy
from retrospec.plugin import NotDelivered, RetryAfter

log = get_logger(__name__)

# 5 s to 6 h: a receiver that is down over night still hears of it in the morning.
PAUSES = (5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 21_600.0)
RETRIES = RetryPolicy(max_attempts=len(PAUSES) + 1, pauses=PAUSES)
_ERROR = 500


class _Payload(msgspec.Struct, rename="camel"):
    delivery_id: Annotated[str, msgspec.Meta(min_length=1)]


class DeliverAlert:
    """The job handler of one sink."""

    def __init__(self, sink: Sink, pool: SinkPool, counters: Counters) -> None:
        self._name = sink.name
        self._sink = sink
        self._pool = pool
        self._counters = counters

    async def __call__(self, job: JobContext) -> None:
        """Deliver one alert.

        Raises:
            Unprocessable: The payload names no delivery.
            Exception: Not delivered; the job is tried again.
        """
        delivery = await self._find(job)
        if delivery is None or delivery.status == "delivered":
            return
        came = await self._pool.send(self._sink, alert_of(delivery.alert_id, delivery.body))
        if came.outcome != "delivered":
            self._counters.add("retrospec_alert_errors_total", sink=self._name)
            await self._note(delivery, "pending", job.attempt + 1, came.error)
            log.warning("alert not delivered", sink=self._name, alert=delivery.alert_id, attempt=job.attempt + 1)
            raise NotDelivered(came.error) if came.retry_after is None else RetryAfter(came.retry_after, came.error)
        self._counters.add("retrospec_alert_sent_total", sink=self._name)
        await self._note(delivery, "delivered", job.attempt + 1, "")

    async def buried(self, job: JobContext, error: str) -> None:
        """Note that an alert was given up."""
        if delivery := await self._find(job):
            await self._note(delivery, "failed", job.attempt + 1, error)
            log.error("alert given up", sink=self._name, alert=delivery.alert_id)

    async def _find(self, job: JobContext) -> AlertDelivery | None:
        try:
            payload = msgspec.json.decode(job.payload, type=_Payload)
        except msgspec.MsgspecError as mistake:
            raise Unprocessable(f"not a delivery: {mistake}") from mistake
        return await AlertDelivery.get_or_none(id=payload.delivery_id)

    async def _note(self, delivery: AlertDelivery, status: str, attempts: int, error: str) -> None:
        delivery.status, delivery.attempts, delivery.last_error = status, attempts, error[:_ERROR]
        delivery.finished_at = None if status == "pending" else now()
        await delivery.save(update_fields=["status", "attempts", "last_error", "finished_at"])
