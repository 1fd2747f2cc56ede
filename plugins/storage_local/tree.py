"""The folder of the storage, and every path in it. Everything here blocks, and is called in threads."""

import os
import shutil
import stat
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from retrospec.plugin import ObjectInfo, ObjectMissing, checked_key

NAME_BYTES = 255
LEFTOVER_SECONDS = 3600
OWN_FOLDER = ".retrospec"

# Fixed, and not from `mimetypes`: that one changes with the machine and the version of Python, and
# with it the type of objects already stored.
TOLD_BY_ENDING = {".json": "application/json", ".mp4": "video/mp4", ".webm": "video/webm"}
UNTOLD = "application/octet-stream"

# What the system says of a path where no object can lie.
NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class Tree:
    """The folder and the files in it.

    Objects lie at their keys. Beside them, `.retrospec/incoming` holds what is being written, and
    `.retrospec/types` the content types that a key's ending does not tell.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.incoming = self.root / OWN_FOLDER / "incoming"
        self._types = self.root / OWN_FOLDER / "types"
        self._making = threading.Lock()

    def open(self) -> None:
        for folder in (self.incoming, self._types):
            # Recordings show what visitors did: nobody else's to read.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self.incoming.iterdir():
            # Younger ones may be another process's, at work.
            with suppress(FileNotFoundError):
                if leftover.stat().st_mtime < time.time() - LEFTOVER_SECONDS:
                    leftover.unlink()

    def probe(self) -> int:
        """Write a file durably, delete it, and count the free bytes."""
        probe = self.write_aside(b"probe")
        probe.unlink()
        return shutil.disk_usage(self.root).free

    def check(self, key: str) -> None:
        """Refuse a key that cannot be a file here.

        Raises:
            ValueError: It is no key, or one of ours, or has a part too long for a file's name.
        """
        parts = checked_key(key).split("/")
        if parts[0].casefold() == OWN_FOLDER:
            raise ValueError(f"object keys below {OWN_FOLDER} are taken")
        if any(len(part.encode()) > NAME_BYTES for part in parts):
            raise ValueError(f"a part of an object key has at most {NAME_BYTES} bytes here")

    def place(self, file: Path, key: str, content_type: str) -> None:
        """Make a file written aside the object of a key."""
        target = self._path(key)
        if content_type == _told_by(key):
            self._move(file, target)
            with suppress(*NOT_THERE):
                (self._types / key).unlink()
        elif target.is_dir():
            raise IsADirectoryError(f"{key} is a folder of other objects")
        else:
            # The type first: after a crash in between, a wrong type is on the former object, which
            # is about to be put again, and none is missing from the new one.
            self._note_type(key, content_type)
            self._move(file, target)

    def write_aside(self, content: bytes) -> Path:
        """Write a small file to where incoming ones lie, durably."""
        path = self.incoming / uuid.uuid4().hex
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def read(self, key: str) -> tuple[BinaryIO, ObjectInfo]:
        """Open an object: what it is then stays as it is, whatever becomes of its key."""
        path = self._path(key)
        content_type = self._type_of(key)
        try:
            file = path.open("rb", buffering=0)
        except NOT_THERE as error:
            raise self._missing() from error
        return file, ObjectInfo(os.fstat(file.fileno()).st_size, content_type)

    def stat(self, key: str) -> ObjectInfo:
        path = self._path(key)
        try:
            found = path.stat()
        except NOT_THERE as error:
            raise self._missing() from error
        if not stat.S_ISREG(found.st_mode):
            raise self._missing()
        return ObjectInfo(found.st_size, self._type_of(key))

    def delete(self, keys: Sequence[str]) -> dict[str, str]:
        """Delete the objects of these keys, and the folders that are empty then."""
        self._require_own_folder()
        failed: dict[str, str] = {}
        left: set[tuple[Path, Path]] = set()
        for key in keys:
            try:
                for path, base in ((self._path(key), self.root), (self._types / key, self._types)):
                    with suppress(*NOT_THERE):
                        path.unlink()
                        left.add((path.parent, base))
            except (OSError, ValueError) as error:
                failed[key] = getattr(error, "strerror", None) or str(error)
        for folder in {_prune(folder, base) for folder, base in left}:
            _sync(folder)
        return failed

    def sample(self, limit: int) -> list[str]:
        """Name some objects."""
        found: list[str] = []
        for folder, folders, files in os.walk(self.root):
            if Path(folder) == self.root:
                folders[:] = [name for name in folders if name != OWN_FOLDER]
            found += [str(Path(folder, name).relative_to(self.root)) for name in files]
            if len(found) >= limit:
                break
        return found[:limit]

    def _path(self, key: str) -> Path:
        """Where the object of a key lies, or ValueError when that is outside of the root."""
        self.check(key)
        path = Path(os.path.realpath(self.root / key))
        if not path.is_relative_to(self.root):
            raise ValueError(f"the object key {key!r} leads out of the storage's folder")
        return path

    def _move(self, file: Path, target: Path) -> None:
        # Again and again: a delete, of another process too, may take away the folder that it found
        # empty just before the file came.
        for _ in range(100):
            with self._making:
                _make_folder(target.parent)
            with suppress(FileNotFoundError):
                file.replace(target)
                break
        else:
            raise FileNotFoundError("the file written aside or its folder is gone")
        _sync(target.parent)

    def _note_type(self, key: str, content_type: str) -> None:
        note = self.write_aside(content_type.encode())
        try:
            self._move(note, self._types / key)
        finally:
            note.unlink(missing_ok=True)

    def _type_of(self, key: str) -> str:
        try:
            return (self._types / key).read_text("utf-8")
        except NOT_THERE:
            return _told_by(key)

    def _missing(self) -> ObjectMissing:
        self._require_own_folder()
        return ObjectMissing()

    def _require_own_folder(self) -> None:
        """Tell a missing object from a missing disk: without its folder, nothing counts as deleted or gone."""
        if not self.incoming.is_dir():
            raise OSError(f"the storage's folder {OWN_FOLDER} is gone: is the disk mounted?")


def _told_by(key: str) -> str:
    return TOLD_BY_ENDING.get(Path(key).suffix, UNTOLD)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durably."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        _make_folder(folder.parent)
        _make_folder(folder)
        return
    _sync(folder.parent)


def _prune(folder: Path, base: Path) -> Path:
    """Take away a folder and those above it as far as they are empty; the first that stays is returned."""
    while folder != base:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            break
        folder = folder.parent
    return folder


def _sync(folder: Path) -> None:
    """Make the names in a folder durable. One that is gone has none."""
    with suppress(FileNotFoundError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
