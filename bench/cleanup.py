"""Half of the stored sessions expire, with two objects each, and are cleaned up while sessions come in.

    python -m bench.cleanup [--database postgres|sqlite] [--storage local|s3] [--sessions N]

In seven rounds, each of which keeps a day less: sessions are ingested alone, and then beside
`POST /v1/maintenance/cleanup`. A round's ratio is against the rates alone before and after it, since the speed of a
machine with other work changes; what counts is their median. What must be left and what must be gone is then counted in
the storage itself. The longest transaction is the oldest `xact_start` that a look into `pg_stat_activity` every 20 ms
found. SQLite tells nothing like it: there it is the slowest of the `/healthz` requests made meanwhile, which wait for
the one connection as everything does. Exits 1 when an object is left behind or gone that should be there, a transaction
took over a second, or ingest kept less than 0.7 of its rate.
"""

import argparse
import asyncio
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bench.copying import copy
from bench.filling import fill
from bench.load import pour
from bench.objects import Objects, objects
from bench.postgres import postgres
from bench.server import folder, serving
from bench.sessions import requests
from retrospec.core.migrations import Migrations
from retrospec.schema import MODELS

_PORT = 18_087
_ADMIN = "bench-admin-key"
_KEPT = 7
_DAYS = 2 * _KEPT  # Half of it expires.
_PIECE = 1_000
_OBJECTS = """
    INSERT INTO stored_objects (project_id, object_key, session_id, kind, state, size_bytes, created_at, failures,
                                last_error)
    SELECT project_id, events_object_key, session_id, 'events', 'ready', 80, created_at, 0, '' FROM sessions
    UNION ALL
    SELECT project_id, artifact_key, session_id, 'artifact', 'ready', 80, created_at, 0, '' FROM session_artifacts
"""
# What is about to expire would do so meanwhile.
_YOUNGER = """
    UPDATE {table} SET created_at = created_at + interval '2 hours'
    WHERE created_at BETWEEN now() - interval '7 days' AND now() - interval '7 days' + interval '2 hours'
"""
_KEYS = "SELECT object_key, created_at < now() - interval '7 days' AS expired FROM stored_objects"
_OLDEST = """
    SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@dataclass
class Watch:
    """The longest that was seen, seconds."""

    longest: float = 0
    looks: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def note(self, seconds: float) -> None:
        self.looks += 1
        self.longest = max(self.longest, seconds)


async def _look_at_postgres(url: str, watch: Watch) -> None:
    db = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    try:
        while not watch.stop.is_set():
            watch.note(await db.fetchval(_OLDEST))
            await asyncio.sleep(0.02)
    finally:
        await db.close()


async def _ask_health(url: str, watch: Watch) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while not watch.stop.is_set():
            begun = time.perf_counter()
            await client.get("/healthz")
            watch.note(time.perf_counter() - begun)
            await asyncio.sleep(0.02)


@contextmanager
def watching(look: Callable[[str, Watch], Any], url: str) -> Iterator[Watch]:
    """Look again and again from a thread of its own, so that the load does not hold it up."""
    watch = Watch()
    thread = threading.Thread(target=lambda: asyncio.run(look(url, watch)))
    thread.start()
    try:
        yield watch
    finally:
        watch.stop.set()
        thread.join()


@dataclass
class Beside:
    """Ingest beside one cleanup: sessions a second, seconds that this took, and what the cleanup said."""

    rate: float
    seconds: float
    result: dict[str, int]


async def beside(flow: Iterator[bytes], connections: int) -> Beside:
    """Ingest for as long as a cleanup takes."""
    good, seconds, begun = 0.0, 0.0, time.perf_counter()
    async with httpx.AsyncClient(timeout=600) as client:
        cleaning = asyncio.create_task(client.post(f"http://127.0.0.1:{_PORT}/v1/maintenance/cleanup"))
        while not cleaning.done():
            load = await pour(_PORT, flow, connections=connections, count=_PIECE, seconds=60)
            # The last piece ends after the cleanup.
            if not cleaning.done() or not seconds:
                good, seconds = good + load.rate * load.seconds, seconds + load.seconds
        answer = await cleaning
    answer.raise_for_status()
    return Beside(good / seconds, time.perf_counter() - begun, answer.json())


def keep(url: str, days: int) -> None:
    """Change what the project keeps."""
    path = f"{url}/v1/admin/projects/proj_default"
    httpx.patch(path, json={"retentionDays": days}, headers={"X-Retrospec-Admin": _ADMIN}).raise_for_status()


def measure(database_url: str, data: Path, place: Objects, connections: int, count: int) -> bool:
    """Run it all on a filled database, and say whether it holds."""
    settings = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false", "ADMIN_API_KEY": _ADMIN}
    on_sqlite, flow, rounds = database_url.startswith("sqlite"), requests("new"), list[Beside]()

    def alone() -> float:
        return asyncio.run(pour(_PORT, flow, connections=connections, count=count)).rate

    with serving(data, _PORT, DATABASE_URL=database_url, **settings, **place.settings) as server:
        alone()
        rates, longest = [alone()], 0.0
        for days in range(_DAYS - 1, _KEPT - 1, -1):
            keep(server.url, days)
            with watching(*((_ask_health, server.url) if on_sqlite else (_look_at_postgres, database_url))) as watch:
                rounds.append(asyncio.run(beside(flow, connections)))
            rates.append(alone())
            longest = max(longest, watch.longest)
            _show(days, rounds[-1], rates, watch)
    return _judge(rounds, rates, longest)


def _ratio(one: Beside, before: float, after: float) -> float:
    return one.rate / ((before + after) / 2)


def _show(days: int, one: Beside, rates: list[float], watch: Watch) -> None:
    said, (before, after) = one.result, rates[-2:]
    print(
        f"keeping {days:2} days: {said['deletedSessions']} sessions, {said['deletedEventObjects']} + "
        f"{said['deletedArtifactObjects']} objects gone in {one.seconds:.0f} s; ingest {one.rate:.0f}/s between "
        f"{before:.0f}/s and {after:.0f}/s alone: {_ratio(one, before, after):.2f}; "
        f"longest transaction {watch.longest * 1000:.0f} ms of {watch.looks} looks",
        flush=True,
    )


def _judge(rounds: list[Beside], rates: list[float], longest: float) -> bool:
    ratio = statistics.median(_ratio(one, *around) for one, around in zip(rounds, pairwise(rates), strict=True))
    removed = sum(one.result["deletedSessions"] for one in rounds)
    print(f"{removed} sessions removed in {sum(one.seconds for one in rounds):.0f} s")
    print(f"ingest beside cleanup: {ratio:.2f} of its rate alone (median), longest transaction {longest * 1000:.0f} ms")
    return longest <= 1 and ratio >= 0.7


async def _prepare(url: str, sessions: int) -> dict[str, bool]:
    """Fill a database, and say which objects it knows and whether they have expired."""
    await fill(url, sessions=sessions, days=_DAYS)
    db = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    try:
        await db.execute(_OBJECTS)
        for table in ("sessions", "stored_objects"):
            await db.execute(_YOUNGER.format(table=table))
        await db.execute("VACUUM (ANALYZE)")
        return {row["object_key"]: row["expired"] for row in await db.fetch(_KEYS)}
    finally:
        await db.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["postgres", "sqlite"], default="postgres")
    parser.add_argument("--storage", choices=["local", "s3"], default="local", help="s3 is slow to fill")
    parser.add_argument("--sessions", type=int, default=100_000, help="stored before; half of them expire")
    parser.add_argument("--measured", type=int, default=4_000, help="sessions ingested alone in each round")
    given = parser.parse_args()
    with folder() as data, objects(given.storage, data) as place, postgres() as url:
        begun = time.perf_counter()
        known = asyncio.run(_prepare(url, given.sessions))
        place.put(known)
        database_url, connections = url, 64
        if given.database == "sqlite":
            database_url, connections = f"sqlite://{data / 'retrospec.db'}", 16
            asyncio.run(Migrations(database_url, MODELS).upgrade())
            asyncio.run(copy(url, data / "retrospec.db"))
        expired = {key for key, is_expired in known.items() if is_expired}
        print(
            f"{given.sessions} sessions in {given.database}, {len(known)} objects in storage {given.storage}, of which "
        )
        print(f"{len(expired)} expired (filled in {time.perf_counter() - begun:.0f} s)", flush=True)
        holds = measure(database_url, data, place, connections, given.measured)
        left = place.keys()
    missing = known.keys() - expired - left
    print(f"objects left behind: {len(left & expired)}; gone that should be there: {len(missing)}")
    return 0 if holds and left == known.keys() - expired else 1


if __name__ == "__main__":
    sys.exit(main())
