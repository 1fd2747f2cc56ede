"""A process that claims jobs: `python -m tests.jobs.claimer URL NAME HOW`.

`HOW` is `drain`, to complete whatever there is and name it, or `hold`, to claim one job and then do nothing.
"""

import asyncio
import sys

from retrospec.core.db import Database
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.schema import MODELS


async def main(url: str, name: str, how: str) -> None:
    database = Database(url, MODELS, pool_size=2)
    await database.open()
    queue = DatabaseQueue()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    if how == "hold":
        [lease] = await queue.claim("replay", worker=name, limit=1, lease_seconds=2)
        sys.stdout.write(f"{lease.job.id}\n")
        sys.stdout.flush()
        await asyncio.sleep(3600)
    while leases := await queue.claim("replay", worker=name, limit=3, lease_seconds=60):
        for lease in leases:
            assert await queue.complete(lease)
            sys.stdout.write(f"{lease.job.id}\n")
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
