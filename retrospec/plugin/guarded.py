"""Storages, queues and analyzers of others as the server sees them: each call guarded, each answer checked."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from retrospec.core.errors import RetrospecError
from retrospec.plugin.analysis import Analysis, AnalysisRequest, Analyzer
from retrospec.plugin.budget import DailyBudget
from retrospec.plugin.guard import Guard, Guarded, LeftAlone
from retrospec.plugin.queue import (
    DeadLetterPage,
    Lease,
    Purged,
    QueueBackend,
    QueueDepths,
    QueuedJob,
    QueueUnavailable,
    Redriven,
    Scope,
)
from retrospec.plugin.storage import ObjectContent, ObjectInfo, StorageBackend, StorageUnavailable, checked_key

Result = TypeVar("Result")
_LOOK_AGAIN_SECONDS = 1.0


def _checked(kind: Any, value: Result, method: str) -> Result:
    if not isinstance(value, kind):
        raise TypeError(f"{method} returned a {type(value).__name__}")
    return value


class GuardedAnalyzer(Guarded, Analyzer):
    """An analyzer of others. While it is left alone, its jobs wait."""

    def __init__(self, analyzer: Analyzer, guard: Guard, *, timeout: float) -> None:
        """Stand before an analyzer.

        Args:
            analyzer: Itself.
            guard: Of its plugin.
            timeout: How long an analysis may take, seconds.
        """
        super().__init__(analyzer, guard)
        self._analyzer = analyzer
        self._longest = timeout

    @property
    def budget(self) -> DailyBudget | None:
        """The analyzer's own."""
        return self._analyzer.budget

    @budget.setter
    def budget(self, budget: DailyBudget | None) -> None:
        """Set the analyzer's own."""
        self._analyzer.budget = budget

    async def analyze(self, request: AnalysisRequest) -> Analysis:
        """Ask the analyzer, in its own event loop."""

        async def analyze() -> Analysis:
            return _checked(Analysis, await self._analyzer.analyze(request), "analyze")

        # Waited for, because each attempt at a job that ends at once brings its end nearer: the job has a time limit.
        while True:
            try:
                return await self._guard.call(analyze, doing="analyze", timeout=self._longest)
            except LeftAlone:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)


class GuardedStorage(Guarded, StorageBackend):
    """A storage of others. What it does wrong counts as not being there: the request gets 503, a job is tried again."""

    def __init__(self, storage: StorageBackend, guard: Guard) -> None:
        """Stand before a storage.

        Args:
            storage: Itself.
            guard: Of its plugin.
        """
        super().__init__(storage, guard)
        self._storage = storage

    async def put(self, key: str, content: AsyncIterable[bytes], *, content_type: str) -> int:
        """Store; the pieces come from the server's event loop, one at a time."""
        checked_key(key)
        source = _Source(content)
        try:
            return await self._ask(
                lambda: self._storage.put(key, source.pieces(), content_type=content_type),
                int,
                "put",
                progress=lambda: source.asked,
            )
        except Exception:
            # It is the sender's own failure, whatever the storage made of it.
            if source.failure is not None:
                raise source.failure from None
            raise

    async def get(self, key: str, start: int = 0, end: int | None = None) -> ObjectContent:
        """Read; the pieces are fetched from the plugin's event loop, one at a time."""
        content = await self._ask(lambda: self._storage.get(key, start, end), ObjectContent, "get")
        return ObjectContent(content.info, self._pieces(content.chunks))

    async def stat(self, key: str) -> ObjectInfo:
        """Look."""
        return await self._ask(lambda: self._storage.stat(key), ObjectInfo, "stat")

    async def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Delete."""
        return await self._ask(lambda: self._storage.delete(keys), Mapping, "delete")

    async def sample(self, limit: int) -> Sequence[str] | None:
        """Name some objects."""
        return await self._ask(lambda: self._storage.sample(limit), (Sequence, type(None)), "sample")

    async def _pieces(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async def following() -> bytes | None:
            return await anext(chunks, None)

        try:
            while (piece := await self._ask(following, (bytes, type(None)), "get")) is not None:
                yield piece
        finally:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await self._ask(close, type(None), "get")

    async def _ask(
        self,
        work: Callable[[], Awaitable[Result]],
        kind: Any,
        method: str,
        *,
        progress: Callable[[], object] | None = None,
    ) -> Result:
        async def asking() -> Result:
            return _checked(kind, await work(), method)

        try:
            return await self._guard.call(
                asking, doing=method, expected=(RetrospecError, ValueError), progress=progress
            )
        except (RetrospecError, ValueError):
            raise
        except Exception as cause:
            raise StorageUnavailable from cause


class _Source:
    """What is to be stored, as the plugin's event loop gets it.

    Attributes:
        asked: How many pieces it has asked for.
        failure: What the sender raised; None: nothing.
    """

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        self._content = aiter(content)
        self._home = asyncio.get_running_loop()
        self.asked = 0
        self.failure: BaseException | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Each piece, made in the sender's event loop."""
        while True:
            self.asked += 1
            # No StopAsyncIteration leaves a task, so the end is None.
            piece = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._next(), self._home))
            if piece is None:
                return
            yield piece

    async def _next(self) -> bytes | None:
        try:
            return await anext(self._content, None)
        except BaseException as cause:
            self.failure = cause
            raise


class GuardedQueue(Guarded, QueueBackend):
    """A queue of others. What it does wrong counts as not being there: jobs wait, and ingest goes on."""

    def __init__(self, queue: QueueBackend, guard: Guard) -> None:
        """Stand before a queue.

        Args:
            queue: Itself.
            guard: Of its plugin.
        """
        super().__init__(queue, guard)
        self._queue = queue
        self.delays = queue.delays

    async def prepare(self, queue: str) -> None:
        """Make ready."""
        await self._ask(lambda: self._queue.prepare(queue), type(None), "prepare")

    async def publish(self, queue: str, jobs: Sequence[QueuedJob]) -> None:
        """Add jobs."""
        await self._ask(lambda: self._queue.publish(queue, jobs), type(None), "publish")

    async def claim(self, queue: str, *, worker: str, limit: int, lease_seconds: float) -> Sequence[Lease]:
        """Take jobs."""
        return await self._ask(
            lambda: self._queue.claim(queue, worker=worker, limit=limit, lease_seconds=lease_seconds),
            Sequence,
            "claim",
        )

    async def extend(self, lease: Lease, *, lease_seconds: float) -> bool:
        """Hold for longer."""
        return await self._ask(lambda: self._queue.extend(lease, lease_seconds=lease_seconds), bool, "extend")

    async def complete(self, lease: Lease) -> bool:
        """End well."""
        return await self._ask(lambda: self._queue.complete(lease), bool, "complete")

    async def retry(self, lease: Lease, *, delay_seconds: float, error: str) -> bool:
        """Try again later."""
        return await self._ask(
            lambda: self._queue.retry(lease, delay_seconds=delay_seconds, error=error), bool, "retry"
        )

    async def release(self, lease: Lease) -> bool:
        """Give back."""
        return await self._ask(lambda: self._queue.release(lease), bool, "release")

    async def bury(self, lease: Lease, *, error: str, scope: Scope = "failed") -> bool:
        """Give up."""
        return await self._ask(lambda: self._queue.bury(lease, error=error, scope=scope), bool, "bury")

    async def depths(self, queue: str) -> QueueDepths:
        """Count."""
        return await self._ask(lambda: self._queue.depths(queue), QueueDepths, "depths")

    async def oldest(self, queue: str) -> datetime | None:
        """Look for the first."""
        return await self._ask(lambda: self._queue.oldest(queue), (datetime, type(None)), "oldest")

    async def dead_letters(self, queue: str, scope: Scope, *, offset: int, limit: int) -> DeadLetterPage:
        """List dead letters."""
        return await self._ask(
            lambda: self._queue.dead_letters(queue, scope, offset=offset, limit=limit), DeadLetterPage, "dead_letters"
        )

    async def buried(self, queue: str, ids: Collection[str]) -> Collection[str]:
        """Look for dead letters."""
        return await self._ask(lambda: self._queue.buried(queue, ids), Collection, "buried")

    async def purge(self, queue: str, scope: Scope, *, limit: int) -> Purged:
        """Delete dead letters."""
        return await self._ask(lambda: self._queue.purge(queue, scope, limit=limit), Purged, "purge")

    async def redrive(self, queue: str, *, limit: int) -> Redriven:
        """Put dead letters back."""
        return await self._ask(lambda: self._queue.redrive(queue, limit=limit), Redriven, "redrive")

    async def _ask(self, work: Callable[[], Awaitable[Result]], kind: Any, method: str) -> Result:
        async def asking() -> Result:
            return _checked(kind, await work(), method)

        try:
            return await self._guard.call(asking, doing=method, expected=(RetrospecError,))
        except RetrospecError:
            raise
        except Exception as cause:
            raise QueueUnavailable from cause
