"""How the databases find what alerts ask for: by an index, never by reading a table or a project whole."""

import re
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts import cooldowns, digests, escalation, forgetting
from retrospec.core.db import Database, Statement, is_sqlite, rows, transaction
from retrospec.sessions import records
from tests.issues.builders import PROJECT, ago
from tests.issues.test_plans import COLUMNS, WHOLE, fill, plan

# What SQLite calls what the statement itself has found: held back clusters.
_OWN = re.compile("^SCAN [dk]$", re.M)
HOUR = (PROJECT, "log", ago(minutes=90), ago(minutes=30))
REFS = [{"project_id": PROJECT, "cluster_key": f"k{n}", "event": "issue_cluster_promoted"} for n in (7, 9)]
STATEMENTS: dict[str, tuple[Statement, tuple[Any, ...]]] = {
    "held back, counted": (digests.COUNT, HOUR),
    "held back, the top": (digests.TOP, (*HOUR, 10)),
    "finished": (forgetting.FINISHED, (ago(days=13, hours=20), 100)),
}
# PostgreSQL takes every `@rows` for 100 rows, and finds it cheaper to read 20,000 whole than to look 100 times.
BULK: dict[str, tuple[Statement, tuple[Any, ...]]] = {
    "told lately": (cooldowns.TOLD, (rows(REFS), ago(hours=1))),
    "the usual rate": (escalation.USUAL, (rows([REFS[0] | {"since": ago(days=6).date().isoformat()}]),)),
    "attempts, forgotten": (forgetting.ATTEMPTS, (rows([{"id": "d1"}]),)),
    "sites": (records._SITES, (rows([{"project_id": PROJECT, "session_id": "s1"}]),)),
}

_COLUMNS = {
    "alert_deliveries": {
        "id": "'d' || i", "alert_id": "'a' || i", "project_id": "p", "cluster_key": "key",
        "event": "'issue_cluster_promoted'", "sink": "'log'", "sink_type": "'log'", "body": "'{}'@postgres(::jsonb)",
        "status": "CASE WHEN i % 2 = 0 THEN 'held_back' ELSE 'delivered' END", "attempts": "1", "last_error": "''",
        "created_at": "at",
    },
    "alert_attempts": {
        "delivery_id": "'d' || i", "project_id": "p", "number": "1", "started_at": "at", "duration_ms": "1",
        "outcome": "'delivered'", "answer": "''", "error": "''",
    },
}  # fmt: skip


@pytest.fixture
async def full(database: Database) -> BaseDBAsyncClient:
    """Two weeks of alerts, one a minute, and the issues that they are about."""
    others = {name: COLUMNS[name] for name in ("cluster_days", "cluster_aliases", "issue_clusters", "sessions")}
    await fill(database.connection, _COLUMNS | others)
    return database.connection


async def test_no_statement_reads_a_table_or_a_project_whole(full: BaseDBAsyncClient) -> None:
    shown = {name: await plan(full, statement.text(full), values) for name, (statement, values) in STATEMENTS.items()}

    assert {name: text for name, text in shown.items() if WHOLE.search(_OWN.sub("", text))} == {}
    assert all("index" in text.lower() for text in shown.values())


async def test_no_statement_on_many_rows_must_read_a_table_or_a_project_whole(full: BaseDBAsyncClient) -> None:
    async with transaction() as db:
        if not is_sqlite(db):
            await db.execute_script("SET LOCAL enable_seqscan = off")
        shown = {name: await plan(db, statement.text(db), values) for name, (statement, values) in BULK.items()}

    assert {name: text for name, text in shown.items() if WHOLE.search(_OWN.sub("", text))} == {}
