"""What a session costs the server's process beside being written: HTTP, admission, checks, preparation, the answer.

Processor time, in rounds, of a server that says of every session that it was written; 64 connections.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import psutil
import uvloop

from bench.load import pour
from bench.server import folder
from bench.sessions import requests
from retrospec.core.clock import now
from retrospec.core.settings_sources import load
from retrospec.ingest.prepare import Prepared
from retrospec.ingest.writer import BatchWriter, Written
from retrospec.serving import listening
from retrospec.sessions.records import StoredSession

_PORT = 18095
_ROUNDS, _COUNT, _CONNECTIONS = 12, 3000, 64
# About what a transaction takes: so many requests are answered one after the other, as after a commit.
_BATCH_SECONDS = 0.004


async def _unwritten(_: BatchWriter, batch: Sequence[Prepared]) -> list[Written | Exception]:
    """Say of a batch that it was written."""
    await asyncio.sleep(_BATCH_SECONDS)
    return [_answer(prepared) for prepared in batch]


def _answer(prepared: Prepared) -> Written:
    session = prepared.session
    stored = StoredSession(
        1, session.started_at, now(), session.events_object_key, session.user_hash, session.jobs_digest
    )
    return Written(prepared, stored, prepared.markers)


async def _serve() -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    BatchWriter.write = _unwritten  # type: ignore[method-assign]
    async with listening(load()):
        print("ready", flush=True)
        await stopped.wait()


@contextmanager
def _serving() -> Iterator[psutil.Process]:
    with folder() as data:
        settings = {"DATA_DIR": str(data), "ORCHESTRATOR_PORT": str(_PORT), "RATE_LIMIT_REQUESTS_PER_SEC": "0"}
        environ = {"PATH": os.environ["PATH"], "LOG_LEVEL": "WARNING", "EMBEDDED_WORKER": "false"} | settings
        command = [sys.executable, "-m", "bench.request", "--serve"]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                if "ready\n" not in process.stdout:
                    raise RuntimeError("the server did not start")
                yield psutil.Process(process.pid)
            finally:
                process.terminate()


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Print the cost of a request in each of some rounds."""
    costs = []
    with _serving() as process:
        sent = requests("request")
        uvloop.run(pour(_PORT, sent, connections=_CONNECTIONS, count=_COUNT))
        for _ in range(_ROUNDS):
            ready = list(islice(sent, _COUNT))
            before = _used(process)
            uvloop.run(pour(_PORT, iter(ready), connections=_CONNECTIONS, count=_COUNT))
            costs.append((_used(process) - before) / _COUNT * 1e6)
    print(
        f"{statistics.median(costs):.0f} us of CPU a session beside the writer ({min(costs):.0f} to {max(costs):.0f})"
    )


if __name__ == "__main__":
    if "--serve" in sys.argv:
        uvloop.run(_serve())
    else:
        main()
