"""How many alerts of a project a sink gets within an hour. Beyond that they are held back, for one digest."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.outbox import NewDelivery
from retrospec.core.db import Statement, read_time, rows, sql_time
from retrospec.jobs.outbox import NewJob, enqueue

HOUR = timedelta(hours=1)
DIGESTS = "alert-digests"
StormRef = tuple[str, str]  # project id, sink id

# Locks the rows, in the order of everybody. An hour begins with the first alert after the one before, and so it does
# where a wrong clock has begun one that lies ahead.
_ENTER = Statement("""
    INSERT INTO alert_storms (project_id, sink, began_at, accepted, held_back)
    SELECT r.project_id, r.sink, r.now, 0, 0 FROM @rows($1: project_id text, sink text, now timestamptz)
    WHERE true ORDER BY r.project_id @postgres(COLLATE "C"), r.sink @postgres(COLLATE "C")
    ON CONFLICT (project_id, sink) DO UPDATE SET
        accepted = CASE WHEN alert_storms.began_at > $2 AND alert_storms.began_at < $3
                        THEN alert_storms.accepted ELSE 0 END,
        held_back = CASE WHEN alert_storms.began_at > $2 AND alert_storms.began_at < $3
                         THEN alert_storms.held_back ELSE 0 END,
        began_at = CASE WHEN alert_storms.began_at > $2 AND alert_storms.began_at < $3
                        THEN alert_storms.began_at ELSE excluded.began_at END
    RETURNING project_id, sink, began_at, accepted, held_back
""")
_COUNT = Statement("""
    UPDATE alert_storms SET accepted = r.accepted, held_back = r.held_back
    FROM @rows($1: project_id text, sink text, accepted integer, held_back integer)
    WHERE alert_storms.project_id = r.project_id AND alert_storms.sink = r.sink
""")


class DigestOrder(msgspec.Struct, rename="camel"):
    """The job that makes a digest: of what was held back for a sink within the hour that began then."""

    project_id: str
    sink: str
    since: datetime

    @property
    def id(self) -> str:
        """The same, whoever makes it and however often."""
        named = f"{self.project_id}\0{self.sink}\0{sql_time(self.since)}"
        return hashlib.sha256(named.encode()).hexdigest()[:32]


class _Storm(msgspec.Struct):
    project_id: str
    sink: str
    began_at: datetime
    accepted: int
    held_back: int


async def hold_back(
    db: BaseDBAsyncClient, deliveries: Sequence[NewDelivery], limits: Mapping[str, int], now: datetime
) -> list[NewDelivery]:
    """Mark the deliveries that an hour has no room for, and order the digest that tells of them.

    Args:
        db: The transaction that writes them.
        deliveries: Those that come first go first.
        limits: Alerts an hour and project, by sink; 0 for no limit.
        now: The batch's time.

    Returns:
        Those that are held back.
    """
    limited = [one for one in deliveries if limits[one.sink.id]]
    if not limited:
        return []
    storms = await _enter(db, {_ref(one) for one in limited}, now)
    held = [one for one in limited if not _let_in(one, storms[_ref(one)], limits[one.sink.id])]
    await _COUNT.run(db, rows(map(msgspec.structs.asdict, storms.values())))
    raging = [storms[ref] for ref in dict.fromkeys(map(_ref, held))]
    await enqueue(db, [_digest_job(storm) for storm in raging], now)
    return held


async def _enter(db: BaseDBAsyncClient, refs: set[StormRef], now: datetime) -> dict[StormRef, _Storm]:
    sent = rows({"project_id": project, "sink": sink, "now": sql_time(now)} for project, sink in refs)
    found = await _ENTER.fetch(db, sent, now - HOUR, now + HOUR)
    storms = [_Storm(**{**row, "began_at": read_time(row["began_at"])}) for row in found]
    return {(storm.project_id, storm.sink): storm for storm in storms}


def _ref(delivery: NewDelivery) -> StormRef:
    return delivery.body.project_id, delivery.sink.id


def _let_in(delivery: NewDelivery, storm: _Storm, limit: int) -> bool:
    if storm.accepted < limit:
        storm.accepted += 1
        return True
    storm.held_back += 1
    delivery.status = "held_back"
    # Its hour, by which the digest finds it, may have been begun by another process whose clock is a little ahead.
    delivery.created_at = max(delivery.created_at, storm.began_at)
    return False


def _digest_job(storm: _Storm) -> NewJob:
    order = DigestOrder(storm.project_id, storm.sink, storm.began_at)
    payload = msgspec.json.encode(order).decode()
    return NewJob(DIGESTS, storm.project_id, "", payload, id=order.id, due_at=storm.began_at + HOUR)
