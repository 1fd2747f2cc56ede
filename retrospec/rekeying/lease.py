"""Who moves a project, and how far it has come: one row, which every step of the move writes.

The row's time is the token of whoever moves the project. A step that finds another one there has lost the project to
somebody else, and leaves nothing. A process that was killed is known by a token that no longer changes.
"""

import asyncio
from datetime import datetime, timedelta
from time import monotonic

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement, read_json, read_time, reading, transact
from retrospec.core.errors import Conflict
from retrospec.rekeying.triage import Triage

# A sign of life is given so often, while a step waits or the project is read.
_BEAT_SECONDS = 1.0

_READ = Statement("""
    SELECT strategy, strategy_version, status, progress, updated_at FROM clustering_moves WHERE project_id = $1
""")
# As another token: two commands that find the same one cannot both write.
_TAKE = Statement("""
    UPDATE clustering_moves SET strategy = $3, strategy_version = $4, status = 'running', progress = $5,
        started_at = CASE WHEN $7 THEN started_at ELSE $6 END,
        updated_at = $6, finished_at = NULL
    WHERE project_id = $1 AND updated_at = $2
""")
_BEGIN = Statement("""
    INSERT INTO clustering_moves (project_id, strategy, strategy_version, status, progress, started_at, updated_at)
    VALUES ($1, $2, $3, 'running', $4, $5, $5) ON CONFLICT (project_id) DO NOTHING
""")
_WRITE = Statement("""
    UPDATE clustering_moves SET progress = $3, updated_at = $4
    WHERE project_id = $1 AND updated_at = $2 AND status = 'running'
""")
_END = Statement("""
    UPDATE clustering_moves SET status = 'done', progress = $3, updated_at = $4, finished_at = $4
    WHERE project_id = $1 AND updated_at = $2 AND status = 'running'
""")


class MoveRefused(Conflict):
    """The project is being moved already."""


class Leaving(msgspec.Struct):
    """The cluster that is being moved at present.

    Attributes:
        key: Its key.
        main: As of `plan.Move`.
        leaves: As of `plan.Move`.
        whole: As of `plan.Known`.
        triage: What people had decided about it.
        symptom: What it was called.
        first_seen_at: When it was first seen, where nothing of that is kept any more.
        begun: Its key leads to the main one by now, and its history is there.
        told: The clusters that have taken over what people had decided.
    """

    key: str
    main: str
    leaves: bool
    whole: bool
    triage: Triage
    symptom: str
    first_seen_at: datetime | None = None
    begun: bool = False
    told: list[str] = []


class Progress(msgspec.Struct):
    """How far it has come.

    Attributes:
        switched_at: When servers were told the strategy.
        leaving: The cluster that is being moved.
        clusters: How many were moved.
        markers: How many were moved.
        sessions: How many were moved, once for each cluster that they were moved out of.
    """

    switched_at: datetime | None = None
    leaving: Leaving | None = None
    clusters: int = 0
    markers: int = 0
    sessions: int = 0


class Found(msgspec.Struct):
    """A move that was begun."""

    strategy: str
    version: int
    running: bool
    progress: Progress
    token: datetime


async def read_move(db: BaseDBAsyncClient, project_id: str) -> Found | None:
    """The last move of a project."""
    found = await _READ.fetch(db, project_id)
    if not found:
        return None
    (row,) = found
    return Found(
        row["strategy"],
        row["strategy_version"],
        row["status"] == "running",
        read_json(row["progress"], Progress),
        read_time(row["updated_at"]),
    )


async def _find(project_id: str) -> Found | None:
    async def look(db: BaseDBAsyncClient) -> Found | None:
        return await read_move(db, project_id)

    return await reading(look)


async def check_idle(project_id: str, patience: float) -> Found | None:
    """Wait whether an unfinished move gives a sign of life, and give it where it does not.

    Args:
        project_id: Whose.
        patience: Seconds without a sign after which whoever moved the project is taken for gone.

    Raises:
        MoveRefused: It does.
    """
    found = await _find(project_id)
    if found is None or not found.running:
        return found
    until = monotonic() + patience
    while monotonic() < until:
        await asyncio.sleep(min(0.2, patience))
        latest = await _find(project_id)
        if latest is None or latest.token != found.token:
            raise MoveRefused(f"another command is moving {project_id} to {found.strategy} at this moment")
    return found


class Lease:
    """The right to move a project, for as long as nobody else takes it.

    Attributes:
        progress: As it was written last.
    """

    def __init__(self, project_id: str, progress: Progress, token: datetime) -> None:
        self.progress = progress
        self._project_id = project_id
        self._token = token
        self._beaten = monotonic()

    @classmethod
    async def take(
        cls, project_id: str, strategy: str, version: int, progress: Progress, former: Found | None
    ) -> "Lease":
        """Begin a move, or take up one that was interrupted.

        Args:
            project_id: Whose.
            strategy: Where to.
            version: Its version.
            progress: What was done so far.
            former: The last one, as `check_idle` gave it.

        Raises:
            MoveRefused: Somebody else was faster.
        """
        said, moment = _encoded(progress), now()

        async def work(db: BaseDBAsyncClient) -> int:
            if former is None:
                return await _BEGIN.run(db, project_id, strategy, version, said, moment)
            resumed = former.running and (former.strategy, former.version) == (strategy, version)
            return await _TAKE.run(db, project_id, former.token, strategy, version, said, moment, resumed)

        if not await transact(work):
            raise MoveRefused(f"another command has begun to move {project_id} at this moment")
        return cls(project_id, progress, moment)

    async def write(self, db: BaseDBAsyncClient, progress: Progress) -> datetime:
        """Write progress as part of a step, and give the token to be confirmed once the step is committed.

        Raises:
            MoveRefused: The project was lost.
        """
        token = self._next()
        if not await _WRITE.run(db, self._project_id, self._token, _encoded(progress), token):
            raise MoveRefused(f"the move of {self._project_id} was taken over by another command")
        return token

    def confirm(self, progress: Progress, token: datetime) -> None:
        """A step is committed."""
        self.progress, self._token, self._beaten = progress, token, monotonic()

    async def beat(self) -> None:
        """Give a sign of life, if the last one was some time ago."""
        if monotonic() - self._beaten > _BEAT_SECONDS:
            await self.save(self.progress)

    async def save(self, progress: Progress) -> None:
        """Write progress by itself."""

        async def work(db: BaseDBAsyncClient) -> datetime:
            return await self.write(db, progress)

        self.confirm(progress, await transact(work))

    async def end(self) -> None:
        """Everything is where it belongs."""
        token = self._next()

        async def work(db: BaseDBAsyncClient) -> int:
            return await _END.run(db, self._project_id, self._token, _encoded(self.progress), token)

        if not await transact(work):
            raise MoveRefused(f"the move of {self._project_id} was taken over by another command")

    def _next(self) -> datetime:
        return max(now(), self._token + timedelta(microseconds=1))


def _encoded(progress: Progress) -> str:
    return msgspec.json.encode(progress).decode()
