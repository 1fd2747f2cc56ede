"""What a process keeps in memory of projects, to be let go of when one changes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import msgspec

from retrospec.core.cors import Origins
from retrospec.core.db import Database, Statement
from retrospec.core.log import get_logger
from retrospec.projects.keys import KeyRing
from retrospec.projects.policies import Policies

log = get_logger(__name__)
_FRESH_SECONDS = 5.0
_ORIGINS = Statement("""
    SELECT allowed_origins FROM projects WHERE deleting_at IS NULL AND CAST(allowed_origins AS TEXT) <> '[]'
""")


class ProjectOrigins:
    """The origins that any project names, at most five seconds old."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._clock = clock
        self._fresh_until = float("-inf")
        self._origins: Origins = frozenset()
        self._reading = asyncio.Lock()

    async def all(self) -> Origins:
        """All of them; while the database is away, those that were known last."""
        if self._clock() < self._fresh_until:
            return self._origins
        async with self._reading:
            if self._clock() >= self._fresh_until:
                # Before reading: what changes from now on is seen by the next reading.
                self._fresh_until = self._clock() + _FRESH_SECONDS
                await self._read()
        return self._origins

    def forget(self) -> None:
        """Read them anew the next time."""
        self._fresh_until = float("-inf")

    async def _read(self) -> None:
        try:
            lists = [row["allowed_origins"] for row in await _ORIGINS.fetch(self._database.connection)]
        except Exception:
            log.warning("the projects' origins cannot be read; the known ones stay", exc_info=True)
            return
        self._origins = frozenset(origin for origins in lists for origin in _decoded(origins))


def _decoded(origins: str | list[str]) -> list[str]:
    return msgspec.json.decode(origins, type=list[str]) if isinstance(origins, str) else origins


@dataclass(frozen=True, slots=True)
class ProjectCaches:
    """Everything of a process that remembers projects."""

    keys: KeyRing
    origins: ProjectOrigins
    policies: Policies

    def forget(self, project_id: str) -> None:
        """A project or its keys have changed: see it at once on this process, within five seconds on others."""
        self.keys.forget()
        self.origins.forget()
        self.policies.forget(project_id)
