"""How many alerts wait, and how many sinks take none: what `/metrics` asks the database."""

from collections.abc import Mapping
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement

# More need no exact number, and no scrape is to read them all.
MOST_COUNTED = 100_000

PENDING = Statement("""
    SELECT p.sink_type, COUNT(*) AS waiting
    FROM (SELECT sink_type FROM alert_deliveries WHERE status = 'pending' LIMIT $1) AS p GROUP BY p.sink_type
""")

# Only sinks of which something bad is known have a row.
_IDLE = Statement("""
    SELECT COUNT(gone_at) AS off, COALESCE(SUM(CASE WHEN open_until > $1 THEN 1 ELSE 0 END), 0) AS resting
    FROM alert_sink_states
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What stands still.

    Attributes:
        pending: Deliveries not finished, by type of the sink, 100,000 in all at the most.
        off: Sinks switched off because their receivers say that they are gone.
        resting: Sinks left alone for a while because they failed so often.
    """

    pending: Mapping[str, int]
    off: int
    resting: int


async def waiting(db: BaseDBAsyncClient) -> Waiting:
    """Ask what stands still, in two statements."""
    pending = {row["sink_type"]: int(row["waiting"]) for row in await PENDING.fetch(db, MOST_COUNTED)}
    (idle,) = await _IDLE.fetch(db, now())
    return Waiting(pending, int(idle["off"]), int(idle["resting"]))
