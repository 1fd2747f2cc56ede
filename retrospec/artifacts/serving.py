"""An object of the storage as an HTTP answer: whole or a range of it, and never as a page of our origin."""

import re
from typing import NamedTuple

from sanic import HTTPResponse, Request

from retrospec.core.errors import RangeNotSatisfiable
from retrospec.core.http import answer_error
from retrospec.plugin import ObjectContent, StorageBackend
from retrospec.sessions.recordings import close_content

# One range; several of them would be answered as `multipart/byteranges`, which no player asks for.
_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.ASCII | re.I)
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;[\x20-\x7e]*)?", re.ASCII)
# What a browser shows without running anything that stands in it.
_SHOWN = re.compile(r"(?:application/json|text/plain|(?:video|audio|image)/(?!svg).*)(?:\s*;.*)?", re.I)


class ByteRange(NamedTuple):
    """From a byte to the one before `end`."""

    start: int
    end: int


async def serve_object(request: Request, storage: StorageBackend, key: str) -> HTTPResponse | None:
    """Answer a request with an object, or with the range it asks for.

    Args:
        request: May carry `Range`.
        storage: Where the object lies.
        key: Which.

    Returns:
        None when the answer has been sent.

    Raises:
        ObjectMissing: There is no such object.
        StorageUnavailable: It cannot be read.
    """
    wanted = request.headers.get("range", "")
    # Without a validator of ours, whatever `If-Range` names is not what we have.
    if not wanted or "if-range" in request.headers:
        await _send(request, await storage.get(key), None)
        return None
    size = (await storage.stat(key)).size
    try:
        part = requested_range(wanted, size)
    except RangeNotSatisfiable as refusal:
        response = answer_error(request, refusal)
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    await _send(request, await (storage.get(key, *part) if part else storage.get(key)), part)
    return None


def requested_range(header: str, size: int) -> ByteRange | None:
    """What a `Range` header asks for.

    Args:
        header: Its value.
        size: Of the object, bytes.

    Returns:
        None for the whole object: several ranges, another unit, or nothing that is a range.

    Raises:
        RangeNotSatisfiable: It begins behind the object's end.
    """
    asked = _RANGE.fullmatch(header)
    if asked is None or asked[1] == asked[2] == "":
        return None
    if not asked[1]:
        part = ByteRange(max(0, size - int(asked[2])), size)
    else:
        part = ByteRange(int(asked[1]), min(int(asked[2]) + 1, size) if asked[2] else size)
        if asked[2] and int(asked[2]) < part.start:
            return None
    if part.start >= size:
        raise RangeNotSatisfiable(f"the object has {size} bytes")
    return part


async def _send(request: Request, content: ObjectContent, part: ByteRange | None) -> None:
    headers = _headers(content.info.content_type)
    size = content.info.size
    # The object may have been replaced since its size was asked for: what is announced is what is sent.
    start, end = (part.start, min(part.end, size)) if part else (0, size)
    headers["Content-Length"] = str(max(0, end - start))
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    try:
        response = await request.respond(status=206 if part else 200, headers=headers)
        async for piece in content.chunks:
            await response.send(piece)
        await response.eof()
    finally:
        await close_content(content)


def _headers(content_type: str) -> dict[str, str]:
    kind = content_type if _MEDIA_TYPE.fullmatch(content_type) else "application/octet-stream"
    headers = {
        "Content-Type": kind,
        "Cache-Control": "private, max-age=60",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        # Somebody else's worker wrote it: whatever it holds, it runs nothing on our origin.
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if not _SHOWN.fullmatch(kind):
        headers["Content-Disposition"] = "attachment"
    return headers
