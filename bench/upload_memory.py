"""How much memory uploads take: a real server, one upload of 50 MB, then eight of 19 MB at once.

    python -m bench.upload_memory [--storage local|s3] [--events demo|moves|secrets] [--plain]

The S3 server is moto in a process of its own. Prints resident memory of the server before, at its highest (sampled
every 5 ms) and after, and the slowest of the health requests that went on beside the uploads. Exits 1 when 50 MB raise
it by more than three times their size, the eight by 250 MB or more, or either by anything lasting.
"""

import argparse
import asyncio
import gzip
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.objects import objects
from bench.server import folder as temporary_folder

MB = 1_000_000
RECORDINGS = Path(__file__).parent.parent / "retrospec" / "demo" / "recordings"
# What a process keeps after its first large request: arenas, code that was not loaded before.
LASTING = 15 * MB


@dataclass
class Seen:
    """Resident memory in bytes, and the slowest answer of `/healthz` in seconds."""

    before: int = 0
    highest: int = 0
    after: int = 0
    seconds: float = 0
    slowest: float = 0


def events(kind: str) -> Iterator[bytes]:
    """Events without end, each of another moment."""
    if kind == "demo":
        shapes = [
            event
            for file in sorted(RECORDINGS.glob("*.gz"))
            for event in json.loads(gzip.decompress(file.read_bytes()))["events"]
        ]
    else:
        move = {"source": 1, "positions": [{"x": 512.5, "y": 7, "id": 8, "timeOffset": -450}] * 4}
        note = {
            "plugin": "rrweb/console@1",
            "payload": {"level": "log", "payload": ['"token=abcdef123456 for anna@example.com"']},
        }
        shapes = [{"type": 3, "data": move} if kind == "moves" else {"type": 6, "data": note}]
    now = 1_795_342_200_000
    while True:
        for shape in shapes:
            now += 1
            yield json.dumps({**shape, "timestamp": now}, separators=(",", ":"), ensure_ascii=False).encode()


def body(session: str, size: int, kind: str, folder: Path) -> Path:
    """An upload of about that size, in a file."""
    path = folder / f"{session}.json"
    with path.open("wb") as file:
        file.write(json.dumps({"sessionId": session, "site": "bench.example"}).encode()[:-1] + b',"events":[')
        for event in events(kind):
            file.write(event)
            if file.tell() >= size:
                break
            file.write(b",")
        file.write(b"]}")
    return path


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """A file in pieces, without holding it."""
    with path.open("rb") as file:
        while piece := file.read(1 << 18):
            yield piece
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(folder: Path, plain: bool, **storage: str) -> AsyncIterator[tuple[str, psutil.Process]]:
    """A server on a free port, on its embedded default but for the storage."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "ORCHESTRATOR_PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "RATE_LIMIT_REQUESTS_PER_SEC": "0",
        "LOG_LEVEL": "WARNING",
        "REDACT_EVENTS": "false" if plain else "true",
        **storage,
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "retrospec", "serve", env={**os.environ, **settings}
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url) as client:
            while not await _answers(client):
                await asyncio.sleep(0.05)
        yield url, psutil.Process(server.pid)
    finally:
        server.terminate()
        await server.wait()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).is_success
    except httpx.TransportError:
        return False


async def upload(client: httpx.AsyncClient, path: Path) -> None:
    """Send one recording."""
    headers = {"Content-Type": "application/json", "Content-Length": str(path.stat().st_size)}
    answer = await client.post("/v1/artifacts/session-events", content=pieces(path), headers=headers)
    assert answer.status_code == 201, answer.text


async def watch(process: psutil.Process, seen: Seen) -> None:
    """Note the highest resident memory until cancelled."""
    while True:
        seen.highest = max(seen.highest, process.memory_info().rss)
        await asyncio.sleep(0.005)


async def ask(url: str, seen: Seen) -> None:
    """Note the slowest answer until cancelled."""
    async with httpx.AsyncClient(base_url=url) as client:
        while True:
            since = time.perf_counter()
            await client.get("/healthz")
            seen.slowest = max(seen.slowest, time.perf_counter() - since)
            await asyncio.sleep(0.01)


async def measure(url: str, process: psutil.Process, paths: list[Path]) -> Seen:
    """Send recordings at once and watch the server."""
    seen = Seen(before=process.memory_info().rss)
    beside: list[asyncio.Task[Any]] = [asyncio.create_task(watch(process, seen)), asyncio.create_task(ask(url, seen))]
    since = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=300) as client:
        await asyncio.gather(*(upload(client, path) for path in paths))
    seen.seconds = time.perf_counter() - since
    for task in beside:
        task.cancel()
    await asyncio.sleep(1)
    seen.after = process.memory_info().rss
    return seen


def show(what: str, seen: Seen, allowed: int) -> bool:
    """Print what was seen, and say whether it is within bounds."""
    rise, lasting = seen.highest - seen.before, seen.after - seen.before
    print(
        f"{what}: {seen.before / MB:.0f} MB before, +{rise / MB:.0f} MB at the highest (allowed {allowed / MB:.0f}), "
        f"{lasting / MB:+.0f} MB after; {seen.seconds:.1f} s; slowest /healthz meanwhile {seen.slowest * 1000:.0f} ms"
    )
    return rise <= allowed and lasting <= LASTING


async def main() -> int:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", choices=["demo", "moves", "secrets"], default="demo")
    parser.add_argument("--storage", choices=["local", "s3"], default="local")
    parser.add_argument("--plain", action="store_true", help="without redaction")
    given = parser.parse_args()
    with temporary_folder() as folder, objects(given.storage, folder) as place:
        large = [body("large", 50 * MB, given.events, folder)]
        many = [body(f"many-{number}", 19 * MB, given.events, folder) for number in range(8)]
        async with serving(folder, given.plain, **place.settings) as (url, process):
            await measure(url, process, [body("small", MB // 10, given.events, folder)])
            within = [show("1 x 50 MB", await measure(url, process, large), 150 * MB)]
            within.append(show("8 x 19 MB", await measure(url, process, many), 250 * MB))
            within.append(show("1 x 50 MB again", await measure(url, process, large), 150 * MB))
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
