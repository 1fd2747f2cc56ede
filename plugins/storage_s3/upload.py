"""An object on its way into the bucket, with never more than one part of it in memory."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any

from retrospec.plugin import StorageUnavailable

from .calls import Calls

# S3 takes 10,000 parts of an object: enough for 160 GiB.
PART_BYTES = 16 << 20
_SMALL_BYTES = 1 << 20
# Of larger ones so many hold a part in memory, and the others wait: at an S3 that had stopped answering, 24 uploads of
# 8 MB took 235 MB and each further one 8 MB more; now 125 MB, and each further one 1 MB.
LARGE_AT_ONCE = 8


class Upload:
    """Collects pieces; what fits into one part goes in one call, and more goes in parts.

    Nothing is visible before `finish` has returned. After any failure `abort` gives back what S3 holds.
    """

    def __init__(self, calls: Calls, room: asyncio.Semaphore, key: str, options: Mapping[str, Any]) -> None:
        self._calls = calls
        self._room = room
        self._has_room = False
        self._key = key
        self._options = options
        self._part = BytesIO()
        self._size = 0
        self._creating: asyncio.Task[Any] | None = None
        self._sent: list[dict[str, Any]] = []

    async def write(self, piece: bytes) -> None:
        """Take a piece of any size."""
        if not self._has_room and self._size + len(piece) > _SMALL_BYTES:
            await self._calls.within_time(self._room.acquire())
            self._has_room = True
        rest = memoryview(piece)
        while rest:
            if self._part.tell() == PART_BYTES:
                await self._send_part()
            room = PART_BYTES - self._part.tell()
            self._size += self._part.write(rest[:room])
            rest = rest[room:]

    async def finish(self) -> int:
        """Make the object of what was written, and tell its size."""
        if self._creating is None:
            self._part.seek(0)
            await self._calls("put_object", Key=self._key, Body=self._part, **self._options)
            return self._size
        await self._send_part()
        await self._calls(
            "complete_multipart_upload",
            Key=self._key,
            UploadId=await self._upload_id(),
            MultipartUpload={"Parts": self._sent},
        )
        return self._size

    async def abort(self) -> None:
        """Have S3 drop the parts it holds, if it can be reached. The lifecycle rule finds what this misses."""
        if self._creating is None:
            return
        with suppress(StorageUnavailable):
            await self._calls("abort_multipart_upload", Key=self._key, UploadId=await self._upload_id())

    def leave(self) -> None:
        """Make room for others."""
        self._part = BytesIO()
        if self._has_room:
            self._has_room = False
            self._room.release()

    async def _send_part(self) -> None:
        number = len(self._sent) + 1
        self._part.seek(0)
        told = await self._calls(
            "upload_part", Key=self._key, UploadId=await self._upload_id(), PartNumber=number, Body=self._part
        )
        self._sent.append({"ETag": told["ETag"], "PartNumber": number})
        self._part = BytesIO()

    async def _upload_id(self) -> str:
        if self._creating is None:
            self._creating = asyncio.create_task(self._calls("create_multipart_upload", Key=self._key, **self._options))
        # Shielded: cancelled in the middle, nobody would know the id of what is to be aborted.
        upload_id: str = (await asyncio.shield(self._creating))["UploadId"]
        return upload_id
