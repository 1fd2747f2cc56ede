"""A server of several processes on one port, and whom of them one talks to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.client import Json, eventually
from tests.faults.processes import Process, started


async def said(server: Process, event: str, **fields: object) -> Json:
    """Wait until one of the processes logs an event with these fields."""

    async def check() -> Json | None:
        wanted = {"event": event, **fields}
        return next((line for line in server.events() if wanted.items() <= line.items()), None)

    found: Json = await eventually(check, 30)
    return found


@asynccontextmanager
async def serving_many(folder: Path, processes: int, **environ: str) -> AsyncIterator[Process]:
    """A server of several processes, all of which take requests; stopped gracefully at the end."""
    async with started(folder, "serve", SERVER_WORKERS=str(processes), **environ) as server:
        server.url = (await said(server, "serving", process="supervisor"))["url"]
        yield server
        if server.running:
            server.terminate()
            assert await server.ended() == 0


def pids(server: Process) -> dict[str, int]:
    """The numbers of the processes that serve now, by their names."""
    lines = [line for line in server.events() if line["event"] == "serving"]
    return {line["process"]: line["pid"] for line in lines if line["process"] != "supervisor"}


async def asked_all(server: Process, processes: int) -> int:
    """Ask over new connections until each of the processes has answered; gives the number of requests.

    They are told apart by the line that each logs of a request for what is not there.
    """
    before = len(server.events())
    asked = 0

    async def check() -> bool:
        nonlocal asked
        async with httpx.AsyncClient(base_url=server.url) as http:
            assert (await http.get("/nowhere")).status_code == 404
        asked += 1
        lines = [line for line in server.events()[before:] if line["event"] == "request"]
        return len({line["process"] for line in lines}) == processes

    await eventually(check, 20)
    return asked
