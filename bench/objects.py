"""Small objects by the hundred thousand, put into a storage past the server, and counted there."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import httpx

from tests.s3server import SIGNED, S3Bucket, S3Server

CONTENT = b'[{"type":4,"data":{"href":"https://shop.example/"},"timestamp":1795342200000}]'
_THREADS = 8


class Objects(Protocol):
    """Where a server keeps its objects, as somebody else sees it."""

    # What the server has to be told.
    settings: dict[str, str]

    def put(self, keys: Collection[str]) -> None:
        """Put a small object under each key."""

    def keys(self) -> set[str]:
        """Which objects there are."""


class Files:
    """A folder. Not synced: what is measured begins afterwards."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "objects"
        self.settings: dict[str, str] = {}

    def put(self, keys: Collection[str]) -> None:
        for key in keys:
            path = self._root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(CONTENT)

    def keys(self) -> set[str]:
        found = (path.relative_to(self._root) for path in self._root.rglob("*") if path.is_file())
        return {path.as_posix() for path in found if path.parts[0] != ".retrospec"}


class BucketObjects:
    """A bucket of moto, which takes some hundred objects a second."""

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket
        self.settings = {name.upper(): str(value) for name, value in bucket.server_settings().items()}

    def put(self, keys: Collection[str]) -> None:
        with httpx.Client(base_url=f"{self._bucket.endpoint}/{self._bucket.name}/", headers=SIGNED) as client:

            def put(key: str) -> None:
                client.put(quote(key), content=CONTENT).raise_for_status()

            with ThreadPoolExecutor(_THREADS) as threads:
                for _ in threads.map(put, keys):
                    pass

    def keys(self) -> set[str]:
        return set(self._bucket.keys())


@contextmanager
def objects(kind: str, folder: Path) -> Iterator[Objects]:
    """Where objects are kept until the block ends: `local`, or `s3` on a server of its own."""
    if kind == "local":
        yield Files(folder)
        return
    with S3Server(folder) as server:
        yield BucketObjects(server.make_bucket("bench"))
