"""Looking at what a move would do, as of one moment, without writing anything."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import cast

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core import postgres
from retrospec.core.db import Database
from retrospec.rekeying.clusters import read_clusters
from retrospec.rekeying.lease import read_move
from retrospec.rekeying.plan import Plan, draw_up
from retrospec.rekeying.step import Target
from retrospec.rekeying.survey import Keyer, Walk


async def look_ahead(
    database: Database,
    target: Target,
    key: Keyer,
    since: datetime,
    told: Callable[[int], None] = lambda _sessions: None,
) -> Plan:
    """Draw up a plan from the sessions that arrived since a time.

    Args:
        database: What to read. On SQLite nobody else in the process may use it meanwhile.
        target: Where to.
        key: The strategy, with what is to be said before it.
        since: When.
        told: Called now and then with how many sessions were looked at.
    """
    walk = Walk(target.project_id, key, since)
    async with _snapshot(database) as db:
        while await walk.step(db):
            told(walk.survey.sessions)
        interrupted = await read_move(db, target.project_id)
        leaving = interrupted.progress.leaving if interrupted else None
        clusters = await read_clusters(db, target.project_id, target.strategy, target.version, leaving)
    return draw_up(walk.survey, clusters)


@asynccontextmanager
async def _snapshot(database: Database) -> AsyncIterator[BaseDBAsyncClient]:
    """A connection that sees one moment, whatever others write; nobody waits for it, and it cannot write."""
    if database.is_sqlite:
        # In its write-ahead log, a deferred BEGIN takes no lock.
        async with _begun(database.connection, "BEGIN") as db:
            yield db
        return
    async with cast("postgres.Client", database.connection).hold() as held:
        connection = cast("BaseDBAsyncClient", held)
        async with _begun(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as db:
            yield db


@asynccontextmanager
async def _begun(db: BaseDBAsyncClient, begin: str) -> AsyncIterator[BaseDBAsyncClient]:
    await db.execute_query(begin, [])
    try:
        yield db
    finally:
        await db.execute_query("ROLLBACK", [])
