"""Bodies are inflated step by step, never beyond their limit, and end as their encoding says."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import pytest
import zstandard
from sanic import Request

from retrospec.core.body import BodyIncomplete, read_body, stream_body
from retrospec.core.errors import Invalid, RetrospecError, TooLarge, UnsupportedEncoding

LIMIT = 100_000
TEXT = bytes(range(256)) * 300
# Without the time of day: it would be in the names of tests, and these must be the same in every process.
ZIPPED = gzip.compress(TEXT, mtime=0)


class Stream:
    """What Sanic reads a body from, where each piece has to be waited for."""

    recv_buffer = b""
    request_bytes_left = 1

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = list(pieces)
        self.keep_alive = True
        self.taken = 0

    @property
    def request_body(self) -> bool:
        return bool(self._pieces)

    async def read(self) -> bytes | None:
        self.taken += 1
        return self._pieces.pop(0)


class Sent:
    """A request with a body in pieces."""

    def __init__(self, *pieces: bytes, **headers: str) -> None:
        self.stream = Stream(pieces)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def sent(*pieces: bytes, **headers: str) -> Request:
    return cast("Request", Sent(*pieces, **headers))


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


ENCODED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "GZIP": gzip.compress(TEXT),
    " x-gzip ": gzip.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
}


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("size", [1, 7, 100, 10**6])
async def test_a_body_comes_out_as_it_went_in_however_it_was_cut(encoding: str, size: int) -> None:
    body = ENCODED[encoding]
    pieces = cut(body, size) if size > 1 else [*cut(body[:50], 1), body[50:-50], *cut(body[-50:], 1)]

    assert await read_body(sent(*pieces, content_encoding=encoding), limit=LIMIT, timeout=5) == TEXT


async def test_gzip_may_have_several_members_and_zstd_several_frames() -> None:
    members = gzip.compress(b"one ") + gzip.compress(b"two")
    frames = zstandard.compress(b"one ") + zstandard.compress(b"two")

    assert await read_body(sent(members, content_encoding="gzip"), limit=LIMIT, timeout=5) == b"one two"
    assert await read_body(sent(frames, content_encoding="zstd"), limit=LIMIT, timeout=5) == b"one two"


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
async def test_no_body_is_empty(encoding: str) -> None:
    assert await read_body(sent(content_encoding=encoding), limit=LIMIT, timeout=5) == b""


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
async def test_the_limit_itself_is_allowed_and_one_byte_more_is_not(pack: Any) -> None:
    encoding = {bytes: "", gzip.compress: "gzip", zstandard.compress: "zstd"}[pack]

    fits = await read_body(sent(pack(b"x" * LIMIT), content_encoding=encoding), limit=LIMIT, timeout=5)

    assert len(fits) == LIMIT
    with pytest.raises(TooLarge):
        await read_body(sent(pack(b"x" * (LIMIT + 1)), content_encoding=encoding), limit=LIMIT, timeout=5)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
async def test_a_bomb_is_given_up_before_it_has_gone_off(encoding: str, pack: Any) -> None:
    bomb = pack(bytes(64 * 2**20))
    request = Sent(*cut(bomb, 512), content_encoding=encoding)
    out = 0

    async def take(pieces: AsyncIterator[bytes]) -> None:
        nonlocal out
        async for piece in pieces:
            out += len(piece)

    with pytest.raises(TooLarge):
        await take(stream_body(cast("Request", request), limit=LIMIT, timeout=5))

    assert out <= LIMIT
    assert request.stream.taken <= 3


async def test_an_announced_length_above_the_limit_is_refused_unread() -> None:
    request = Sent(b"x", content_length=str(LIMIT + 1))

    with pytest.raises(TooLarge, match=f"{LIMIT + 1} bytes, more than {LIMIT}"):
        await read_body(cast("Request", request), limit=LIMIT, timeout=5)

    assert request.stream.taken == 0


@pytest.mark.parametrize(
    ("body", "encoding", "refusal"),
    [
        (ZIPPED[:-1], "gzip", BodyIncomplete),
        (ZIPPED[:5], "gzip", BodyIncomplete),
        (ZIPPED + b"more", "gzip", Invalid),
        (TEXT, "gzip", Invalid),
        (zlib.compress(TEXT), "gzip", Invalid),
        (zstandard.compress(TEXT)[:-1], "zstd", BodyIncomplete),
        (TEXT, "zstd", Invalid),
        (TEXT, "br", UnsupportedEncoding),
        (TEXT, "gzip, gzip", UnsupportedEncoding),
    ],
)
async def test_what_is_not_as_its_encoding_says_is_refused(
    body: bytes, encoding: str, refusal: type[RetrospecError]
) -> None:
    with pytest.raises(refusal) as refused:
        await read_body(sent(*cut(body, 1000), content_encoding=encoding), limit=LIMIT, timeout=5)

    assert type(refused.value) is refusal


async def test_the_deadline_counts_from_the_first_byte_and_ends_the_connection() -> None:
    class Dripping(Stream):
        async def read(self) -> bytes | None:
            await asyncio.sleep(0.02)
            return await super().read()

    request = Sent()
    request.stream = Dripping([b"x"] * 100)

    with pytest.raises(BodyIncomplete, match="did not arrive in time"):
        await read_body(cast("Request", request), limit=LIMIT, timeout=0.1)

    assert request.stream.taken < 20
    assert not request.stream.keep_alive
