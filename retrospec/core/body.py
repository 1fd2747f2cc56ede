"""Reading a request's body: inflated in steps, never more than allowed, within a deadline."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

from sanic import Request
from sanic.exceptions import BadRequest, PayloadTooLarge

from retrospec.core.errors import Invalid, TooLarge, UnsupportedEncoding
from retrospec.core.protocol import Conversation

try:
    import zstandard
except ImportError:  # an optional extra
    zstandard = None  # type: ignore[assignment]

_STEP = 256 * 1024
# A zstd block of 4 bytes may stand for 128 KiB, and the library has no limit on what one call gives
# out: so it is fed in slices that can become 16 MiB at the most.
_ZSTD_SLICE = 512
_ZSTD_WINDOW = 8 * 2**20


class BodyIncomplete(Invalid):
    """The request's body did not arrive whole."""

    code = "body_incomplete"


class _Inflater(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None: ...


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        return


class _Gzip:
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:  # a gzip file may have several members
                self._inflate = zlib.decompressobj(wbits=31)
            self._begun = True
            try:
                yield self._inflate.decompress(data, _STEP)
            except zlib.error as cause:
                raise Invalid(f"the body is not valid gzip: {cause}") from cause
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def finish(self) -> None:
        if self._begun and not self._inflate.eof:
            raise BodyIncomplete("the gzip body is cut off")


class _Zstd:
    def __init__(self) -> None:
        self._inflate = self._frame()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._begun = self._begun or bool(data)
        for start in range(0, len(data), _ZSTD_SLICE):
            piece = data[start : start + _ZSTD_SLICE]
            while piece:
                if self._inflate.eof:  # a body may have several frames
                    self._inflate = self._frame()
                try:
                    yield self._inflate.decompress(piece)
                except zstandard.ZstdError as cause:
                    raise Invalid(f"the body is not valid zstd: {cause}") from cause
                piece = self._inflate.unused_data

    def finish(self) -> None:
        if self._begun and not self._inflate.eof:
            raise BodyIncomplete("the zstd body is cut off")

    @staticmethod
    def _frame() -> Any:
        return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()


def _inflater(encoding: str) -> _Inflater:
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Gzip()
        case "zstd" if zstandard is not None:
            return _Zstd()
    known = "identity, gzip, zstd" if zstandard is not None else "identity, gzip"
    raise UnsupportedEncoding(f"Content-Encoding {encoding!r} is not one of {known}")


async def stream_body(request: Request, *, limit: int, timeout: float) -> AsyncIterator[bytes]:
    """Yield the inflated body in pieces.

    Args:
        request: On a route with `stream=True`, its body not yet read.
        limit: Size after inflation, bytes.
        timeout: The whole body must have arrived within this, seconds. Sanic's own timeout begins anew
            with every byte, so a client could hold a connection for ever.

    Raises:
        TooLarge: It is larger than `limit`.
        BodyIncomplete: It ended early or took too long.
        UnsupportedEncoding: Its encoding is unknown.
        Invalid: It is not what its encoding says.
    """
    inflater = _inflater(request.headers.get("content-encoding", ""))
    announced = request.headers.get("content-length", "")
    if isinstance(inflater, _Identity) and announced.isdecimal() and int(announced) > limit:
        raise TooLarge(f"the body has {announced} bytes, more than {limit}")
    deadline = asyncio.get_running_loop().time() + timeout
    size = 0
    while (data := await _next_piece(request, deadline)) is not None:
        for piece in inflater.feed(data):
            size += len(piece)
            if size > limit:
                raise TooLarge(f"the body has more than {limit} bytes")
            yield piece
    inflater.finish()


def body_at_hand(request: Request, *, limit: int) -> bytes | None:
    """The body, where it has come whole with its head and need not be inflated; None: `read_body` has to read it.

    Arguments as for `stream_body`. It costs a quarter of that, and a small request has nothing more to wait for.
    """
    stream = request.stream
    if not isinstance(stream, Conversation) or "content-encoding" in request.headers:
        return None
    return stream.take_body(limit)


async def read_body(request: Request, *, limit: int, timeout: float) -> bytes:
    """The inflated body as a whole. Arguments and errors as for `stream_body`."""
    if (body := body_at_hand(request, limit=limit)) is not None:
        return body
    return b"".join([piece async for piece in stream_body(request, limit=limit, timeout=timeout)])


async def _next_piece(request: Request, deadline: float) -> bytes | None:
    stream: Any = request.stream
    if stream is None or not stream.request_body:
        return None
    try:
        if _is_here(stream):
            return bytes(await stream.read() or b"")
        async with asyncio.timeout_at(deadline):
            return bytes(await stream.read() or b"") if stream.request_body else None
    except TimeoutError as cause:
        # What is still to come would be read as the next request.
        stream.keep_alive = False
        raise BodyIncomplete("the body did not arrive in time") from cause
    except PayloadTooLarge as cause:
        raise TooLarge("the body is larger than this server takes") from cause
    except BadRequest as cause:
        raise BodyIncomplete(f"the body cannot be read: {cause}") from cause


def _is_here(stream: Any) -> bool:
    """Whether what is left of a body has arrived: most come with their heads, and need no timer."""
    return stream.request_body != "chunked" and bool(len(stream.recv_buffer) >= stream.request_bytes_left)
