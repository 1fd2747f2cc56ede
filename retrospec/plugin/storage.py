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
        chunks: The bytes asked for, in pieces of at most 1 MiB. Read it to the end or close it.
    """

    info: ObjectInfo
    chunks: AsyncIterator[bytes]


class StorageBackend(Component):
    """Keeps objects under keys such as `session-events/proj_default/2026/11/22/shop.example/s1.json`.

    Keys are made by the server: relative, `/`-separated, without `..`. One instance serves the whole
    process and its methods run many times at once.
    """

    @abstractmethod
    async def put(self, key: str, content: AsyncIterable[bytes], *, content_type: str) -> int:
        """Store an object, replacing one of the same key at once or not at all.

        When this returns the object is durable. While it runs, and after it fails, readers see the
        former object or none, never a part.

        Args:
            key: Where it goes.
            content: The bytes, in pieces of any size; held in memory by nobody.
            content_type: Media type to keep with it.

        Returns:
            Size in bytes.

        Raises:
            StorageUnavailable: Not stored; the client may try again.
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
            For each key that could not be deleted, the reason. Never raises for a single key.

        Raises:
            StorageUnavailable: None could be deleted.
        """


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
