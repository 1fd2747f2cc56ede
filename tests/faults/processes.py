"""Real `retrospec` processes, to be killed."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

from tests.client import ADMIN, INTERNAL, Json, eventually

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

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

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

    def suspend(self) -> None:
        """Let it do nothing, as a machine that has too much to do, or a laptop that is closed."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on where it was."""
        self._process.send_signal(signal.SIGCONT)

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
