"""How long work goes on beside ingest without holding it up: in short steps, and with rests while sessions come in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter

from retrospec.core.db import Database, Statement

# A step takes about so long, and is followed by a rest of so many times that. On SQLite nobody else gets at the
# database meanwhile. On PostgreSQL a step mostly waits, for the event loop that it shares with ingest, and only the end
# of it keeps others waiting.
_ON_SQLITE, _ON_POSTGRES = (0.05, 4.0), (0.4, 1.0)
_LONGEST_REST = 2.0

_LATEST = Statement("SELECT coalesce(max(uid), 0) AS uid FROM sessions")


class Pace:
    """Says how much to do at once, and rests. One for each kind of work: their steps differ in size."""

    def __init__(self, database: Database, *, least: int, most: int) -> None:
        """Begin with small steps.

        Args:
            database: Where ingest is seen.
            least: Size of the smallest step: each has its commits, whatever its size.
            most: Size of the largest.
        """
        self._database = database
        self._size = self._least = least
        self._most = most
        self._seconds, self._rest = _ON_SQLITE if database.is_sqlite else _ON_POSTGRES
        self._latest = 0

    @asynccontextmanager
    async def step(self) -> AsyncIterator[int]:
        """Do one step in the block. Gives how many things it may take on; rests after it."""
        begun = perf_counter()
        yield self._size
        took = perf_counter() - begun
        # No more than doubled or halved: one step that waited for somebody else says little.
        fitting = self._size * min(2.0, max(0.5, self._seconds / max(took, 1e-6)))
        self._size = min(self._most, max(self._least, round(fitting)))
        await asyncio.sleep(min(took * self._rest, _LONGEST_REST) if await self._sessions_come_in() else 0)

    async def _sessions_come_in(self) -> bool:
        (row,) = await _LATEST.fetch(self._database.connection)
        before, self._latest = self._latest, row["uid"]
        return self._latest != before


async def in_steps(database: Database, work: Callable[[int], Awaitable[int]], *, most: int = 1_000) -> int:
    """Do something again and again until there is less of it than a step takes on, and say how much there was.

    Args:
        database: Where ingest is seen.
        work: Takes on so many things, and says how many there were.
        most: Size of any step.
    """
    pace, total, more = Pace(database, least=most // 4 or 1, most=most), 0, True
    while more:
        async with pace.step() as size:
            done = await work(size)
        total, more = total + done, done == size
    return total
