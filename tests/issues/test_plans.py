"""How the databases find what a merge, a split or a removal changes: by an index, never by reading a project whole."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.clustering import explainer
from retrospec.core.db import Database, Statement, is_sqlite, rows, sql_time, transaction
from retrospec.issues import merging, recount, removal, splitting, users
from retrospec.rekeying import clusters, departure, handover, portion, step, survey, triage
from tests.issues.builders import PROJECT, ago

# The hot one has a tenth of all that there is.
HOT, COLD = "k0", "k7"
KEYS, SESSIONS = recount.key_rows([COLD, "k8"]), rows([{"session_id": "s1"}, {"session_id": "s2"}])
USERS = rows([{"project_id": PROJECT, "cluster_key": HOT, "user_hash": "u10"}])

Statements = dict[str, tuple[Statement, tuple[Any, ...]]]
STATEMENTS: Statements = {
    "a cluster, counted": (recount._COUNT, (PROJECT, COLD)),
    "days, counted": (recount._COUNT_DAYS, (PROJECT, COLD)),
    "days, forgotten": (recount._FORGET_DAYS, (PROJECT, COLD)),
    "the latest session": (recount._LATEST, (PROJECT, recount.key_rows([HOT]))),
    "markers, merged": (merging._MOVE_MARKERS, (PROJECT, COLD, HOT)),
    "members, merged": (merging._JOIN_MEMBERS, (PROJECT, COLD, HOT)),
    "users, forgotten with their cluster": (users._FORGET_CLUSTER, (PROJECT, COLD)),
    "users of a cluster, counted": (users._COUNT_CLUSTER, (PROJECT, COLD)),
    "days, merged": (merging._JOIN_DAYS, (PROJECT, COLD, HOT)),
    "activities, merged": (merging._MOVE_ACTIVITIES, (PROJECT, COLD, HOT)),
    "a marker, explained": (explainer.MARKER, (PROJECT, "s7", COLD)),
    "the latest session, explained": (explainer.LATEST_SESSION, (PROJECT, HOT)),
    "other keys, explained": (explainer.OTHER_KEYS, (PROJECT, COLD, "merge", 10)),
    "a key's cluster, explained": (explainer.CLUSTER, (PROJECT, COLD)),
    "a key's target, explained": (explainer.TARGET, (PROJECT, COLD, ago(hours=1))),
    "aliases, merged": (merging._MOVE_ALIASES, (PROJECT, COLD, HOT)),
    # What a move to another strategy reads and changes.
    "sessions, some at a time": (survey.SESSIONS, (PROJECT, ago(hours=300), 7, 10)),
    "clusters, some at a time": (clusters.CLUSTERS, (PROJECT, "k5", 10)),
    "aliases, some at a time": (clusters.ALIASES, (PROJECT, "a5", 10)),
    "members of a cluster, some at a time": (portion.MEMBERS, (PROJECT, HOT, ago(hours=300), 7, 10)),
    "members of a cluster, the first": (portion.MEMBERS, (PROJECT, HOT, survey.LONG_AGO, 0, 10)),
    "a member that is left": (departure.MEMBER, (PROJECT, COLD)),
    "whether something was merged into it": (departure.MERGED, (PROJECT, COLD)),
    "the first sighting": (departure.FIRST_SEEN, (PROJECT, COLD)),
    "activities, handed over": (handover.ACTIVITIES, (PROJECT, COLD, HOT, 1000)),
    "links, handed over": (handover.LINKS, (PROJECT, COLD, HOT, 1000)),
} | {f"deleted, {number}": (statement, (PROJECT, COLD)) for number, statement in enumerate(merging._DELETE)}
# PostgreSQL takes every `@rows` for 100 rows, and finds it cheaper to read 20,000 whole than to look 100 times.
BULK: Statements = {
    "days, dropped": (recount._DROP_DAYS, (PROJECT, KEYS)),
    "users, forgotten": (users._FORGET, (USERS,)),
    "members, removed": (removal._DELETE_MEMBERS, (PROJECT, SESSIONS)),
    "days of markers": (removal._MARKER_DAYS, (PROJECT, SESSIONS)),
    "clusters, removed": (removal._DELETE_UNSUPPORTED, (PROJECT, KEYS)),
    "markers, split": (splitting._SPLIT_MARKERS, (PROJECT, HOT, "new", SESSIONS)),
    "members, split": (splitting._SPLIT_MEMBERS, (PROJECT, HOT, "new", SESSIONS)),
    "markers of sessions, to be keyed": (survey.MARKERS, (PROJECT, SESSIONS)),
    "markers of a portion": (portion.MARKERS, (PROJECT, HOT, SESSIONS)),
    "sessions of a portion": (step.SESSIONS, (PROJECT, SESSIONS)),
    "all markers of its sessions": (step.MARKERS, (PROJECT, SESSIONS)),
    "markers, renamed": (step.RENAME, (rows([{"uid": 7, "key": "new"}, {"uid": 8, "key": "new"}]),)),
    "notes": (triage.NOTES, (PROJECT, KEYS)),
    "splits": (clusters.SPLITS, (PROJECT, KEYS)),
    "days, split": (splitting._ADD_DAYS, (PROJECT, HOT, SESSIONS)),
}

# `i` counts to 20,000, `at` goes back by a minute each.
_FILL = """
    INSERT INTO {table} ({columns})
    SELECT {values}
    FROM (SELECT r.p, r.i, r.at, CASE WHEN r.i % 10 = 0 THEN 'k0' ELSE 'k' || (r.i % 1999) END AS key
          FROM @rows($1: p text, i integer, at timestamptz)) AS n
"""
COLUMNS = {
    "sessions": {
        "project_id": "p", "session_id": "'s' || i", "site": "'x'", "route": "'/'", "started_at": "at",
        "duration_ms": "1", "events_object_key": "'k'", "user_hash": "''", "release": "''", "environment": "''",
        "tags": "'{}'@postgres(::jsonb)", "revision": "1", "jobs_digest": "''", "created_at": "at", "updated_at": "at",
    },
    "error_markers": {
        "project_id": "p", "session_id": "'s' || i", "marker_id": "'m'", "cluster_key": "key", "kind": "'api_error'",
        "label": "'l'", "evidence": "''", "hint": "''", "replay_offset_ms": "1", "observed_at": "at",
        "created_at": "at",
    },
    "session_report_cards": {
        "id": "'r' || i", "project_id": "p", "session_id": "'s' || i", "status": "'ready'", "symptom": "''",
        "technical_root_cause": "''", "suggested_fix": "''", "text_summary": "''", "visual_summary": "''",
        "confidence": "0.9", "generated_at": "at", "created_at": "at", "updated_at": "at",
    },
    "cluster_members": {
        "project_id": "p", "cluster_key": "key", "session_id": "'s' || i", "user_hash": "'u' || i",
        "marker_count": "1", "first_observed_at": "at", "last_observed_at": "at",
    },
    "cluster_users": {"project_id": "p", "cluster_key": "key", "user_hash": "'u' || i", "session_count": "1"},
    "cluster_days": {
        "project_id": "p", "cluster_key": "'k' || i", "day": "date(at)", "marker_count": "1", "session_count": "1",
    },
    "kind_hours": {
        "project_id": "p", "hour": "i", "kind": "'api_error'", "marker_count": "1", "session_count": "1",
        "cluster_count": "1", "last_seen_at": "at",
    },
    "cluster_aliases": {"project_id": "p", "source_key": "'a' || i", "target_key": "'k' || i", "created_at": "at"},
    "issue_activities": {
        "id": "'i' || i", "project_id": "p", "cluster_key": "key", "kind": "'promoted'", "session_id": "''",
        "note": "''", "metadata": "'{}'", "created_by": "''", "created_at": "at",
    },
    "issue_clusters": {
        "project_id": "p", "key": "'k' || i", "kind": "'api_error'", "symptom": "'s'", "strategy": "'f'",
        "strategy_version": "1", "session_count": "1", "user_count": "1", "marker_count": "1",
        "representative_session_id": "''", "first_seen_at": "at", "last_seen_at": "at",
        "state": "CASE WHEN i % 4 = 0 THEN 'open' ELSE 'candidate' END", "assignee": "''", "state_note": "''",
        "regressed": "i < 0", "promoted_session_count": "0", "created_at": "at",
    },
}  # fmt: skip


async def fill(db: BaseDBAsyncClient, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Write 20,000 rows into tables, the columns of each given as SQL, and tell PostgreSQL by its own ANALYZE."""
    given = rows({"p": PROJECT, "i": i, "at": sql_time(ago(minutes=i))} for i in range(20_000))
    for table, columns in tables.items():
        text = _FILL.format(table=table, columns=", ".join(columns), values=", ".join(columns.values()))
        await Statement(text).fetch(db, given)
    if not is_sqlite(db):
        await db.execute_script("ANALYZE")


@pytest.fixture
async def full(database: Database) -> BaseDBAsyncClient:
    """A project of 20,000 sessions, and what PostgreSQL knows of them."""
    await fill(database.connection, COLUMNS)
    return database.connection


async def plan(db: BaseDBAsyncClient, text: str, values: tuple[Any, ...]) -> str:
    """What the database means to do, as text."""
    explain = "EXPLAIN QUERY PLAN " if is_sqlite(db) else "EXPLAIN "
    found = await db.execute_query_dict(explain + text, list(values))
    return "\n".join(str(row.get("detail") or row.get("QUERY PLAN")) for row in found)


WHOLE = re.compile(
    r"Seq Scan on"
    # An index, but nothing of it but the project.
    r"|Index Cond: \(\(?(?:\w+\.)?project_id\)?(?:::text)? = [^()]*\)$"
    r"|\(project_id=\?\)"
    # SQLite reads parameters and what it has made itself in this way too.
    r"|^SCAN (?!json_each|latest|counted)",
    re.M,
)


async def test_no_statement_reads_a_table_or_a_project_whole(full: BaseDBAsyncClient) -> None:
    shown = {name: await plan(full, statement.text(full), values) for name, (statement, values) in STATEMENTS.items()}

    assert {name: text for name, text in shown.items() if WHOLE.search(text)} == {}
    assert all(re.search("index|primary key", text, re.I) for text in shown.values())


async def test_no_statement_on_many_rows_must_read_a_table_or_a_project_whole(full: BaseDBAsyncClient) -> None:
    async with transaction() as db:
        if not is_sqlite(db):
            await db.execute_script("SET LOCAL enable_seqscan = off")
        shown = {name: await plan(db, statement.text(db), values) for name, (statement, values) in BULK.items()}

    assert {name: text for name, text in shown.items() if WHOLE.search(text)} == {}
