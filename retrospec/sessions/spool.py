"""Bytes kept aside while they are worked on: in memory as long as they are few, else in a nameless file.

A file that is mapped costs memory only while it is read, and is gone with its last reader, however the
process ends.
"""

import asyncio
import mmap
import sys
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from retrospec.core.errors import Unavailable

Buffer = bytes | mmap.mmap

MEMORY_BYTES = 1 << 20
STEP = 256 * 1024


class Spool:
    """Takes bytes in, in one thread at a time. Whoever leaves it without `finish` leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        """Make an empty one.

        Args:
            folder: Where the file lies; made when it is needed.
        """
        self._folder = folder
        self._held = bytearray()
        self._file: IO[bytes] | None = None

    def write(self, pieces: Iterable[bytes]) -> None:
        """Append.

        Raises:
            Unavailable: There is no room for it.
        """
        for piece in pieces:
            self._held += piece
            if len(self._held) > MEMORY_BYTES:
                self._write_out()

    def finish(self) -> Buffer:
        """Hand over all that was written.

        Raises:
            Unavailable: There is no room for it.
        """
        if self._file is None:
            return bytes(self._held)
        self._write_out()
        try:
            return mmap.mmap(self._file.fileno(), 0, prot=mmap.PROT_READ)
        except OSError as cause:
            raise _no_room(cause) from cause

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            # A mapping outlives its file.
            self._file.close()

    def _write_out(self) -> None:
        try:
            if self._file is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed by __exit__
            with memoryview(self._held) as held:
                done = 0
                while done < len(held):
                    done += self._file.write(held[done:])
        except OSError as cause:
            raise _no_room(cause) from cause
        self._held.clear()


async def spooled(pieces: AsyncIterable[bytes], folder: Path) -> Buffer:
    """Take in what arrives piece by piece; files are written in a thread.

    Args:
        pieces: Of any size. What it raises passes through.
        folder: Where the file lies, if there is need of one.

    Raises:
        Unavailable: There is no room for it.
    """
    with Spool(folder) as spool:
        waiting: list[bytes] = []
        size = 0
        async for piece in pieces:
            waiting.append(piece)
            size += len(piece)
            if size > MEMORY_BYTES:
                await asyncio.to_thread(spool.write, waiting)
                waiting, size = [], 0
        spool.write(waiting)
        return spool.finish()


async def slices(buffer: Buffer, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes from one position to another, in steps."""
    for at in range(start, end, STEP):
        yield buffer[at : min(at + STEP, end)]


def let_go(buffer: Buffer, start: int, end: int) -> None:
    """Take a part that was read out of memory again; it can be read anew from its file."""
    if isinstance(buffer, mmap.mmap) and sys.platform == "linux":
        begin = start - start % mmap.PAGESIZE
        buffer.madvise(mmap.MADV_DONTNEED, begin, end - begin)


def release(buffer: Buffer) -> None:
    """Give a mapping back now. One that a thread still reads goes with that thread."""
    if isinstance(buffer, mmap.mmap):
        with suppress(BufferError):
            buffer.close()


def _no_room(cause: OSError) -> Unavailable:
    # Without the path: clients get to see this text.
    return Unavailable(f"what arrives cannot be kept aside: {cause.strerror or cause}")
