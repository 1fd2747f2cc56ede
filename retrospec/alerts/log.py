"""The log of deliveries: reading it, and sending one of them again."""

from collections.abc import Callable, Sequence

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.log_schemas import Attempt, DeliveriesQuery, Delivery, DeliveryDetail, DeliveryList
from retrospec.alerts.models import AlertDelivery, AlertSinkState
from retrospec.alerts.outbox import sink_queue
from retrospec.alerts.sinks import Sink, SinkDirectory
from retrospec.alerts.wire import AlertWire
from retrospec.core.clock import now
from retrospec.core.db import Statement, read_json, read_time, reading, transaction
from retrospec.core.errors import Conflict, NotFound
from retrospec.issues.paging import ListedRow, Page, Position, read_cursor, read_page
from retrospec.jobs.outbox import NewJob, enqueue

# As the column has it: Tortoise refuses to look for longer texts.
_ID_LIMIT = 64
_ATTEMPTS = 100
# Before everything: a cursor's `uid` is below it.
_NEWEST = 2**63 - 1
_COLUMNS = (
    "uid, id, alert_id, project_id, cluster_key, event, sink, sink_type, status, attempts, last_error,"
    " next_attempt_at, created_at, finished_at"
)
_SINK, _STATUS, _CREATED = 6, 8, 12


def _listing(further: str) -> Statement:
    # By `uid`, which grows as deliveries are written: an index has it behind each of these columns.
    return Statement(
        f"SELECT {_COLUMNS} FROM alert_deliveries WHERE project_id = $1 AND uid < $2 {further}"  # noqa: S608
        " ORDER BY uid DESC LIMIT $3"
    )


ALL, OF_SINK, OF_CLUSTER = _listing(""), _listing("AND sink = $4"), _listing("AND cluster_key = $4")
ONE = Statement(f"SELECT {_COLUMNS}, body FROM alert_deliveries WHERE id = $1 AND project_id = $2")  # noqa: S608
ATTEMPTS = Statement("""
    SELECT number, started_at, duration_ms, outcome, status, answer, error FROM alert_attempts
    WHERE delivery_id = $1 ORDER BY uid DESC LIMIT $2
""")


async def list_deliveries(project_id: str, query: DeliveriesQuery) -> DeliveryList:
    """A page of a project's deliveries, newest first.

    Raises:
        Invalid: The cursor is none.
    """
    after = read_cursor(query.cursor)
    listing, further = _listed_by(query)

    async def work(db: BaseDBAsyncClient) -> Page:
        async def fetch(position: Position, count: int) -> Sequence[ListedRow]:
            return await listing.select(db, project_id, position.uid or _NEWEST, count, *further)

        return await read_page(fetch, _fits(query), time=_CREATED, after=after, limit=query.limit)

    page = await reading(work)
    return DeliveryList(deliveries=[_delivery(row) for row in page.rows], next_cursor=page.next_cursor)


def _listed_by(query: DeliveriesQuery) -> tuple[Statement, tuple[str, ...]]:
    """The statement that finds fewest, and what it takes beside the others' values."""
    if query.cluster_key:
        return OF_CLUSTER, (query.cluster_key,)
    return (OF_SINK, (query.sink_id,)) if query.sink_id else (ALL, ())


def _fits(query: DeliveriesQuery) -> Callable[[ListedRow], bool] | None:
    """What its statement does not see to."""
    status, sink = query.status, query.sink_id if query.cluster_key else ""
    if not status and not sink:
        return None
    return lambda row: (not status or row[_STATUS] == status) and (not sink or row[_SINK] == sink)


async def get_delivery(project_id: str, delivery_id: str) -> DeliveryDetail:
    """One delivery, with what it tells and its latest attempts.

    Raises:
        NotFound: The project has no such delivery.
    """

    async def work(db: BaseDBAsyncClient) -> tuple[Sequence[ListedRow], Sequence[ListedRow]]:
        found = await ONE.select(db, delivery_id, project_id)
        return found, await ATTEMPTS.select(db, delivery_id, _ATTEMPTS) if found else ()

    found, attempts = await reading(work)
    if not found:
        raise NotFound("delivery not found")
    *row, body = found[0]
    return DeliveryDetail(
        **msgspec.structs.asdict(_delivery(row)),
        alert=read_json(body, AlertWire),
        attempts=[_attempt(attempt) for attempt in attempts],
    )


async def resend(project_id: str, delivery_id: str, directory: SinkDirectory) -> DeliveryDetail:
    """Send a delivery again, under the id that its alert has, whatever came of it before.

    Raises:
        NotFound: The project has no such delivery.
        Conflict: It is on its way already, or its sink takes nothing.
    """
    row = await AlertDelivery.get_or_none(id=delivery_id, project_id=project_id) if _may_be(delivery_id) else None
    if row is None:
        raise NotFound("delivery not found")
    await _check_sink(row.sink, await directory.find(row.sink))
    async with transaction() as db:
        # Counted by what it changes: of two that ask at once one is told that it is on its way.
        unsent = AlertDelivery.filter(uid=row.uid).exclude(status="pending").using_db(db)
        if not await unsent.update(status="pending", finished_at=None, next_attempt_at=None):
            raise Conflict("the delivery is on its way already")
        payload = msgspec.json.encode({"deliveryId": row.id, "projectId": project_id}).decode()
        # Under a new id: the job that it had may still be there, done.
        await enqueue(db, [NewJob(sink_queue(row.sink), project_id, "", payload)], now())
    return await get_delivery(project_id, delivery_id)


async def _check_sink(sink_id: str, sink: Sink | None) -> None:
    if sink is None:
        raise Conflict(f"its sink {sink_id} is no more")
    if not sink.enabled:
        raise Conflict(f"its sink {sink.name!r} is off: enable it first")
    state = await AlertSinkState.get_or_none(sink=sink.id)
    if state is not None and state.gone_at is not None and state.settings_digest == sink.digest:
        raise Conflict(f"the receiver of its sink {sink.name!r} is gone for good: edit the sink first")


def _may_be(delivery_id: str) -> bool:
    return len(delivery_id) <= _ID_LIMIT


def _delivery(row: ListedRow) -> Delivery:
    _, ident, alert, project, cluster, event, sink, kind, status, attempts, error, next_at, created, finished = row
    return Delivery(
        id=ident,
        alert_id=alert,
        project_id=project,
        cluster_key=cluster,
        event=event,
        sink_id=sink,
        sink_type=kind,
        status=status,
        attempt_count=attempts,
        last_error=error,
        next_attempt_at=next_at and read_time(next_at),
        created_at=read_time(created),
        finished_at=finished and read_time(finished),
    )


def _attempt(row: ListedRow) -> Attempt:
    number, started, duration_ms, outcome, status, answer, error = row
    return Attempt(
        number=number,
        started_at=read_time(started),
        duration_ms=duration_ms,
        outcome=outcome,
        status=status,
        answer=answer,
        error=error,
    )
