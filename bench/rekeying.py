"""A project of 100,000 sessions is moved to another clustering strategy, and back.

    python -m bench.rekeying [--database postgres|sqlite] [--sessions N]

There, `fingerprint` makes a handful of issues of two hundred, into which every failure moves. And back, each gets the
key that needs no strategy: those few are two hundred again. Before each, a dry run looks at all sessions. Nobody
ingests meanwhile, so this says what a move costs; the longest step is how long ingest would have waited for it. Exits 1
when one took over a second.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.copying import copy
from bench.filling import fill
from bench.postgres import postgres
from bench.server import folder
from retrospec.clustering.plain import plain_key
from retrospec.core.db import Database
from retrospec.core.migrations import Migrations
from retrospec.plugin import MarkerFacts
from retrospec.rekeying.dry_run import look_ahead
from retrospec.rekeying.mover import Mover
from retrospec.rekeying.report import forecast
from retrospec.rekeying.step import Target
from retrospec.rekeying.survey import LONG_AGO, Keyer
from retrospec.schema import MODELS
from retrospec_plugins.cluster_fingerprint import Fingerprint

_PROJECT = "proj_default"


async def _fingerprint(markers: Sequence[MarkerFacts]) -> Sequence[str]:
    return Fingerprint().keys(markers)


async def _plain(markers: Sequence[MarkerFacts]) -> Sequence[str]:
    return [plain_key(marker) for marker in markers]


async def _move(database: Database, target: Target, key: Keyer) -> int:
    begun = time.perf_counter()
    plan = await look_ahead(database, target, key, LONG_AGO)
    said = forecast(plan, _PROJECT, target.strategy, target.version, days=7, min_sessions=2)
    looked = time.perf_counter() - begun
    begun = time.perf_counter()
    done = await Mover(database, target, key, switched=True, settle=0, patience=0).run()
    print(
        f"to {target.strategy}: dry run of {said.sessions:,} sessions and {said.markers:,} failures in {looked:.1f} s; "
        f"{said.clusters_before} clusters became {said.clusters_after}, {done.markers_moved:,} failures moved in "
        f"{time.perf_counter() - begun:.1f} s, longest step {done.longest_step_ms} ms",
        flush=True,
    )
    return done.longest_step_ms


async def measure(url: str) -> int:
    """Move there and back, and give the longest step in milliseconds."""
    database = Database(url, MODELS, pool_size=4)
    await database.open()
    try:
        there = await _move(database, Target(_PROJECT, "fingerprint", Fingerprint.version, 2), _fingerprint)
        return max(there, await _move(database, Target(_PROJECT, "plain", 1, 2), _plain))
    finally:
        await database.close()


async def _prepare(url: str, data: Path, sessions: int, *, on_sqlite: bool) -> str:
    await fill(url, sessions=sessions)
    if not on_sqlite:
        return url
    file = f"sqlite://{data / 'retrospec.db'}"
    await Migrations(file, MODELS).upgrade()
    await copy(url, data / "retrospec.db")
    return file


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["postgres", "sqlite"], default="postgres")
    parser.add_argument("--sessions", type=int, default=100_000)
    given = parser.parse_args()
    with folder() as data, postgres() as url:
        filled = asyncio.run(_prepare(url, data, given.sessions, on_sqlite=given.database == "sqlite"))
        longest = asyncio.run(measure(filled))
    return 0 if longest <= 1000 else 1


if __name__ == "__main__":
    sys.exit(main())
