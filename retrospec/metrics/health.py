"""Whether the server works, in words that a person can act on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from retrospec.core.db import Database
from retrospec.core.errors import RetrospecError
from retrospec.core.log import hide_secrets
from retrospec.core.migrations import SchemaBehind, missing_migrations
from retrospec.plugin import QueueBackend, StorageBackend

_LONGEST_DETAIL = 300
Dependency = Literal["database", "migrations", "queue", "storage"]


class Health(msgspec.Struct):
    """Whether the process can serve requests."""

    status: Literal["ok", "down"]


class Check(msgspec.Struct):
    """One thing that the server depends on. `detail` says what was found, or what is wrong and what to do."""

    name: Dependency
    ok: bool
    detail: str


class Ready(msgspec.Struct):
    """Whether all that the server depends on works."""

    status: Literal["ready", "not ready"]
    checks: list[Check]


async def is_alive(database: Database, *, timeout: float = 2) -> bool:
    """Whether the database answers within a time, seconds."""
    try:
        async with asyncio.timeout(timeout):
            await database.ping()
    except Exception:
        return False
    return True


class Readiness:
    """Asks each dependency whether it works: for `/readyz` and for `retrospec doctor`."""

    def __init__(self, database: Database, queue: QueueBackend, storage: StorageBackend, *, timeout: float = 3) -> None:
        """Take what is to be asked, all of it open.

        Args:
            database: The connection of this process.
            queue: The queue in use.
            storage: The storage in use.
            timeout: How long each may take to answer, seconds.
        """
        self._database = database
        self._queue = queue
        self._storage = storage
        self._timeout = timeout

    async def check(self) -> list[Check]:
        """Ask all of them at once. Never raises: what goes wrong is in the checks."""
        return list(
            await asyncio.gather(
                self._ask("database", self._check_database, "check DATABASE_URL and that the server runs"),
                self._ask("migrations", self._check_migrations, "this needs the database to answer"),
                self._ask("queue", self._queue.check, "check its settings and that its server runs"),
                self._ask("storage", self._storage.check, "check its settings and that it can be written"),
            )
        )

    async def _ask(self, name: Dependency, question: Callable[[], Awaitable[str]], advice: str) -> Check:
        try:
            async with asyncio.timeout(self._timeout):
                return Check(name, True, _harmless(await question()))
        except TimeoutError:
            return Check(name, False, f"does not answer within {self._timeout:g} s; {advice}")
        except RetrospecError as failure:
            # Ours, and those of plugins that know this server: they say what to do themselves.
            return Check(name, False, _harmless(str(failure)))
        except Exception as failure:
            return Check(name, False, f"{_harmless(str(failure) or type(failure).__name__)}; {advice}")

    async def _check_database(self) -> str:
        await self._database.ping()
        return await self._database.describe()

    async def _check_migrations(self) -> str:
        # Asked by itself: without an answer, every migration would seem to be missing.
        await self._database.ping()
        missing = await missing_migrations(self._database.connection)
        if missing:
            raise SchemaBehind(f"the schema lacks {', '.join(missing)}; run `retrospec db upgrade`")
        return "the schema is up to date"


def _harmless(text: str) -> str:
    """One line without secrets: everybody may read it, and drivers put addresses into their errors."""
    shown = hide_secrets(None, "", {"detail": " ".join(text.split())})["detail"]
    return str(shown)[:_LONGEST_DETAIL]
