"""Work on a clock, done once across all processes."""

from datetime import datetime, timedelta

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement

_TAKE = Statement("""
    INSERT INTO schedules (name, started_at) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at WHERE schedules.started_at <= $3
    RETURNING name
""")

_MOVE = Statement("UPDATE schedules SET started_at = $3 WHERE name = $1 AND started_at = $2")
# Further back than the clocks of any two processes differ.
_LONG_AGO = timedelta(days=1)


async def take_turn(database: Database, name: str, *, every: timedelta) -> bool:
    """Whether this process is the one to do a piece of work now.

    Args:
        database: Where the processes agree.
        name: Of the work.
        every: Nobody else gets it within this.
    """
    moment = now()
    return bool(await _TAKE.fetch(database.connection, name, moment, moment - every))


class Turn:
    """Work that one process at a time does, for as long as there is any. Whoever stops without a word loses it.

    The time in the row is the holder's own: whoever finds another one there is not the holder any more.
    """

    def __init__(self, database: Database, name: str, *, seconds: float) -> None:
        """Make a turn that is not taken.

        Args:
            database: Where the processes agree.
            name: Of the work.
            seconds: How long a turn lasts unless it is kept. Clocks may differ by less than that.
        """
        self._database = database
        self._name = name
        self._lasts = timedelta(seconds=seconds)
        self._since: datetime | None = None

    async def take(self) -> bool:
        """Begin, unless another process is at it."""
        moment = now()
        taken = await _TAKE.fetch(self._database.connection, self._name, moment, moment - self._lasts)
        self._since = moment if taken else None
        return bool(taken)

    async def keep(self) -> bool:
        """Go on for a whole further time; False when another process has taken over."""
        moment = now()
        if self._since is None:
            return False
        if moment - self._since > self._lasts / 3:
            self._since = moment if await self._move(moment) else None
        return self._since is not None

    async def give_back(self) -> None:
        """Let others begin; nothing, where another process has taken over."""
        if self._since is not None:
            await self._move(self._since - _LONG_AGO)
            self._since = None

    async def _move(self, moment: datetime) -> bool:
        return bool(await _MOVE.run(self._database.connection, self._name, self._since, moment))
