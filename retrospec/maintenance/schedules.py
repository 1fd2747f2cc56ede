"""Work on a clock, done once across all processes."""

from datetime import timedelta

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement

_TAKE = Statement("""
    INSERT INTO schedules (name, started_at) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at WHERE schedules.started_at <= $3
    RETURNING name
""")


async def take_turn(database: Database, name: str, *, every: timedelta) -> bool:
    """Whether this process is the one to do a piece of work now.

    Args:
        database: Where the processes agree.
        name: Of the work.
        every: Nobody else gets it within this.
    """
    moment = now()
    return bool(await _TAKE.fetch(database.connection, name, moment, moment - every))
