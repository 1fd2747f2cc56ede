"""How the databases find deliveries and what became of them: by an index, never by reading a project whole."""

from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts import log, sink_service
from retrospec.core.clock import ago, now
from retrospec.core.db import Database, Statement, is_sqlite, rows, sql_time
from tests.issues.test_plans import WHOLE, plan

PROJECT, NEWEST = "p1", 2**63 - 1
STATEMENTS: dict[str, tuple[Statement, tuple[Any, ...]]] = {
    "all": (log.ALL, (PROJECT, NEWEST, 51)),
    "a later page": (log.ALL, (PROJECT, 5_000, 51)),
    "of a sink": (log.OF_SINK, (PROJECT, NEWEST, 51, "s7")),
    "of a cluster": (log.OF_CLUSTER, (PROJECT, NEWEST, 51, "k7")),
    "one": (log.ONE, ("d7", PROJECT)),
    "its attempts": (log.ATTEMPTS, ("d7", 100)),
    "the latest of a sink": (sink_service.LATEST, (PROJECT, "s7")),
    "the jobs of a sink that is deleted": (sink_service.HASTEN, ("alerts:s7", now())),
}
# `i` counts to 20,000; a half is of another project.
_NUMBERED = "FROM @rows($1: i integer, at timestamptz) WHERE true"
FILL = {
    "alert_deliveries": f"""
        INSERT INTO alert_deliveries (id, alert_id, project_id, cluster_key, event, sink, sink_type, body, status,
                                      attempts, last_error, created_at)
        SELECT 'd' || r.i, 'a' || r.i, 'p' || (r.i % 2), 'k' || (r.i % 1999), 'issue_cluster_promoted',
               's' || (r.i % 20), 'webhook', '{{}}'@postgres(::jsonb), 'delivered', 1, '', r.at {_NUMBERED}""",
    "alert_attempts": f"""
        INSERT INTO alert_attempts (delivery_id, project_id, number, started_at, duration_ms, outcome, answer, error)
        SELECT 'd' || r.i, 'p' || (r.i % 2), 1, r.at, 5, 'delivered', '', '' {_NUMBERED}""",
    "jobs": f"""
        INSERT INTO jobs (id, queue, project_id, session_id, payload, status, attempt, due_at, lease_token, worker,
                          error, created_at)
        SELECT 'd' || r.i, 'alerts:s' || (r.i % 20), 'p' || (r.i % 2), '', '', 'done', 0, r.at, 0, '', '', r.at
        {_NUMBERED}""",
}


@pytest.fixture
async def full(database: Database) -> BaseDBAsyncClient:
    """20,000 deliveries, each with its attempt and job, and what PostgreSQL knows of them after its own ANALYZE."""
    db = database.connection
    given = rows({"i": i, "at": sql_time(ago(minutes=20_000 - i))} for i in range(20_000))
    for text in FILL.values():
        await Statement(text).fetch(db, given)
    if not is_sqlite(db):
        await db.execute_script("ANALYZE")
    return db


async def test_no_statement_reads_a_table_or_a_project_whole(full: BaseDBAsyncClient) -> None:
    shown = {name: await plan(full, statement.text(full), values) for name, (statement, values) in STATEMENTS.items()}

    assert {name: text for name, text in shown.items() if WHOLE.search(text)} == {}
    assert [name for name, text in shown.items() if "index" not in text.lower()] == []
