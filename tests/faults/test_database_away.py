"""While the database is away clients are told to come again; when it is back, all works as before."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from tests.client import ADMIN, RECORDING, Client, MakeClient, eventually, marker
from tests.faults.cable import Cable, cable_to

ADMIN_HEADERS = {"X-Retrospec-Admin": ADMIN}
INGEST = {"session": {"id": "s2", "site": "x"}, "markers": [marker()]}
UPLOAD = {"sessionId": "s2", "site": "x", "events": RECORDING}
# A request of every kind: reads, writes in one statement, in transactions, through the batcher and the storage.
REQUESTS = [
    ("GET", "/v1/sessions/s1", None),
    ("GET", "/v1/sessions/s1/events", None),
    ("GET", "/v1/issues", None),
    ("GET", "/v1/issues/stats", None),
    ("POST", "/v1/ingest/session", INGEST),
    ("POST", "/v1/artifacts/session-events", UPLOAD),
    ("POST", "/v1/issues/promote", {}),
    ("POST", "/v1/maintenance/cleanup", {}),
    ("GET", "/v1/admin/queue-health", None),
    ("POST", "/v1/admin/projects", {"name": "a", "site": "b"}),
    ("POST", "/v1/admin/queue-redrive", {"queue": "replay"}),
    ("DELETE", "/v1/sessions/s2", None),
]


@pytest.fixture
def dialect() -> str:
    """A server that can go away."""
    return "postgres"


@pytest.fixture
async def cable(database_url: str) -> AsyncIterator[Cable]:
    """What lies between the server under test and its database."""
    async with cable_to(database_url) as cable:
        yield cable


async def ask_all(client: Client) -> list[tuple[str, httpx.Response]]:
    """Make a request of every kind."""
    return [
        (f"{method} {path}", await client.http.request(method, path, json=body, headers=ADMIN_HEADERS))
        for method, path, body in REQUESTS
    ]


def is_told_to_come_again(answer: httpx.Response) -> bool:
    said = answer.json()
    return (
        answer.status_code == 503
        and int(answer.headers["Retry-After"]) > 0
        and said["code"] in {"unavailable", "queue_unavailable"}
        and answer.headers["Access-Control-Allow-Origin"] == "*"
    )


async def test_while_it_is_away_every_request_gets_503_and_when_it_is_back_an_answer(
    make_client: MakeClient, cable: Cable
) -> None:
    client = await make_client(database_url=cable.url)
    await client.recorded("s1", marker())
    assert [name for name, answer in await ask_all(client) if not answer.is_success] == []

    cable.cut()
    refused = await ask_all(client)
    health = await client.http.get("/healthz")
    ready = await client.http.get("/readyz")
    metrics = await client.http.get("/metrics")

    assert [
        (name, answer.status_code, answer.text) for name, answer in refused if not is_told_to_come_again(answer)
    ] == []
    assert (health.status_code, health.json()) == (503, {"status": "down"})
    assert (ready.status_code, metrics.status_code) == (503, 503)
    assert not {check["name"]: check["ok"] for check in ready.json()["checks"]}["database"]

    cable.mend()
    back = await ask_all(client)

    assert [(name, answer.status_code, answer.text) for name, answer in back if not answer.is_success] == []
    assert (await client.http.get("/healthz")).status_code == 200


async def test_connections_that_break_are_made_anew_and_no_request_is_answered_wrong(
    make_client: MakeClient, cable: Cable
) -> None:
    client = await make_client(database_url=cable.url)
    await client.recorded("s1", marker())

    answers = []
    for _ in range(3):
        cable.break_once()
        answers += await ask_all(client)

    wrong = [(name, a.status_code, a.text) for name, a in answers if not a.is_success and not is_told_to_come_again(a)]
    assert wrong == []
    assert [name for name, answer in await ask_all(client) if not answer.is_success] == []


async def test_what_was_acknowledged_while_connections_were_terminated_is_there(
    make_client: MakeClient, database_url: str
) -> None:
    client = await make_client()
    answers: dict[str, int] = {}

    async def send(worker: int) -> None:
        for number in range(25):
            name = f"s{worker}-{number}"
            body = {"session": {"id": name, "site": "x"}, "markers": [marker()]}
            answers[name] = (await client.http.post("/v1/ingest/session", json=body)).status_code

    async def terminate() -> None:
        other = await asyncpg.connect(database_url)  # type: ignore[no-untyped-call]
        try:
            for _ in range(8):
                await asyncio.sleep(0.03)
                await other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        finally:
            await other.close()

    await asyncio.gather(terminate(), *(send(worker) for worker in range(8)))

    acknowledged = {name for name, status in answers.items() if status == 202}
    print(f"acknowledged {len(acknowledged)} of {len(answers)}")
    assert set(answers.values()) <= {202, 503}
    for name in acknowledged:
        assert len((await client.get(f"/v1/sessions/{name}"))["session"]["markers"]) == 1
    (issue,) = (await client.get("/v1/issues"))["issues"]
    # A 503 says nothing about whether it was written; the count is that of the sessions that are there.
    there = [name for name in answers if (await client.http.get(f"/v1/sessions/{name}")).is_success]
    assert issue["sessionCount"] == len(there) >= len(acknowledged)


async def test_the_server_keeps_its_counts_and_its_worker_through_it(make_client: MakeClient, cable: Cable) -> None:
    client = await make_client(database_url=cable.url, embedded_worker=True)
    cable.cut()
    await asyncio.sleep(0.5)
    cable.mend()

    await client.recorded("s1", marker())

    async def done() -> bool:
        session = (await client.get("/v1/sessions/s1"))["session"]
        return bool(session["artifacts"]) and session["reportCard"]["status"] != "pending"

    await eventually(done)
    assert "retrospec_ingest_sessions_total 1.0" in (await client.http.get("/metrics")).text


async def test_a_database_that_says_nothing_is_down_and_keeps_nobody_waiting_for_ever(
    make_client: MakeClient, cable: Cable
) -> None:
    impatient = {"database_command_timeout_seconds": 1, "database_connect_timeout_seconds": 1}
    client = await make_client(database_url=cable.url, **impatient)
    await client.ingest("s1")

    cable.freeze()
    paths = ("/healthz", "/readyz", "/metrics", "/v1/sessions/s1")
    answers = await asyncio.gather(*(client.http.get(path) for path in paths))
    cable.mend()

    assert [answer.status_code for answer in answers] == [503] * 4

    async def recovered() -> bool:
        return (await client.http.get("/v1/sessions/s1")).is_success

    await eventually(recovered)
