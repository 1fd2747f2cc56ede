"""Storage backends: where recordings and artifacts lie."""

from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from retrospec.core.errors import NotFound, Unavailable
from retrospec.plugin.component import Component
from retrospec.plugin.registration import offer

Backend = TypeVar("Backend", bound="type[StorageBackend]")
MAX_KEY_BYTES = 1024


class ObjectMissing(NotFound):
    """object not found"""

    code = "object_not_found"


class StorageUnavailable(Unavailable):
    """The storage does not answer; try again shortly."""

    code = "storage_unavailable"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of an object without reading it.

    Attributes:
        size: Whole size in bytes.
        content_type: Media type it was stored with.
    """

    size: int
    content_type: str


@dataclass(frozen=True, slots=True)
class ObjectContent:
    """An object, or a range of it, being read.

    Attributes:
        info: The whole object, even when a range is read.
        chunks: The bytes asked for, in pieces of at most 1 MiB. Read it to the end or await its
            `aclose()`, if it has one.
    """

    info: ObjectInfo
    chunks: AsyncIterator[bytes]


def checked_key(key: str) -> str:
    """Give the key back, or refuse one that no object can have. Every backend calls this first.

    A key is relative and `/`-separated, 1 to 1,024 bytes of UTF-8, without empty, `.` or `..` parts,
    NUL or backslash. The server makes only such keys; a backend asks again, so that no mistake
    elsewhere turns into reading or writing outside of the storage.

    Args:
        key: What is to become a path or an address.

    Raises:
        ValueError: It is no object key; the text says why.
    """
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"an object key has at most {MAX_KEY_BYTES:,} bytes")
    if "\0" in key or "\\" in key:
        raise ValueError(f"an object key holds no NUL and no backslash: {key!r}")
    if not {"", ".", ".."}.isdisjoint(key.split("/")):
        raise ValueError(f"an object key is relative and has no empty, '.' or '..' part: {key!r}")
    return key


class StorageBackend(Component):
    """Keeps objects under keys such as `session-events/proj_default/2026/11/22/shop.example/s1.json`.

    Keys are made by the server: relative, `/`-separated, without `..`. Backends refuse others with
    `checked_key` all the same. One instance serves the whole process and its methods run many times
    at once.
    """

    @abstractmethod
    async def put(self, key: str, content: AsyncIterable[bytes], *, content_type: str) -> int:
        """Store an object, replacing one of the same key at once or not at all.

        When this returns the object is durable. While it runs, and after it fails, readers see the
        former object or none, never a part.

        Args:
            key: Where it goes.
            content: The bytes, in pieces of any size; held in memory by nobody. What it raises
                passes through, and nothing is stored.
            content_type: Media type to keep with it.

        Returns:
            Size in bytes.

        Raises:
            StorageUnavailable: Not stored; the client may try again.
            ValueError: The key is none.
        """

    @abstractmethod
    async def get(self, key: str, start: int = 0, end: int | None = None) -> ObjectContent:
        """Read an object or a part of it.

        Args:
            key: Which object.
            start: First byte, from 0; within the object.
            end: The byte after the last; None for the object's end. May lie beyond it.

        Raises:
            ObjectMissing: There is no such object.
            StorageUnavailable: It cannot be told.
        """

    @abstractmethod
    async def stat(self, key: str) -> ObjectInfo:
        """Tell an object's size and type without reading it.

        Args:
            key: Which object.

        Raises:
            ObjectMissing: There is no such object.
            StorageUnavailable: It cannot be told.
        """

    @abstractmethod
    async def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Delete objects. One that is not there counts as deleted.

        Args:
            keys: At most 1,000 of them.

        Returns:
            For each key that could not be deleted, the reason. Never raises for a single key, not
            even for one that is no key.

        Raises:
            StorageUnavailable: None could be deleted.
        """

    async def sample(self, limit: int) -> Sequence[str] | None:
        """Name some of the objects that are there, whichever are found first.

        Asked before a backup is restored, which goes into an empty storage only.

        Args:
            limit: How many at the most.

        Returns:
            Their keys; None from a backend that cannot tell, which is what this does where it is not overridden.

        Raises:
            StorageUnavailable: It cannot be told now.
        """
        return None


def storage_backend(
    name: str, description: str, *, settings: type[BaseModel] | None = None
) -> Callable[[Backend], Backend]:
    """Offer the decorated class as the storage backend `name`.

    Args:
        name: What `STORAGE_BACKEND` calls it.
        description: One line for `retrospec plugins`.
        settings: Model of the section `[storage.<name>]`.
    """
    return offer(StorageBackend, name, description, settings)
