"""Forgetting what became of alerts long ago."""

from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows, transact

FINISHED = Statement("""
    SELECT uid, id FROM alert_deliveries
    WHERE status IN ('delivered', 'failed', 'held_back') AND created_at < $1
      AND (finished_at IS NULL OR finished_at < $1) LIMIT $2 @lock(FOR UPDATE SKIP LOCKED)
""")
ATTEMPTS = Statement("DELETE FROM alert_attempts WHERE delivery_id IN (SELECT r.id FROM @rows($1: id text))")
_DELIVERIES = Statement("DELETE FROM alert_deliveries WHERE uid IN (SELECT r.uid FROM @rows($1: uid bigint))")
# Few: one for each project and sink.
_STORMS = Statement("""
    DELETE FROM alert_storms WHERE uid IN (SELECT uid FROM alert_storms WHERE began_at < $1 LIMIT $2)
""")


async def forget_deliveries(before: datetime, limit: int) -> int:
    """Delete deliveries that are over, with the log of their attempts, and say how many; fewer are the last.

    Args:
        before: They were accepted before this, and over before it.
        limit: How many at the most.
    """

    async def work(db: BaseDBAsyncClient) -> int:
        found = await FINISHED.fetch(db, before, limit)
        if found:
            await ATTEMPTS.run(db, rows({"id": row["id"]} for row in found))
            await _DELIVERIES.run(db, rows({"uid": row["uid"]} for row in found))
        return len(found)

    return await transact(work)


async def forget_storms(db: BaseDBAsyncClient, before: datetime, limit: int) -> int:
    """Delete what was counted of storms that began before a time, and say how many; fewer are the last."""
    return await _STORMS.run(db, before, limit)
