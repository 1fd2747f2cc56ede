"""Sessions ingested a second on SQLite, by a fresh server and one with 100,000 stored sessions, in turns.

Floor: the same rows by sqlite3 alone.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import time
from pathlib import Path

from bench.load import pour
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


def measure(stored: int, count: int, rounds: int) -> tuple[list[float], list[float]]:
    """The rates of a fresh server and of one with so many sessions, in turns: the machine's own speed is in both."""
    settings = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false"}
    fresh: list[float] = []
    full: list[float] = []
    with folder() as one, folder() as other, serving(one, _PORT, **settings), serving(other, _PORT + 1, **settings):
        flow = requests()
        asyncio.run(pour(_PORT + 1, flow, connections=_CONNECTIONS, count=stored, seconds=1200))
        asyncio.run(pour(_PORT, flow, connections=_CONNECTIONS, count=500))
        for _ in range(rounds):
            for port, rates in ((_PORT, fresh), (_PORT + 1, full)):
                load = asyncio.run(pour(port, flow, connections=_CONNECTIONS, count=count))
                if load.statuses != {202: count}:
                    raise RuntimeError(f"not all were taken: {load.statuses}")
                rates.append(load.rate)
    return fresh, full


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=100_000, help="sessions to store before the measurement")
    parser.add_argument("--measured", type=int, default=2_000, help="sessions of each round and server")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with folder() as data:
        base = floor(data / "floor.db", 3_000)
    print(f"floor (sqlite3, one transaction a session):   {base:8.0f} sessions/s")
    fresh, full = measure(options.stored, options.measured, options.rounds)
    shares = sorted(later / first for first, later in zip(fresh, full, strict=True))
    rate, later = statistics.median(fresh), statistics.median(full)
    print(f"at       0 stored: {rate:8.0f} sessions/s, {rate / base:.2f} of the floor")
    print(
        f"at {options.stored:>7} stored: {later:8.0f} sessions/s, {statistics.median(shares):.2f} of the rate at 0",
        end="",
    )
    print(f" (rounds {shares[0]:.2f} to {shares[-1]:.2f})")


if __name__ == "__main__":
    main()
