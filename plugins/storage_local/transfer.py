"""Objects on their way in and out: a file being written aside, a file being read."""

import os
import threading
import uuid
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import BinaryIO

from .tree import Tree

READ_BYTES = 256 * 1024


class Part:
    """An open file, read from one byte to another. Used in one thread at a time."""

    def __init__(self, tree: Tree, key: str, start: int, end: int | None) -> None:
        self._file, self.info = tree.read(key)
        self._at = start
        self._end = self.info.size if end is None else min(end, self.info.size)
        # Read with the opening, so that small objects cost one hop and leave no file open.
        with ExitStack() as undo:
            undo.callback(self.close)
            self.first = self.read()
            undo.pop_all()

    def read(self) -> bytes:
        """Read the next piece; empty at the end, where it closes the file."""
        piece = b""
        if self._at < self._end:
            piece = os.pread(self._file.fileno(), min(READ_BYTES, self._end - self._at), self._at)
            if not piece:
                raise OSError("the file is shorter than it was")
            self._at += len(piece)
        if self._at >= self._end:
            self.close()
        return piece

    @property
    def ended(self) -> bool:
        return self._at >= self._end

    def close(self) -> None:
        self._file.close()


class Incoming:
    """An object being written aside. Its methods run in threads and wait for each other.

    Waiting matters when a put is cancelled: its last piece may still be on the way to a thread, and
    must find the file either open or given up.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._path = tree.incoming / uuid.uuid4().hex
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._size = 0
        self._over = False

    def write(self, pieces: Sequence[bytes]) -> None:
        with self._lock:
            if not self._over:
                self._append(pieces)

    def finish(self, pieces: Sequence[bytes], key: str, content_type: str) -> int:
        """Write the last pieces, make it durable and give it its key."""
        with self._lock:
            if self._over:
                return self._size
            with self._append(pieces) as file:
                file.flush()
                os.fsync(file.fileno())
            self._tree.place(self._path, key, content_type)
            return self._size

    def discard(self) -> None:
        with self._lock, suppress(OSError):
            self._over = True
            if self._file is None:
                return
            # Closing writes what is buffered, and fails again on a full disk.
            with suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)

    def _append(self, pieces: Sequence[bytes]) -> BinaryIO:
        if self._file is None:
            self._file = self._path.open("xb")
        for piece in pieces:
            self._file.write(piece)
            self._size += len(piece)
        return self._file
