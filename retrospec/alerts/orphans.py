"""Alerts for sinks of the settings that stand in no process's settings any more."""

from collections.abc import Iterable
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, rows, transact

_STEP = 500
_REASON = "no server has this sink in its settings any more"

GIVE_UP = Statement("""
    UPDATE alert_deliveries SET status = 'failed', last_error = $3, next_attempt_at = NULL, finished_at = $4
    WHERE uid IN (
        SELECT uid FROM alert_deliveries
        WHERE status = 'pending' AND created_at < $2 AND substr(sink, 1, 4) <> 'snk_'
        AND sink NOT IN (SELECT r.id FROM @rows($1: id text))
        ORDER BY created_at LIMIT $5 @lock(FOR UPDATE SKIP LOCKED)
    )
    RETURNING id, sink_type
""")

_FORGET_JOBS = Statement("DELETE FROM jobs WHERE id IN (SELECT r.id FROM @rows($1: id text))")


async def give_up_orphans(known: Iterable[str], before: datetime, moment: datetime) -> list[Row]:
    """Give up what waits for sinks that nobody knows; returns ids and types of the sinks, a step at a time.

    Args:
        known: The sinks of this process's settings. Another process may have others, and deliver their alerts.
        before: So old that such a process would long have done so.
        moment: Now.
    """
    ours = rows({"id": name} for name in known)

    async def work(db: BaseDBAsyncClient) -> list[Row]:
        found = await GIVE_UP.fetch(db, ours, before, _REASON, moment, _STEP)
        if found:
            await _FORGET_JOBS.run(db, rows({"id": row["id"]} for row in found))
        return found

    return await transact(work)
