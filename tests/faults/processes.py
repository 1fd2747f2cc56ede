"""Real `retrospec` processes, to be killed."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.client import ADMIN, INTERNAL, RECORDING, Json, eventually, marker

_START_SECONDS = 30


class Process:
    """One `retrospec` process.

    Attributes:
        log: The file that holds all that it has said.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log
        self.url = ""

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def events(self) -> list[Json]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    async def until(self, event: str) -> Json:
        """Wait until it logs an event."""

        async def check() -> Json | None:
            if self._process.returncode is not None:
                raise ChildProcessError(f"ended with {self._process.returncode}: {self.log.read_text()[-3000:]}")
            return next((said for said in self.events() if said["event"] == event), None)

        found: Json = await eventually(check, _START_SECONDS)
        return found

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    async def ended(self, seconds: float = 20) -> int:
        """Wait for its end; gives its exit code."""
        async with asyncio.timeout(seconds):
            return await self._process.wait()


@asynccontextmanager
async def started(folder: Path, *arguments: str, **environ: str) -> AsyncIterator[Process]:
    """A running process, killed at the end if it still runs.

    Args:
        folder: Where it runs and keeps its data.
        arguments: Of the command, e.g. `serve`.
        environ: More settings.
    """
    log = folder / f"{arguments[0]}-{len(list(folder.glob('*.log')))}.log"
    known = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    settings = {
        "ADMIN_API_KEY": ADMIN,
        "INTERNAL_API_KEY": INTERNAL,
        "RATE_LIMIT_REQUESTS_PER_SEC": "0",
        "JOB_RETRY_BASE_SECONDS": "0.1",
        "LOG_FORMAT": "json",
        "ORCHESTRATOR_PORT": "0",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **environ,
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "retrospec",
            *arguments,
            cwd=folder,
            env=known | settings,
            stdout=output,
            stderr=output,
        )
    try:
        yield Process(process, log)
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def serving(folder: Path, **environ: str) -> AsyncIterator[Process]:
    """A server that takes requests."""
    async with started(folder, "serve", **environ) as server:
        server.url = (await server.until("serving"))["url"]
        yield server


@asynccontextmanager
async def working(folder: Path, **environ: str) -> AsyncIterator[Process]:
    """A worker that takes jobs."""
    async with started(folder, "worker", **environ) as worker:
        await worker.until("working")
        yield worker


def query(folder: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask the SQLite database of the processes in a folder."""
    with closing(sqlite3.connect(folder / "data" / "retrospec.db", timeout=15)) as db:
        return db.execute(statement, values).fetchall()


class Load:
    """Visitors who send recordings and sessions until they are told to stop, and what they were answered.

    Attributes:
        acknowledged: Ids of sessions answered with 202.
        statuses: Every answer that came.
        broken: How many requests got no answer.
    """

    def __init__(self, url: str, prefix: str, visitors: int = 8) -> None:
        self._url = url
        self._prefix = prefix
        self._visitors = visitors
        self._going = True
        self.acknowledged: list[str] = []
        self.statuses: list[int] = []
        self.broken = 0

    def stop(self) -> None:
        """Send no more; what is on its way is waited for."""
        self._going = False

    async def run(self) -> None:
        """Send, all visitors at once."""
        await asyncio.gather(*(self._visit(number) for number in range(self._visitors)))

    async def acknowledge(self, count: int) -> None:
        """Wait until so many sessions have been acknowledged."""

        async def check() -> bool:
            return len(self.acknowledged) >= count

        await eventually(check, 30)

    async def _visit(self, visitor: int) -> None:
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=self._url, timeout=30))
            number = 0
            while self._going:
                try:
                    await self._send(http, f"{self._prefix}-{visitor}-{number}")
                except httpx.TransportError:
                    self.broken += 1
                    return
                number += 1

    async def _send(self, http: httpx.AsyncClient, name: str) -> None:
        upload = {"sessionId": name, "site": "shop.example", "events": RECORDING}
        stored = await http.post("/v1/artifacts/session-events", json=upload)
        self.statuses.append(stored.status_code)
        if stored.status_code != 201:
            return
        session = {"id": name, "site": "shop.example", "eventsObjectKey": stored.json()["eventsObjectKey"]}
        markers = [
            marker("m1"),
            marker("m2", kind="js_exception", label="x is undefined"),
            marker("m3", label=f"only {name}"),
        ]
        answer = await http.post("/v1/ingest/session", json={"session": session, "markers": markers})
        self.statuses.append(answer.status_code)
        if answer.status_code == 202:
            self.acknowledged.append(name)
