"""Reads a second on PostgreSQL, at 100,000 stored sessions. Floor: `/healthz` of the same server in the same run."""

import argparse
import asyncio
import random
import statistics
from collections.abc import Iterator
from itertools import repeat

import asyncpg
import httpx

from bench.filling import fill
from bench.load import Load, pour, request
from bench.postgres import postgres
from bench.server import Running, folder, serving

_PORT = 18_091
_CONNECTIONS = 16
_ADMIN = "admin-key-of-the-measurement"
_SETTINGS = {"RATE_LIMIT_REQUESTS_PER_SEC": "0", "EMBEDDED_WORKER": "false", "ADMIN_API_KEY": _ADMIN}
# What each must reach, as a share of `/healthz`.
_WANTED = {
    "GET /v1/sessions/{id}": 0.30,
    "GET /v1/issues": 0.12,
    "GET /v1/issues/{key}/sessions?limit=200": 0.10,
    "GET /v1/issues/stats": 0.20,
}


def key_of(server: Running) -> str:
    """A new key of the default project."""
    path = f"{server.url}/v1/admin/projects/proj_default/keys"
    answer = httpx.post(path, headers={"X-Retrospec-Admin": _ADMIN}, json={}).raise_for_status()
    key: str = answer.json()["apiKey"]
    return key


async def large_issues(url: str) -> list[str]:
    """The keys of issues that have at least 200 sessions."""
    db = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    try:
        found = await db.fetch("SELECT key FROM issue_clusters WHERE session_count >= 200")
    finally:
        await db.close()
    return [row["key"].replace(":", "%3A") for row in found]


def flows(key: str, sessions: int, issues: list[str]) -> dict[str, Iterator[bytes]]:
    """The requests of each measurement, without end."""
    header, chance = f"X-Retrospec-Key: {key}\r\n", random.Random(1)

    def get(path: str) -> bytes:
        return request("GET", path, headers=header)

    flow = [
        (get(f"/v1/sessions/s-{chance.randint(1, sessions)}") for _ in repeat(None)),
        repeat(get("/v1/issues")),
        (get(f"/v1/issues/{chance.choice(issues)}/sessions?limit=200") for _ in repeat(None)),
        repeat(get("/v1/issues/stats")),
    ]
    return {"GET /healthz": repeat(get("/healthz"))} | dict(zip(_WANTED, flow, strict=True))


def measure(server: Running, flow: dict[str, Iterator[bytes]], *, rounds: int, seconds: float) -> dict[str, list[Load]]:
    """Each in turn, again and again: what else the machine does falls on all of them."""
    loads: dict[str, list[Load]] = {name: [] for name in flow}
    for number in range(rounds + 1):
        for name, sent in flow.items():
            load = asyncio.run(pour(server.port, sent, connections=_CONNECTIONS, count=200_000, seconds=seconds))
            # The first round fills caches, prepares statements, and does not count.
            if number:
                loads[name].append(load)
    return loads


def show(loads: dict[str, list[Load]]) -> None:
    """Rates, and shares of the floor by the median of the rounds."""
    floors = [load.rate for load in loads["GET /healthz"]]
    for name, found in loads.items():
        bad = {status for load in found for status in load.statuses} - {200}
        shares = [load.rate / floor for load, floor in zip(found, floors, strict=True)]
        rate, share = statistics.median(load.rate for load in found), statistics.median(shares)
        wanted = f"of the floor, wanted {_WANTED[name]:.2f}" if name in _WANTED else "(the floor)"
        print(f"{name:<42} {rate:7.0f}/s  {share:.2f} {wanted}  {min(shares):.2f}-{max(shares):.2f}  {bad or ''}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000, help="sessions stored")
    parser.add_argument("--issues", type=int, default=200, help="issues that they hit")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each read")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a measurement")
    options = parser.parse_args()
    with postgres() as url, folder() as data:
        asyncio.run(fill(url, sessions=options.sessions, issues=options.issues))
        with serving(data, _PORT, DATABASE_URL=url, **_SETTINGS) as server:
            flow = flows(key_of(server), options.sessions, asyncio.run(large_issues(url)))
            show(measure(server, flow, rounds=options.rounds, seconds=options.seconds))


if __name__ == "__main__":
    main()
