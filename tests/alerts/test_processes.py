"""Alerts of several processes, and of processes that are killed: each arrives, and once when all is well."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx

from retrospec.plugin.testing.receiver import Answer, Receiver
from tests.client import Json, eventually, marker
from tests.faults.processes import query, serving, working

PAGES = ("cart", "login", "orders", "search", "profile", "help", "basket", "news", "account", "about")


async def hit(http: httpx.AsyncClient, page: str) -> None:
    """Have two sessions hit a failure of a page."""
    for number in range(2):
        body: Json = {
            "session": {"id": f"{page}-{number}", "site": "x"},
            "markers": [marker(label=f"POST /{page} -> 500", clusterKey=page)],
        }
        (await http.post("/v1/ingest/session", json=body)).raise_for_status()


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "data" / "retrospec.db", timeout=15)) as db, db:
        db.execute(statement)


async def test_servers_and_workers_deliver_each_alert_once_when_all_is_well(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"ALERT_WEBHOOK_URL": receiver.url, "ALERT_MIN_CLUSTER_CONFIDENCE": "0.1"}
    receiver.otherwise = Answer(200, delay_seconds=0.05)
    async with (
        serving(tmp_path, **settings) as one,
        serving(tmp_path, **settings) as two,
        working(tmp_path, **settings),
        httpx.AsyncClient(base_url=one.url, timeout=30) as first,
        httpx.AsyncClient(base_url=two.url, timeout=30) as second,
    ):
        await asyncio.gather(*(hit((first, second)[n % 2], page) for n, page in enumerate(PAGES)))

        async def all_done() -> bool:
            return query(tmp_path, "SELECT COUNT(*) FROM alert_deliveries WHERE status = 'delivered'") == [
                (len(PAGES),)
            ]

        await eventually(all_done)

    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(set(ids)) == len(ids) == len(PAGES)
    assert query(tmp_path, "SELECT COUNT(*), MAX(number) FROM alert_attempts") == [(len(PAGES), 1)]


async def test_a_kill_between_sending_and_noting_it_sends_it_again_under_the_same_id(
    tmp_path: Path, receiver: Receiver
) -> None:
    settings = {"ALERT_WEBHOOK_URL": receiver.url, "ALERT_MIN_CLUSTER_CONFIDENCE": "0.1"}
    receiver.answer(Answer(200, delay_seconds=60))
    async with serving(tmp_path, **settings) as server, httpx.AsyncClient(base_url=server.url) as http:
        await hit(http, "cart")
        await receiver.until(1)
        server.kill()
        await server.ended()
    assert query(tmp_path, "SELECT status, attempts FROM alert_deliveries") == [("pending", 0)]
    # Instead of waiting for the lease of the dead to run out.
    change(tmp_path, "UPDATE jobs SET leased_until = '2026-01-01 00:00:00+00:00' WHERE queue = 'alerts:webhook'")

    async with serving(tmp_path, **settings), asyncio.timeout(60):
        await receiver.until(2)

        async def noted() -> bool:
            return query(tmp_path, "SELECT status FROM alert_deliveries") == [("delivered",)]

        await eventually(noted)

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
