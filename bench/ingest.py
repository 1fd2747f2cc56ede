"""Sessions ingested a second on SQLite, at no and at 100,000 stored sessions. Floor: the same rows by sqlite3 alone."""

import argparse
import asyncio
import json
import sqlite3
import time
from pathlib import Path

from bench.load import Load, pour
from bench.server import folder, serving
from bench.sessions import requests

_PORT = 18_081
_CONNECTIONS = 16


def floor(path: Path, count: int) -> float:
    """Transactions a second of one process that writes one session and three markers durably, and does nothing else."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE s (id INTEGER PRIMARY KEY, project TEXT, session TEXT, body TEXT, UNIQUE (project, session));"
        "CREATE TABLE m (id INTEGER PRIMARY KEY, project TEXT, session TEXT, marker TEXT, body TEXT,"
        " UNIQUE (project, session, marker));"
    )
    body = json.dumps({"label": "x" * 200})
    begun = time.perf_counter()
    for number in range(count):
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO s (project, session, body) VALUES ('p', ?, ?)", (f"s-{number}", body))
        db.executemany(
            "INSERT INTO m (project, session, marker, body) VALUES ('p', ?, ?, ?)",
            [(f"s-{number}", f"m{place}", body) for place in range(3)],
        )
        db.execute("COMMIT")
    seconds = time.perf_counter() - begun
    db.close()
    return count / seconds


def _show(stored: int, load: Load, ratio: str) -> None:
    print(f"at {stored:>7} stored: {load.rate:8.0f} sessions/s, {ratio}  {load.statuses}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=100_000, help="sessions to store before the second measurement")
    parser.add_argument("--measured", type=int, default=8_000, help="sessions of a measurement")
    options = parser.parse_args()
    with folder() as data:
        base = floor(data / "floor.db", 3_000)
        print(f"floor (sqlite3, one transaction a session):   {base:8.0f} sessions/s")
        settings = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false"}
        with serving(data, _PORT, **settings):
            flow = requests()
            first = asyncio.run(pour(_PORT, flow, connections=_CONNECTIONS, count=options.measured))
            _show(0, first, f"{first.rate / base:.2f} of the floor")
            rest = options.stored - options.measured
            if rest > 0:
                asyncio.run(pour(_PORT, flow, connections=_CONNECTIONS, count=rest, seconds=1200))
                last = asyncio.run(pour(_PORT, flow, connections=_CONNECTIONS, count=options.measured))
                _show(options.stored, last, f"{last.rate / first.rate:.2f} of the rate at 0")


if __name__ == "__main__":
    main()
