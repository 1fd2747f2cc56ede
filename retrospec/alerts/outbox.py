"""Deliveries, and the jobs that carry them out, written together."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.sinks import Sink
from retrospec.alerts.wire import AlertWire
from retrospec.core.db import Row, Statement, rows, sql_time
from retrospec.core.ids import ordered_id
from retrospec.jobs.outbox import NewJob, enqueue

_INSERT = Statement("""
    INSERT INTO alert_deliveries (id, alert_id, project_id, cluster_key, event, sink, sink_type, body, status, attempts,
                                  last_error, created_at)
    SELECT r.id, r.alert_id, r.project_id, r.cluster_key, r.event, r.sink, r.sink_type, r.body, r.status, 0, '',
           r.created_at
    FROM @rows($1: id text, alert_id text, project_id text, cluster_key text, event text, sink text, sink_type text,
               body jsonb, status text, created_at timestamptz)
    WHERE true
    ON CONFLICT (id) DO NOTHING
""")


class NewDelivery(msgspec.Struct):
    """An alert for a sink, to be written.

    Attributes:
        alert_id: The same for every sink.
        sink: For whom.
        body: What it says.
        created_at: When it was accepted.
        status: `held_back` for one that is not to be sent.
        id: Of two deliveries of one id the first is kept.
    """

    alert_id: str
    sink: Sink
    body: AlertWire
    created_at: datetime
    status: Literal["pending", "held_back"] = "pending"
    id: str = msgspec.field(default_factory=lambda: f"dlv_{ordered_id()}")


def sink_queue(sink: str) -> str:
    """The queue of one sink's deliveries: of its own, so that a slow sink delays no other."""
    return f"alerts:{sink}"


async def hand_over(db: BaseDBAsyncClient, deliveries: Sequence[NewDelivery], now: datetime) -> None:
    """Write deliveries, with a job for each that is to be sent.

    Args:
        db: The transaction that makes the news.
        deliveries: What to write.
        now: The time of the jobs.
    """
    if deliveries:
        await _INSERT.run(db, rows(map(_row, deliveries)))
        await enqueue(db, [_job(one) for one in _to_be_sent(deliveries)], now)


def _to_be_sent(deliveries: Iterable[NewDelivery]) -> Iterable[NewDelivery]:
    return (one for one in deliveries if one.status == "pending")


def _row(one: NewDelivery) -> Row:
    return {
        "id": one.id,
        "alert_id": one.alert_id,
        "project_id": one.body.project_id,
        "cluster_key": one.body.cluster.key,
        "event": one.body.event,
        "sink": one.sink.id,
        "sink_type": one.sink.type,
        "body": one.body,
        "status": one.status,
        "created_at": sql_time(one.created_at),
    }


def _job(one: NewDelivery) -> NewJob:
    payload = msgspec.json.encode({"deliveryId": one.id, "projectId": one.body.project_id}).decode()
    return NewJob(sink_queue(one.sink.id), one.body.project_id, "", payload, id=one.id)
