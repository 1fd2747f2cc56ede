"""Keeps objects as plain files in one folder: the storage of the embedded default."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from retrospec.plugin import ObjectContent, ObjectInfo, StorageBackend, StorageUnavailable, storage_backend

from .transfer import Incoming, Part
from .tree import Tree

# Between event loop and thread: one hop for what is smaller, which most recordings are.
HOP_BYTES = 1 << 20
# Many, because they wait for the disk: it syncs several files in the time of one.
THREADS = 16

Params = ParamSpec("Params")
Result = TypeVar("Result")


class LocalSettings(BaseModel):
    """The section `[storage.local]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: Path = Field(description="Folder that holds the objects; made when it is not there")


@storage_backend("local", "Plain files in a folder", settings=LocalSettings)
class LocalStorage(StorageBackend):
    """An object is the file of its key below the root.

    Two puts of one key with different content types at the same moment may leave the bytes of one
    with the type of the other.
    """

    def __init__(self, settings: LocalSettings) -> None:
        self._tree = Tree(settings.root)
        self._threads = ThreadPoolExecutor(THREADS, "storage-local")

    async def open(self) -> None:
        try:
            await self._run(self._tree.open)
        except StorageUnavailable as error:
            raise StorageUnavailable(f"{self._tree.root}: {error}") from error

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)

    async def check(self) -> str:
        try:
            free = await self._run(self._tree.probe)
        except StorageUnavailable as error:
            raise StorageUnavailable(
                f"{self._tree.root}: {error} (make room there, or correct its owner and mode)"
            ) from error
        return f"{self._tree.root} ({free / 1e9:.1f} GB free)"

    async def put(self, key: str, content: AsyncIterable[bytes], *, content_type: str) -> int:
        self._tree.check(key)
        incoming = Incoming(self._tree)
        pieces: list[bytes] = []
        held = 0
        try:
            async for piece in content:
                pieces.append(piece)
                held += len(piece)
                if held >= HOP_BYTES:
                    await self._run(incoming.write, pieces)
                    pieces, held = [], 0
            return await self._run(incoming.finish, pieces, key, content_type)
        except BaseException:
            # Shielded: a second cancellation must not leave the file behind.
            await asyncio.shield(self._run(incoming.discard))
            raise

    async def get(self, key: str, start: int = 0, end: int | None = None) -> ObjectContent:
        part = await self._run(Part, self._tree, key, start, end)
        return ObjectContent(part.info, PartReader(part, self._run))

    async def stat(self, key: str) -> ObjectInfo:
        return await self._run(self._tree.stat, key)

    async def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        return await self._run(self._tree.delete, keys)

    async def sample(self, limit: int) -> Sequence[str]:
        return await self._run(self._tree.sample, limit)

    async def _run(self, work: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
        """Do file work in a thread, and call its failures by our name."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, partial(work, *args, **kwargs))
        except OSError as error:
            # Without the path: clients get to see this text.
            raise StorageUnavailable(f"the storage failed: {error.strerror or error}") from error


class PartReader(AsyncIterator[bytes]):
    """Hands out a part piece by piece."""

    def __init__(self, part: Part, run: Callable[[Callable[[], bytes]], Awaitable[bytes]]) -> None:
        self._part = part
        self._run = run

    async def __anext__(self) -> bytes:
        piece, self._part.first = self._part.first, b""
        if not piece and not self._part.ended:
            piece = await self._run(self._part.read)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._part.close()
