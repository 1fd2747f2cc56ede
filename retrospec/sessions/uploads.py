"""Taking recordings in: kept aside, checked, redacted, stored."""

import asyncio
import ctypes
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from retrospec.core.counters import Counters
from retrospec.core.errors import InvalidPayload, RetrospecError, TooLarge
from retrospec.core.ids import checked_session_id, new_uuid
from retrospec.core.settings import Settings
from retrospec.plugin import Redactor, StorageBackend
from retrospec.plugin.guard import Guard
from retrospec.projects.policies import Policies
from retrospec.sessions.cleaning import Cleaner, CleanUpload, GivenUp, Redact, RedactorFailed
from retrospec.sessions.keys import events_key
from retrospec.sessions.objects import expect_object, object_written
from retrospec.sessions.schemas import StoredEvents
from retrospec.sessions.spool import MEMORY_BYTES, Buffer, release, slices, spooled

# Cleaning is work for one core that mostly holds the interpreter. A second thread makes nothing faster but
# keeps small recordings from waiting behind a large one.
_AT_ONCE = 2


class Uploads:
    """Stores recordings. One for a process."""

    def __init__(
        self,
        settings: Settings,
        storage: StorageBackend,
        redactor: Redactor,
        policies: Policies,
        counters: Counters,
        guard: Guard | None = None,
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._redactor = redactor
        self._policies = policies
        self._counters = counters
        self._folder = settings.data_dir / "tmp"
        # A redactor of others has a thread of its own, and one only.
        self._guard = guard
        self._slots = asyncio.Semaphore(1 if guard else _AT_ONCE)
        self._large_slot = asyncio.Semaphore(1)

    async def store(self, project_id: str, body: AsyncIterable[bytes]) -> StoredEvents:
        """Store a recording; when this returns, it is durable.

        Args:
            project_id: Whose.
            body: The request's body, inflated, in pieces. What it raises passes through.

        Raises:
            InvalidPayload: What is wrong with it. Nothing is stored then.
            Unauthorized: The project is gone.
            Unavailable: Storage, database or redactor do not work, or there is no room.
        """
        received = await spooled(body, self._folder)
        large = len(received) > MEMORY_BYTES
        try:
            cleaned = await self._clean(received, await self._redact(project_id), large=large)
            try:
                return await self._put(project_id, cleaned)
            finally:
                release(cleaned.content)
        finally:
            release(received)
            if large:
                await asyncio.to_thread(_trim)

    async def _redact(self, project_id: str) -> Redact | None:
        decided = (await self._policies.of(project_id)).redact
        wanted = self._settings.redact_events if decided is None else decided
        return self._redactor.redact if wanted else None

    async def _clean(self, received: Buffer, redact: Redact | None, *, large: bool) -> CleanUpload:
        cleaner = Cleaner(received, redact, self._folder, most_beside=self._settings.max_body_bytes)
        async with self._slot(large=large):
            try:
                if redact is not None and self._guard is not None:
                    return await self._clean_guarded(cleaner, self._guard)
                return await asyncio.to_thread(cleaner.run)
            except RedactorFailed:
                if self._guard is None:
                    self._count_failure()
                raise
            finally:
                # A thread cannot be cancelled: whoever stops waiting tells it to stop.
                cleaner.give_up()

    async def _clean_guarded(self, cleaner: Cleaner, guard: Guard) -> CleanUpload:
        def progress() -> int:
            return cleaner.events

        try:
            return await guard.run(cleaner.run, doing="redact", expected=(InvalidPayload, TooLarge), progress=progress)
        except (RetrospecError, GivenUp):
            raise
        except Exception as cause:
            raise RedactorFailed from cause

    def _count_failure(self) -> None:
        self._counters.add("retrospec_plugin_errors_total", family="redaction", plugin=self._settings.redactor)

    @asynccontextmanager
    async def _slot(self, *, large: bool) -> AsyncIterator[None]:
        if large:
            async with self._large_slot, self._slots:
                yield
        else:
            async with self._slots:
                yield

    async def _put(self, project_id: str, cleaned: CleanUpload) -> StoredEvents:
        fields = cleaned.fields
        session_id = checked_session_id(fields.session_id) if fields.session_id else new_uuid()
        key = events_key(project_id, session_id, fields.site or "", datetime.now(UTC))
        await expect_object(project_id, session_id, key, "events")
        content = slices(cleaned.content, cleaned.start, cleaned.end)
        size = await self._storage.put(key, content, content_type="application/json")
        await object_written(project_id, session_id, key, "events", size)
        self._counters.add("retrospec_events_uploaded_total")
        self._counters.add("retrospec_events_uploaded_bytes_total", size)
        return StoredEvents(project_id, session_id, key)


def _find_trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # not glibc
        return None
    return trim


_malloc_trim = _find_trim()


def _trim() -> None:
    """Give freed memory back to the system. glibc keeps it in each thread's arena otherwise."""
    if _malloc_trim is not None:
        _malloc_trim(0)
