"""An object on its way out of the bucket, piece by piece."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

from retrospec.plugin import ObjectInfo, StorageUnavailable

from .calls import Calls, Refused

READ_BYTES = 256 * 1024
# What S3 itself says of objects that came without a type.
UNTOLD = "binary/octet-stream"


class Download(AsyncIterator[bytes]):
    """Reads from one byte to another. A connection that breaks is taken up again where it broke.

    Only of the very same object: one that was replaced meanwhile is an error, never a mixture.
    """

    def __init__(self, calls: Calls, key: str, start: int, end: int | None, *, attempts: int) -> None:
        self._calls = calls
        self._key = key
        self._at = start
        self._end = end
        self._attempts = attempts
        self._etag = ""
        self._body: Any = None
        self._first = b""

    async def open(self) -> ObjectInfo:
        """Begin, and learn what is known of the whole object.

        The first piece is read along, so that small objects hold no connection even when nobody reads them.

        Raises:
            Refused: There is no such object, or the range lies behind its end.
            StorageUnavailable: S3 does not answer.
        """
        whole = self._at == 0 and self._end is None
        answer = await self._request({} if whole else {"Range": f"bytes={self._at}-{self._last()}"})
        size = answer["ContentLength"] if whole else int(answer["ContentRange"].rpartition("/")[2])
        self._etag = answer["ETag"]
        self._end = size if self._end is None else min(self._end, size)
        self._first = await self._read()
        return ObjectInfo(size, answer.get("ContentType", UNTOLD))

    async def __anext__(self) -> bytes:
        piece, self._first = self._first, b""
        piece = piece or await self._read()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Give the connection back."""
        self._close()

    async def _read(self) -> bytes:
        while self._end is not None and self._at < self._end:
            try:
                piece = await self._next_piece(self._end)
            except StorageUnavailable as failure:
                self._close()
                self._attempts -= 1
                if self._attempts <= 0 or isinstance(failure, Refused):
                    raise
                await asyncio.sleep(random.uniform(0, 0.5))  # noqa: S311 (spreads load, hides nothing)
            except BaseException:
                self._close()
                raise
            else:
                self._at += len(piece)
                return piece
        self._close()
        return b""

    async def _next_piece(self, end: int) -> bytes:
        if self._body is None:
            await self._request({"Range": f"bytes={self._at}-{end - 1}", "IfMatch": self._etag})
        piece = await self._calls.read(self._body, min(READ_BYTES, end - self._at))
        if not piece:
            raise StorageUnavailable("the storage broke off in the middle of an object")
        return piece

    async def _request(self, which: dict[str, str]) -> Any:
        answer = await self._calls("get_object", Key=self._key, **which)
        self._body = answer["Body"]
        if which and "ContentRange" not in answer:
            self._close()
            raise StorageUnavailable("the storage does not keep to the range asked for")
        return answer

    def _last(self) -> str:
        return "" if self._end is None else str(self._end - 1)

    def _close(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
