"""Several servers on one database, as on several machines, are one server to whoever talks to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

import httpx
import pytest

from retrospec.alerts.models import AlertDelivery
from retrospec.core.db import Database
from retrospec.maintenance.models import Schedule
from tests.client import ADMIN, Json, eventually, marker
from tests.faults.processes import serving
from tests.many import serving_many

ORIGIN = "https://shop.example"
SETTINGS = {
    "EMBEDDED_WORKER": "true",
    "ALERT_SINKS": "log",
    "AUTO_CLEANUP_INTERVAL_MINUTES": "0.01",
    "ANONYMOUS_ACCESS": "full",
}
EVERY = 0.6
# In force everywhere after so long, as docs/operations.md says.
IN_FORCE = 5.0
SECRET = "hunter2-hunter2"
EVENT = {"type": 5, "data": {"tag": "t", "payload": {"password": SECRET}}, "timestamp": 1_700_000_000_000}

# A connection for each request, so that requests come to all processes of a server.
NEVER_THE_SAME = httpx.Limits(max_keepalive_connections=0)

Pair = tuple[httpx.AsyncClient, httpx.AsyncClient]


@pytest.fixture
def dialect() -> str:
    """Beside SQLite's file, the tests of each part let two processes share what it is about."""
    return "postgres"


@pytest.fixture
def more() -> dict[str, str]:
    """Settings that a test adds."""
    return {}


@pytest.fixture
async def servers(database_url: str, redis_url: str, tmp_path: Path, more: dict[str, str]) -> AsyncIterator[Pair]:
    """Two servers on PostgreSQL and Redis, the second one of two processes."""
    settings = {**SETTINGS, "DATABASE_URL": database_url, "REDIS_URL": redis_url, **more}
    async with AsyncExitStack() as stack:
        one, other = await asyncio.gather(
            stack.enter_async_context(serving(tmp_path, **settings)),
            stack.enter_async_context(serving_many(tmp_path, 2, **settings)),
        )
        yield (
            await stack.enter_async_context(httpx.AsyncClient(base_url=one.url)),
            await stack.enter_async_context(httpx.AsyncClient(base_url=other.url, limits=NEVER_THE_SAME)),
        )


async def admin(server: httpx.AsyncClient, method: str, path: str, body: Json | None = None) -> Json:
    answer = await server.request(method, f"/v1/admin{path}", json=body, headers={"X-Retrospec-Admin": ADMIN})
    assert answer.is_success, answer.text
    found: Json = answer.json()
    return found


async def counted(server: httpx.AsyncClient, series: str) -> float:
    lines = (await server.get("/metrics")).text.splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(f"{series} ")), 0.0)


async def test_one_alert_goes_out_for_what_all_of_them_see_at_once(servers: Pair, database: Database) -> None:
    async def ingest(number: int) -> int:
        session = {"id": f"s{number}", "site": "shop.example"}
        body = {"session": session, "markers": [marker()]}
        answer = await servers[number % 2].post("/v1/ingest/session", json=body)
        assert answer.status_code == 202, answer.text
        accepted: int = answer.json()["alertsSent"]
        return accepted

    accepted = await asyncio.gather(*(ingest(number) for number in range(40)))

    async def sent() -> float:
        return await counted(servers[0], 'retrospec_alert_sent_total{type="log"}')

    assert sum(accepted) == 1
    assert await eventually(sent) == 1
    assert await AlertDelivery.all().count() == 1


async def test_work_on_the_clock_is_done_once(servers: Pair, database: Database) -> None:
    async def runs() -> float:
        # Whoever is asked adds its own counts first.
        asked = (servers[0], *[servers[1]] * 6)
        return max([await counted(server, "retrospec_cleanup_runs_total") for server in asked])

    before, began = await runs(), monotonic()

    async def enough() -> float:
        found = await runs()
        return found if found >= before + 6 else 0

    found: float = await eventually(enough)

    # Each of them alone would be allowed as many. Two more: one at each end.
    assert found - before <= (monotonic() - began) / EVERY + 2
    assert await Schedule.filter(name="cleanup").count() == 1


async def test_what_one_of_them_is_told_is_in_force_on_all_within_five_seconds(servers: Pair) -> None:
    told, other = servers
    projects = [await admin(told, "POST", "/projects", {"name": n, "site": "shop.example"}) for n in ("a", "b", "c")]
    kept, deleted, changed = ({"X-Retrospec-Key": project["apiKey"]} for project in projects)
    keys = await admin(told, "GET", f"/projects/{projects[0]['project']['id']}/keys")
    (key_id,) = (key["id"] for key in keys["keys"] if key["scope"] == "full")

    async def stored(name: str) -> str:
        body = {"sessionId": name, "site": "shop.example", "events": [EVENT]}
        upload = await other.post("/v1/artifacts/session-events", json=body, headers=changed)
        session = {"id": name, "site": "shop.example", "eventsObjectKey": upload.json()["eventsObjectKey"]}
        ingest = await other.post("/v1/ingest/session", json={"session": session}, headers=changed)
        assert (upload.status_code, ingest.status_code) == (201, 202)
        return (await other.get(f"/v1/sessions/{name}/events", headers=changed)).text

    for headers in (kept, deleted, changed):
        assert (await other.get("/v1/issues", headers=headers)).status_code == 200
    assert SECRET not in await stored("before")

    await admin(told, "POST", f"/projects/{projects[0]['project']['id']}/keys/{key_id}/revoke")
    await admin(told, "DELETE", f"/projects/{projects[1]['project']['id']}")
    patch = {"allowedOrigins": [ORIGIN], "redact": False}
    await admin(told, "PATCH", f"/projects/{projects[2]['project']['id']}", patch)

    async def in_force() -> bool:
        answers = [await other.get("/v1/issues", headers={**h, "Origin": ORIGIN}) for h in (kept, deleted, changed)]
        shown = answers[2].headers["access-control-allow-origin"]
        return [answer.status_code for answer in answers] == [401, 401, 200] and shown == ORIGIN

    await asyncio.sleep(IN_FORCE)
    for _ in range(6):
        assert await in_force()
    assert SECRET in await stored("after")


@pytest.mark.parametrize("more", [{"RATE_LIMIT_REQUESTS_PER_SEC": "0.1", "RATE_LIMIT_BURST": "40"}])
async def test_a_client_has_one_rate_limit_at_all_of_them(servers: Pair) -> None:
    answers = [await servers[number % 2].get("/v1/issues") for number in range(120)]

    passed = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(passed) + len(refused) == 120
    # What comes back meanwhile: one in ten seconds.
    assert 40 <= len(passed) <= 42
    assert all(0 < int(answer.headers["retry-after"]) <= 10 for answer in refused)

    async def all_counted() -> bool:
        return await counted(servers[0], "retrospec_rate_limited_total") == len(refused)

    await eventually(all_counted)
