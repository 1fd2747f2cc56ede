"""Objects on their way between a storage and something else: several at once, none of them whole in memory."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar

from retrospec.archive.errors import NotEmpty, Unfinished
from retrospec.plugin import ObjectContent, ObjectMissing, StorageBackend

# A storage answers, or syncs a file, in the time of some; more of them only wait for each other.
AT_ONCE = 8
# What is larger waits in a file without a name.
_IN_MEMORY = 1 << 20
_PIECE = 1 << 18

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class Held:
    """An object that is held aside. Used as `with held:`.

    Attributes:
        key: Its key.
        content_type: Its media type.
        size: Bytes.
        sha256: Of its content, in hexadecimal digits.
        file: Its content, at the beginning.
    """

    key: str
    content_type: str
    size: int = 0
    sha256: str = ""
    file: IO[bytes] = field(default_factory=lambda: SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 (closed by `with`)

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fill(self, pieces: Iterable[bytes]) -> None:
        """Take its content."""
        digest = hashlib.sha256()
        for piece in pieces:
            self._take(piece, digest)
        self._taken(digest)

    async def fill_from(self, content: ObjectContent) -> None:
        """Take its content as it comes."""
        digest = hashlib.sha256()
        async for piece in content.chunks:
            self._take(piece, digest)
        self._taken(digest)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its content."""
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece

    def _take(self, piece: bytes, digest: "hashlib._Hash") -> None:
        self.file.write(piece)
        digest.update(piece)
        self.size += len(piece)

    def _taken(self, digest: "hashlib._Hash") -> None:
        self.sha256 = digest.hexdigest()
        self.file.seek(0)


async def fetch(storage: StorageBackend, key: str) -> Held | None:
    """Read an object; None where there is none."""
    try:
        content = await storage.get(key)
    # A key that is none of this storage's has no object there.
    except (ObjectMissing, ValueError):
        return None
    held = Held(key, content.info.content_type)
    try:
        await held.fill_from(content)
    except ObjectMissing:
        held.file.close()
        return None
    except BaseException:
        held.file.close()
        raise
    return held


async def place(storage: StorageBackend, held: Held, *, look: bool, read_back: bool = False) -> None:
    """Write an object.

    Args:
        storage: Where to.
        held: What.
        look: Whether one may be there already: it stays, if it is the same.
        read_back: Read it afterwards.

    Raises:
        NotEmpty: Another object has its key.
        Unfinished: What is read back is something else.
    """
    if look and (there := await _fingerprint(storage, held.key)):
        if there != (held.size, held.sha256):
            raise NotEmpty(f"the storage has another object at {held.key}: clear it, or take an empty one")
        return
    await storage.put(held.key, held.pieces(), content_type=held.content_type)
    if read_back and await _fingerprint(storage, held.key) != (held.size, held.sha256):
        raise Unfinished(f"the storage gives {held.key} back otherwise than it was written")


async def _fingerprint(storage: StorageBackend, key: str) -> tuple[int, str] | None:
    try:
        content = await storage.get(key)
    except ObjectMissing:
        return None
    size, digest = 0, hashlib.sha256()
    async for piece in content.chunks:
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


async def known_to_be_empty(storage: StorageBackend) -> bool:
    """See that a storage holds nothing. If it cannot tell, each object has to be looked for before it is written.

    Raises:
        NotEmpty: It holds something; the text names some of it.
    """
    some = await storage.sample(3)
    if some:
        raise NotEmpty(
            f"the storage is not empty: it holds {', '.join(some)}{', …' if len(some) == 3 else ''}; clear it or take "
            "another. If they come from an attempt that broke off, go on with --resume"
        )
    return some is not None


async def in_order(
    items: AsyncIterable[Item], work: Callable[[Item], Awaitable[Result]], at_once: int = AT_ONCE
) -> AsyncGenerator[tuple[Item, Result], None]:
    """Work on several items at once, and give each with its result, in the order of the items."""
    running: deque[tuple[Item, asyncio.Future[Result]]] = deque()
    try:
        async for item in items:
            running.append((item, asyncio.ensure_future(work(item))))
            if len(running) >= at_once:
                yield running[0][0], await running[0][1]
                running.popleft()
        while running:
            yield running[0][0], await running[0][1]
            running.popleft()
    finally:
        await _end([future for _, future in running])


async def _end(running: Collection[asyncio.Future[Any]]) -> None:
    for one in running:
        one.cancel()
    if running:
        await asyncio.wait(running)
    done = [one for one in running if not one.cancelled() and not one.exception()]
    for held in [one.result() for one in done if isinstance(one.result(), Held)]:
        held.file.close()
