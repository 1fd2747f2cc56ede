"""Keeps objects in a bucket of S3, or of a server that speaks like it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack

from retrospec.plugin import (
    ObjectContent,
    ObjectInfo,
    ObjectMissing,
    StorageBackend,
    checked_key,
    storage_backend,
)

from .bucket import make_ready, reach
from .calls import Calls, Refused
from .deletion import delete
from .download import UNTOLD, Download
from .sdk import opened
from .settings import S3Settings
from .upload import LARGE_AT_ONCE, Upload

__all__ = ["S3Settings", "S3Storage"]

# How long whoever put an object waits for the tidying after a failure; it goes on by itself then.
ABORT_SECONDS = 5


@storage_backend("s3", "A bucket of S3 or of a server that speaks like it", settings=S3Settings)
class S3Storage(StorageBackend):
    """An object is the object of its key in the bucket, with the content type it was given.

    In a bucket that keeps versions, deleting hides an object and the bucket keeps it; add a rule there
    that ends former versions, or switch versions off.
    """

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._aborting: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(LARGE_AT_ONCE)

    async def open(self) -> None:
        async with AsyncExitStack() as opening:
            sdk = await opening.enter_async_context(opened(self._settings))
            self._calls = Calls(sdk, self._settings.bucket, self._settings.timeout_seconds)
            await make_ready(self._calls, self._settings)
            self._stack = opening.pop_all()

    async def close(self) -> None:
        await asyncio.gather(*self._aborting)
        await self._stack.aclose()

    async def check(self) -> str:
        await reach(self._calls, self._settings)
        return f"bucket {self._settings.bucket} at {self._settings.place}"

    async def put(self, key: str, content: AsyncIterable[bytes], *, content_type: str) -> int:
        options = {"ContentType": content_type, **self._settings.encryption}
        upload = Upload(self._calls, self._room, checked_key(key), options)
        try:
            async for piece in content:
                await upload.write(piece)
            return await upload.finish()
        except BaseException:
            await self._abort(upload)
            raise
        finally:
            upload.leave()

    async def get(self, key: str, start: int = 0, end: int | None = None) -> ObjectContent:
        checked_key(key)
        if end is not None and end <= start:
            return ObjectContent(await self.stat(key), _nothing())
        download = Download(self._calls, key, start, end, attempts=self._settings.max_attempts)
        try:
            return ObjectContent(await download.open(), download)
        except Refused as refusal:
            if refusal.missing:
                raise ObjectMissing from refusal
            if refusal.reason != "InvalidRange":
                raise
            return ObjectContent(await self.stat(key), _nothing())

    async def stat(self, key: str) -> ObjectInfo:
        try:
            head = await self._calls("head_object", Key=checked_key(key))
        except Refused as refusal:
            if not refusal.missing:
                raise
            # The answer to HEAD does not say what is missing, and without its bucket no object is known to be.
            await self._calls("head_bucket")
            raise ObjectMissing from refusal
        return ObjectInfo(head["ContentLength"], head.get("ContentType", UNTOLD))

    async def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        return await delete(self._calls, keys)

    async def sample(self, limit: int) -> Sequence[str]:
        listed = await self._calls("list_objects_v2", MaxKeys=limit)
        return [found["Key"] for found in listed.get("Contents", [])]

    async def _abort(self, upload: Upload) -> None:
        # A task of its own: neither a second cancellation nor a slow S3 must leave the parts behind.
        aborting = asyncio.create_task(upload.abort())
        self._aborting.add(aborting)
        aborting.add_done_callback(self._aborting.discard)
        await asyncio.wait({aborting}, timeout=ABORT_SECONDS)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
