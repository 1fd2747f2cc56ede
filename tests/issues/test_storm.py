"""Ingest, merges, splits, removals, promotions and triage of one project, all at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from retrospec.core.db import Database
from retrospec.issues.models import IssueCluster
from retrospec.schema import MODELS
from tests.client import Client, MakeClient, marker, wire
from tests.faults.processes import Process, serving
from tests.issues.builders import assert_exact, expected

LABELS = [f"POST /api/{name} -> 500" for name in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")]
KINDS = ("api_error", "js_exception")
SESSIONS = 40
STARTED = wire(datetime.now(UTC) - timedelta(hours=2))


class Crowd:
    """Many people at one server, who do what a seed says."""

    def __init__(self, http: httpx.AsyncClient, seed: int) -> None:
        self.http = http
        self.chance = random.Random(seed)
        self.answers: list[httpx.Response] = []

    async def ingest(self, number: int) -> None:
        """Send one of the sessions, again and again with other failures."""
        await self._send(number, self.chance.sample(LABELS, 5))

    async def _send(self, number: int, labels: Sequence[str]) -> None:
        session = {"id": f"s{number % SESSIONS}", "site": "x", "route": "/", "userId": f"u{number % 7}"}
        await self._post(
            "/v1/ingest/session",
            {
                "session": session | {"startedAt": STARTED, "durationMs": 5},
                "markers": [
                    marker(f"m{i}", label=label, clusterKey=label, kind=KINDS[len(label) % 2])
                    for i, label in enumerate(labels)
                ],
            },
        )

    async def interfere(self, number: int) -> None:
        """Do one thing to what is there at that moment."""
        await asyncio.sleep(self.chance.random() / 2)
        keys = [issue["key"] for issue in (await self.http.get("/v1/issues")).json()["issues"]]
        if len(keys) < 2:
            return
        acts: list[Callable[[str, str], Awaitable[None]]] = [
            self._merge,
            self._split,
            self._remove,
            self._triage,
            self._clean_up,
        ]
        await acts[number % len(acts)](*self.chance.sample(keys, 2))

    async def _merge(self, target: str, source: str) -> None:
        await self._post("/v1/issues/merge", {"targetClusterKey": target, "sourceClusterKeys": [source]})

    async def _split(self, key: str, _: str) -> None:
        found = await self.http.get(f"/v1/issues/{key}/sessions", params={"limit": 3})
        named = [session["sessionId"] for session in found.json().get("sessions", [])]
        await self._post(f"/v1/issues/{key}/split", {"sessionIds": [*named, "nobody"]})

    async def _remove(self, *_: str) -> None:
        session_id = f"s{self.chance.randrange(SESSIONS)}"
        self.answers.append(await self.http.delete(f"/v1/sessions/{session_id}"))

    async def _triage(self, key: str, _: str) -> None:
        await self._post(f"/v1/issues/{key}/state", {"state": self.chance.choice(["resolved", "acknowledged"])})
        await self._post("/v1/issues/promote", {})

    async def _clean_up(self, *_: str) -> None:
        await self._post("/v1/maintenance/cleanup", {})

    async def _post(self, path: str, body: object) -> None:
        self.answers.append(await self.http.post(path, json=body))


async def test_counters_stay_exact_and_nothing_fails_while_everything_happens_at_once(client: Client) -> None:
    crowd = Crowd(client.http, seed=1)
    await asyncio.gather(*(crowd.ingest(number) for number in range(20)))

    await asyncio.gather(*map(crowd.ingest, range(120)), *map(crowd.interfere, range(48)))

    assert [answer.text for answer in crowd.answers if answer.status_code >= 500] == []
    assert {200, 202} <= {answer.status_code for answer in crowd.answers}
    await assert_counted()


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_processes_on_the_same_hot_clusters_never_lock_each_other_out(database_url: str, tmp_path: Path) -> None:
    settings = {
        "DATABASE_URL": database_url,
        "EMBEDDED_WORKER": "true",
        "SESSION_RETENTION_DAYS": "2",
        "INGEST_BATCH_SIZE": "2",
    }
    # Waited for in circles it would be for longer: each circle is seen, counted, and broken by an error.
    settings |= {"AUTO_PROMOTE_INTERVAL_MINUTES": "0.01", "AUTO_CLEANUP_INTERVAL_MINUTES": "0.01", "ALERT_SINKS": "log"}
    async with AsyncExitStack() as running:
        servers = [await running.enter_async_context(serving(tmp_path, **settings)) for _ in range(2)]
        crowds = [
            Crowd(await running.enter_async_context(talking_to(server)), seed) for seed, server in enumerate(servers)
        ]
        await asyncio.gather(
            *(crowd.ingest(number) for crowd in crowds for number in range(120)),
            *(crowd.interfere(number) for crowd in crowds for number in range(30)),
            grow_old(database_url, 30),
        )
        for server in servers:
            server.terminate()
            assert await server.ended() == 0

    answers = [answer for crowd in crowds for answer in crowd.answers]
    assert [answer.text for answer in answers if answer.status_code >= 500] == []
    deadlocks, rolled_back = await statistics(database_url)
    print(f"{len(answers)} requests, {deadlocks} deadlocks, {rolled_back} transactions rolled back")  # noqa: T201
    assert deadlocks == 0
    database = Database(database_url, MODELS)
    await database.open()
    try:
        assert (
            await database.connection.execute_query_dict(
                "SELECT 1 AS one FROM counter_totals WHERE name = 'retrospec_cleanup_runs_total' AND value > 5"
            )
            != []
        )
        await assert_counted()
    finally:
        await database.close()


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_batches_that_share_hot_clusters_take_them_in_one_order(
    make_client: MakeClient, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many transactions at once as several processes have.
    monkeypatch.setattr("retrospec.ingest.service._BATCHES_ON_POSTGRES", 12)
    client = await make_client(database_pool_size=16, ingest_batch_size=2)
    crowd = Crowd(client.http, seed=4)

    await asyncio.gather(*(crowd.ingest(number) for number in range(300)))

    assert {answer.status_code for answer in crowd.answers} == {202}
    await assert_counted()
    await hang_up(database_url)
    assert (await statistics(database_url))[0] == 0


async def assert_counted() -> None:
    """Every counter is what the markers that are there call for."""
    # History and choice among equals: neither follows from the sessions that are there now.
    for key, wanted in (await expected()).items():
        settled = {name: wanted[name] for name in ("first_seen_at", "representative_session_id")}
        await IssueCluster.filter(key=key).update(**settled)
    emptied = [cluster.key for cluster in await IssueCluster.filter(session_count=0)]
    await assert_exact(empty=tuple(emptied))


def talking_to(server: Process) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, timeout=30)


async def grow_old(url: str, times: int) -> None:
    """Now and then let a session be as old as those that cleanup removes."""
    connection = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    try:
        for number in range(times):
            await asyncio.sleep(0.05)
            session = f"s{number % SESSIONS}"
            # One row, in a transaction of its own: it waits for others, and nobody in a circle with it.
            await connection.execute(
                "UPDATE sessions SET created_at = created_at - interval '9 days' WHERE session_id = $1", session
            )
    finally:
        await connection.close()


async def hang_up(url: str) -> None:
    """End all connections: whatever a connection has counted is told when it ends."""
    connection = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    try:
        await connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {others}")
    finally:
        await connection.close()


async def statistics(url: str) -> tuple[int, int]:
    """How many deadlocks a database has seen, and how many transactions were rolled back. Its clients must be gone."""
    connection = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    try:
        row = await connection.fetchrow(
            "SELECT deadlocks, xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
        return row["deadlocks"], row["xact_rollback"]
    finally:
        await connection.close()
