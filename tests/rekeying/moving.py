"""Moves the project of a database to `fingerprint`, in a process of its own: to be killed."""

import asyncio
import sys
from collections.abc import Sequence

from retrospec.core.db import Database
from retrospec.plugin import MarkerFacts
from retrospec.rekeying.lease import Progress
from retrospec.rekeying.mover import Mover
from retrospec.schema import MODELS
from retrospec_plugins.cluster_fingerprint import Fingerprint
from tests.rekeying.corpus import TARGET


async def key(markers: Sequence[MarkerFacts]) -> Sequence[str]:
    """As the strategy has it."""
    return Fingerprint().keys(markers)


async def move(url: str) -> None:
    """Say a word for each cluster that has moved, and one at the end."""

    def told(_progress: Progress, left: int) -> None:
        sys.stdout.write(f"left {left}\n")
        sys.stdout.flush()

    database = Database(url, MODELS, pool_size=4)
    await database.open()
    try:
        await Mover(database, TARGET, key, switched=False, told=told, settle=1.5, patience=0.3).run()
    finally:
        await database.close()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    asyncio.run(move(sys.argv[1]))
