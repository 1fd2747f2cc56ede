"""Keys of projects: how they look, finding whom one belongs to, and noting that it was used."""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Literal, cast

from retrospec.core.clock import now
from retrospec.core.cors import Origins
from retrospec.core.db import Database, Statement, rows, sql_time
from retrospec.projects.models import DEFAULT_PROJECT_ID, Project, ProjectApiKey

Scope = Literal["full", "ingest", "read"]

KNOWN_SECONDS = 5.0
# Short, so that a key made on another process works at once, and long enough to blunt guessing.
UNKNOWN_SECONDS = 1.0
FLUSH_SECONDS = 60.0
_REMEMBERED = 4096
_RAW_KEY = re.compile(r"rpk_[0-9a-f]{64}", re.ASCII)
_USED = Statement("""
    UPDATE project_api_keys SET last_used_at = r.at FROM @rows($1: id text, at timestamptz)
    WHERE project_api_keys.id = r.id AND (last_used_at IS NULL OR last_used_at < r.at)
""")


def new_raw_key() -> str:
    """A fresh key, with 256 random bits."""
    return f"rpk_{secrets.token_hex(32)}"


def key_hash(raw: str) -> str:
    """The SHA-256 of a key, in hex: all that is ever stored or compared of it."""
    # Headers are decoded with surrogates for bytes that are no UTF-8; such a key is merely wrong.
    return hashlib.sha256(raw.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What a good key opens. `key_id` is None for the operator's key and for requests without one."""

    key_id: str | None
    project_id: str
    scope: Scope
    expires_at: datetime | None
    # Web pages that may use it; empty: those that the server's settings name.
    origins: Origins


@dataclass(frozen=True, slots=True)
class _Remembered:
    until: float
    key: KnownKey | None


class KeyRing:
    """Finds keys, and remembers for a few seconds what it found.

    So a revoked key may go on working for five seconds on other processes. On this one `forget` ends it at once.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        # Apart, so that guesses do not push out good keys.
        self._known: OrderedDict[str, _Remembered] = OrderedDict()
        self._unknown: OrderedDict[str, _Remembered] = OrderedDict()
        self._loading: dict[str, asyncio.Task[KnownKey | None]] = {}

    async def find(self, raw: str) -> KnownKey | None:
        """What a raw key opens now; None where it is malformed, unknown, revoked or expired."""
        if not _RAW_KEY.fullmatch(raw):
            return None
        key = await self._recall(key_hash(raw))
        if key is None or (key.expires_at is not None and key.expires_at <= now()):
            return None
        return key

    def default_project(self) -> Coroutine[Any, Any, KnownKey | None]:
        """What opens the default project, all of it."""
        return self._recall("")

    def forget(self) -> None:
        """Find every key anew, and let what is being found now serve only those who wait for it."""
        self._known.clear()
        self._unknown.clear()
        self._loading = {}

    async def _recall(self, digest: str) -> KnownKey | None:
        found = self._known.get(digest) or self._unknown.get(digest)
        if found is not None and self._clock() < found.until:
            return found.key
        # One query for all requests that ask meanwhile; none of them ends it by going away.
        task = self._loading.get(digest)
        if task is None:
            task = self._loading[digest] = asyncio.create_task(self._load(digest, self._loading))
        return await asyncio.shield(task)

    async def _load(self, digest: str, loading: dict[str, asyncio.Task[KnownKey | None]]) -> KnownKey | None:
        # Before it is read: what is revoked meanwhile is in force in time, however long the database takes.
        asked = self._clock()
        try:
            key = await (_find_key(digest) if digest else _find_default())
            # Not after `forget`: this may have been read before what was to be forgotten.
            if loading is self._loading:
                self._remember(digest, key, asked)
        finally:
            loading.pop(digest, None)
        return key

    def _remember(self, digest: str, key: KnownKey | None, asked: float) -> None:
        self._known.pop(digest, None)
        self._unknown.pop(digest, None)
        memory, seconds = (self._unknown, UNKNOWN_SECONDS) if key is None else (self._known, KNOWN_SECONDS)
        memory[digest] = _Remembered(asked + seconds, key)
        if len(memory) > _REMEMBERED:
            memory.popitem(last=False)


async def _find_key(digest: str) -> KnownKey | None:
    row = await ProjectApiKey.get_or_none(key_hash=digest, revoked_at=None)
    if row is None or not hmac.compare_digest(row.key_hash, digest):
        return None
    project = await Project.get_or_none(id=row.project_id, deleting_at=None)
    if project is None:
        return None
    scope = cast("Scope", row.scope)
    return KnownKey(row.id, project.id, scope, row.expires_at, frozenset(project.allowed_origins))


async def _find_default() -> KnownKey | None:
    project = await Project.get_or_none(id=DEFAULT_PROJECT_ID)
    return KnownKey(None, project.id, "full", None, frozenset(project.allowed_origins)) if project else None


class KeyUse:
    """Notes in memory when keys were used. A loop writes it down once in `FLUSH_SECONDS`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._used: dict[str, datetime] = {}

    def note(self, key_id: str) -> None:
        """A key was used just now."""
        self._used[key_id] = now()

    async def flush(self) -> None:
        """Write what was noted since the last time, one write for each key.

        Raises:
            Exception: The database did not take it; it is kept for the next time.
        """
        used, self._used = self._used, {}
        if not used:
            return
        try:
            written = rows({"id": key_id, "at": sql_time(at)} for key_id, at in used.items())
            await _USED.run(self._database.connection, written)
        except BaseException:
            self._used = {**used, **self._used}
            raise
