"""What reads look at among 100,000 sessions and 5,000 issues, by the statements that a server really issues.

On PostgreSQL each is run again under EXPLAIN ANALYZE, which counts the rows; SQLite says how it means to find them.
"""

import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import asyncpg
import msgspec
import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.context import require_context

from bench.filling import fill
from retrospec.core.postgres import Held
from retrospec.core.sqlite import InThread
from retrospec.issues.paging import MOST_SEEN
from tests.client import Client, Json, MakeClient
from tests.issues.builders import PROJECT
from tests.servers import PostgresServer

# Rows that may be looked at for each one shown: an issue of each of four states for one of a page, a session and its
# card for a member, and so on.
FACTOR, SLACK = 5, 20
LARGE = frozenset({
    "sessions", "error_markers", "session_artifacts", "session_report_cards", "stored_objects", "issue_clusters",
    "cluster_members", "cluster_users", "cluster_days", "kind_hours", "issue_activities", "jobs",
})  # fmt: skip

_MORE = """
    UPDATE issue_clusters SET
        state = (ARRAY['resolved', 'acknowledged', 'muted', 'candidate', 'open', 'open', 'open', 'open'])[uid % 8 + 1],
        muted_until = CASE uid % 8 WHEN 2 THEN now() + interval '1 day' END
    WHERE key <> '{hot}';

    INSERT INTO issue_activities (id, project_id, cluster_key, kind, session_id, note, metadata, created_by, created_at)
    SELECT 'act_' || i, '{project}', '{hot}', CASE i % 20 WHEN 0 THEN 'true_positive' ELSE 'regressed' END, '', '',
           '{{}}', 'retrospec', now() - i * interval '1 minute'
    FROM generate_series(1, 20000) AS i;

    INSERT INTO jobs (id, queue, project_id, session_id, payload, status, attempt, due_at, lease_token, worker, error,
                      created_at, finished_at)
    SELECT 'job_' || i, 'replay-jobs', '{project}', 's-' || i, '{{}}',
           CASE i % 100 WHEN 0 THEN 'failed' ELSE 'done' END, 0, now(), 0, '', '', now(), now()
    FROM generate_series(1, 50000) AS i;
"""


class Issued(NamedTuple):
    """A statement, and what it was given."""

    text: str
    values: list[Any]


class Read(NamedTuple):
    """A request, and the rows that the statements behind it may look at, by its answer."""

    path: str
    allowed: Callable[[Json], float]


def shown(name: str) -> Callable[[Json], float]:
    """As many as a list shows, times a factor."""
    return lambda answer: FACTOR * len(answer[name]) + SLACK


def filtered(_: Json) -> float:
    """What one page looks for at the most, however little it finds: each with a session and a card."""
    return 3 * (MOST_SEEN + 2 * 501)


def reads(hot: str, session_id: str) -> Iterator[Read]:
    """The reads of the contract, each with and without what it can be asked for."""
    for query in ("", "?limit=20", "?state=active", "?state=open&limit=1", "?state=muted", "?state=resolved&limit=100"):
        yield Read(f"/v1/issues{query}", shown("issues"))
    for query in ("?q=nowhere", "?kind=api_error&limit=5", "?state=resolved&q=orders&kind=js_exception"):
        yield Read(f"/v1/issues{query}", filtered)
    for query in ("", "?limit=200", "?limit=1"):
        yield Read(f"/v1/issues/{hot}/sessions{query}", shown("sessions"))
    for query in ("?reportStatus=failed", "?minConfidence=1", "?reportStatus=discarded&minConfidence=1"):
        yield Read(f"/v1/issues/{hot}/sessions{query}", filtered)
    yield Read(f"/v1/issues/{hot}", lambda answer: 2 * (14 + len(answer["issue"]["activity"])) + SLACK)
    yield Read(f"/v1/issues/{hot}/feedback?limit=200", filtered)
    for hours in (1, 24, 720):
        # Four kinds an hour, whatever happened in it.
        yield Read(f"/v1/issues/stats?hours={hours}", lambda answer: 4 * (answer["lookbackHours"] + 1) + SLACK)
    yield Read(f"/v1/sessions/{session_id}", lambda answer: 2 * len(answer["session"]["markers"]) + SLACK)
    yield Read("/v1/admin/projects", shown("projects"))
    yield Read(f"/v1/admin/projects/{PROJECT}/keys", shown("keys"))
    # It tells how many there are, so it counts them, in an index.
    yield Read("/v1/admin/queue-dead-letters?queue=replay", lambda answer: 2 * answer["result"]["total"] + SLACK)


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[Issued]:
    """What is asked of the database from now on."""
    found: list[Issued] = []

    def listen(kind: type, name: str) -> None:
        ask = getattr(kind, name)

        async def asked(self: object, query: str, values: Any = None) -> Any:
            found.append(Issued(query, list(values or ())))
            return await ask(self, query, list(values or ()))

        monkeypatch.setattr(kind, name, asked)

    for kind in (Held, InThread, AsyncpgDBClient, SqliteClient):
        for name in ("execute_query", "execute_query_dict", "execute_query_tuples"):
            if name in vars(kind):
                listen(kind, name)
    return found


async def ask(client: Client, path: str, issued: list[Issued]) -> tuple[Json, list[Issued]]:
    """An answer, and the statements behind it."""
    issued.clear()
    answer = await (client.admin("GET", path) if path.startswith("/v1/admin") else client.get(path))
    return answer, list(issued)


class TestPostgres:
    @pytest.fixture
    async def database_url(self, postgres_server: PostgresServer) -> AsyncIterator[str]:
        """A database of 100,000 sessions, 300,000 failures and 5,000 issues."""
        name = f"t_{secrets.token_hex(8)}"
        await postgres_server.create(name, template=await postgres_server.template())
        await fill(postgres_server.url(name), issues=5_000)
        yield postgres_server.url(name)
        await postgres_server.drop(name)

    async def test_no_read_looks_at_more_than_it_shows_a_fixed_factor_aside(
        self, database_url: str, make_client: MakeClient, issued: list[Issued]
    ) -> None:
        client, db = await make_client(embedded_worker=False), await asyncpg.connect(database_url)  # type: ignore[no-untyped-call]
        hot = await db.fetchval("SELECT key FROM issue_clusters ORDER BY session_count DESC LIMIT 1")
        await db.execute(_MORE.format(hot=hot, project=PROJECT))
        await db.execute("VACUUM (ANALYZE)")
        # The scan of a table would be seen.
        assert Scan("sessions", whole=True, rows=100_000) in await explained(
            db, Issued("SELECT site FROM sessions", [])
        )
        pages = [await client.get("/v1/issues", limit=400), await client.get(f"/v1/issues/{hot}/sessions", limit=200)]
        cursors = [page["nextCursor"] for page in pages]
        later = [
            Read(f"/v1/issues?limit=400&cursor={cursors[0]}", shown("issues")),
            Read(f"/v1/issues/{hot}/sessions?limit=200&cursor={cursors[1]}", shown("sessions")),
        ]

        wrong: dict[str, Any] = {}
        for read in [*reads(hot, "s-77"), *later]:
            answer, statements = await ask(client, read.path, issued)
            plans = [await explained(db, one) for one in statements]
            rows = sum(scan.rows for plan in plans for scan in plan)
            whole = [scan.table for plan in plans for scan in plan if scan.whole and scan.table in LARGE]
            if whole or rows > read.allowed(answer) or not plans:
                wrong[read.path] = (whole, rows, read.allowed(answer))
        await db.close()

        assert wrong == {}


class Scan(NamedTuple):
    """A part of a plan that reads a table."""

    table: str
    whole: bool
    rows: float


async def explained(db: asyncpg.Connection, statement: Issued) -> list[Scan]:
    """Run a statement once more, and say what it reads."""
    explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
    text = await db.fetchval(explain + statement.text, *statement.values)  # type: ignore[no-untyped-call]
    return list(scans(msgspec.json.decode(text)[0]["Plan"]))


def scans(node: Json) -> Iterator[Scan]:
    """The scans below a node of a plan. Parallel workers count as loops."""
    if "Relation Name" in node:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        rows = (node["Actual Rows"] + removed) * node["Actual Loops"]
        yield Scan(node["Relation Name"], node["Node Type"] == "Seq Scan", rows)
    for below in node.get("Plans", []):
        yield from scans(below)


class TestSqlite:
    @pytest.fixture
    def dialect(self) -> str:
        return "sqlite"

    async def test_no_read_scans_a_table_or_a_project(self, client: Client, issued: list[Issued]) -> None:
        hot = await client.issue(sessions=3)
        session_id = (await client.get(f"/v1/issues/{hot}/sessions"))["sessions"][0]["sessionId"]

        wrong: dict[str, list[str]] = {}
        for read in reads(hot, session_id):
            _, statements = await ask(client, read.path, issued)
            lines = [line for one in statements for line in await meant(one)]
            wrong[read.path] = [line for line in lines if _WHOLE.search(line)]

        assert {path: lines for path, lines in wrong.items() if lines} == {}


async def meant(statement: Issued) -> list[str]:
    """How SQLite means to find what a statement asks for; reading what it has made itself is left out."""
    explain = "EXPLAIN QUERY PLAN "
    found = await require_context().db().execute_query_dict(explain + statement.text, statement.values)
    lines = [str(row["detail"]) for row in found]
    made = {line.split()[1] for line in lines if line.startswith(("CO-ROUTINE", "MATERIALIZE"))}
    return [line for line in lines if not (line.startswith("SCAN") and line.split()[1] in made)]


# A project's keys are few, and shown all.
_WHOLE = re.compile(
    r"^SCAN (?!json_each|projects|CONSTANT)"
    r"|^SEARCH (?!project_api_keys).* USING (?:COVERING )?INDEX \S+ \(project_id=\?\)$"
)
