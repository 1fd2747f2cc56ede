"""Several processes on one SQLite file: nobody is told of a lock, and all is counted."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.client import marker
from tests.faults.load import SITE, Load
from tests.faults.processes import serving
from tests.faults.promises import check_counts, check_there, jobs_done
from tests.stacks import Stack

PROCESSES = 4


async def test_four_processes_that_start_at_once_on_nothing_write_one_file_and_count_exactly(
    tmp_path: Path, embedded_stack: Stack
) -> None:
    async with AsyncExitStack() as running:
        starting = (running.enter_async_context(serving(tmp_path)) for _ in range(PROCESSES))
        servers = await asyncio.gather(*starting)
        loads = [Load(server.url, f"p{number}", visitors=3) for number, server in enumerate(servers)]
        await asyncio.gather(*(load.send(25) for load in loads))
        # Each of them runs jobs as well.
        await jobs_done(embedded_stack)
        await flush_one_session(*(server.url for server in servers))

        assert {status for load in loads for status in load.statuses} == {201, 202}
        assert [name for load in loads for name in load.unanswered] == []
        acknowledged = [name for load in loads for name in load.acknowledged]
        await check_there(embedded_stack, servers[0].url, acknowledged)
        assert await embedded_stack.count("sessions") == len(acknowledged) + 1
        await check_counts(embedded_stack)
        assert "locked" not in "\n".join(server.log.read_text() for server in servers)


async def flush_one_session(*urls: str) -> None:
    """Send one session to all servers at once, with a marker of its own each time and one that is the same."""

    async def flush(url: str, number: int) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            for turn in range(10):
                markers = [marker("same"), marker(f"m{number}-{turn}", label=f"failure {turn}")]
                body = {"session": {"id": "shared", "site": SITE, "durationMs": turn}, "markers": markers}
                assert (await http.post("/v1/ingest/session", json=body)).status_code == 202

    await asyncio.gather(*(flush(url, number) for number, url in enumerate(urls)))
    async with httpx.AsyncClient(base_url=urls[0]) as http:
        session = (await http.get("/v1/sessions/shared")).json()["session"]
    expected = {"same", *(f"m{number}-{turn}" for number in range(len(urls)) for turn in range(10))}
    print(f"{len(expected)} markers acknowledged, {len(session['markers'])} there")
    assert {one["id"] for one in session["markers"]} == expected
