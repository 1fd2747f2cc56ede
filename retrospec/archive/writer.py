"""Writes an archive, member by member. Everything here blocks, and is called in threads."""

import gzip
import hashlib
import os
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from retrospec.archive.dump import Part
from retrospec.archive.layout import (
    CONTENT_TYPE,
    HEADER,
    INDEX_SIZE,
    MANIFEST,
    OBJECTS,
    SHA256,
    Header,
    Indexed,
    Manifest,
    index_part,
    table_part,
)
from retrospec.archive.objects import Held
from retrospec.core.errors import Conflict

# Recordings become 5.8 times smaller at 146 MB/s; level 6 makes it 6.2 times at 81, level 9 6.5 times at 43.
_LEVEL = 4


class Writer:
    """Writes the members, and knows at the end what the manifest must say."""

    def __init__(self, tar: tarfile.TarFile, header: Header) -> None:
        self._tar = tar
        self._parts: Counter[str] = Counter()
        self._index: list[Indexed] = []
        self._indexes = 0
        self.manifest = Manifest(header, {}, 0, 0, 0, {})
        self._add(HEADER, msgspec.json.encode(header))

    def add_rows(self, part: Part) -> None:
        """Write some rows of a table."""
        self._parts[part.table] += 1
        self._add(table_part(part.table, self._parts[part.table]), part.lines)
        rows = self.manifest.rows
        rows[part.table] = rows.get(part.table, 0) + part.rows

    def add_object(self, held: Held) -> None:
        """Write an object."""
        facts = {SHA256: held.sha256, CONTENT_TYPE: held.content_type}
        self._write(OBJECTS + held.key, held.size, held.file, facts)
        self._note(Indexed(held.key, held.size, held.content_type, held.sha256))
        self.manifest.objects += 1
        self.manifest.bytes += held.size

    def miss(self, key: str) -> None:
        """Note an object that is named and not there."""
        self._note(Indexed(key, missing=True))
        self.manifest.missing += 1

    def finish(self) -> None:
        """Write the manifest."""
        self._write_index()
        content = msgspec.json.format(msgspec.json.encode(self.manifest), indent=2)
        self._write(MANIFEST, len(content), BytesIO(content), {})

    def _note(self, entry: Indexed) -> None:
        self._index.append(entry)
        if len(self._index) == INDEX_SIZE:
            self._write_index()

    def _write_index(self) -> None:
        if self._index:
            self._indexes += 1
            self._add(index_part(self._indexes), msgspec.json.Encoder().encode_lines(self._index))
            self._index = []

    def _add(self, name: str, content: bytes) -> None:
        self.manifest.members[name] = hashlib.sha256(content).hexdigest()
        self._write(name, len(content), BytesIO(content), {})

    def _write(self, name: str, size: int, content: IO[bytes], facts: dict[str, str]) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.pax_headers = size, 0o600, facts
        member.mtime = int(self.manifest.header.created_at.timestamp())
        self._tar.addfile(member, content)
        # It remembers every member otherwise: a kilobyte for each of what may be millions.
        self._tar.members.clear()  # type: ignore[attr-defined]


@contextmanager
def new_archive(path: Path, header: Header) -> Iterator[Writer]:
    """Write an archive beside its place, and put it there once it is whole and on the disk.

    Raises:
        Conflict: There is a file already.
    """
    if path.exists():
        raise Conflict(f"{path} exists already: choose another name")
    aside = path.with_name(f"{path.name}.partial")
    try:
        # The database's secrets are in it: nobody else's to read.
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            with (
                gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                writer = Writer(tar, header)
                yield writer
                writer.finish()
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
