"""Reads an archive, and believes nothing that it says. Everything here blocks, and is called in threads."""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import msgspec

from retrospec.archive.dump import Part
from retrospec.archive.errors import BadArchive, OtherVersion
from retrospec.archive.layout import (
    CONTENT_TYPE,
    FORMAT,
    HEADER,
    MOST_BYTES,
    OBJECTS,
    SHA256,
    TABLE_PART,
    Header,
    Indexed,
    Manifest,
)
from retrospec.archive.objects import Held
from retrospec.archive.tables import Table, Tables, described
from retrospec.core.migrations import history
from retrospec.plugin import checked_key
from retrospec.version import __version__

_PIECE = 1 << 18
Shape = TypeVar("Shape")


class Member(NamedTuple):
    """A file of the archive, to be read before the next one is asked for."""

    name: str
    size: int
    facts: dict[str, str]
    file: IO[bytes]

    def pieces(self) -> Iterator[bytes]:
        """Its content."""
        while piece := self._read(_PIECE):
            yield piece

    def whole(self) -> bytes:
        """Its content at once."""
        if self.size > MOST_BYTES:
            raise BadArchive(f"{self.name} is larger than anything of its kind")
        return self._read(self.size)

    def _read(self, size: int) -> bytes:
        with _naming_damage():
            return self.file.read(size)

    @property
    def key(self) -> str:
        """The key of the object that it is.

        Raises:
            BadArchive: That is no key.
        """
        try:
            return checked_key(self.name.removeprefix(OBJECTS))
        except ValueError as cause:
            raise BadArchive(f"{self.name} is not the name of an object: {cause}") from cause

    def indexed(self) -> Indexed:
        """The object that it is, looked at.

        Raises:
            BadArchive: It is not the one that it says it is.
        """
        key, digest = self.key, hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return self._proven(Indexed(key, self.size, self.facts.get(CONTENT_TYPE, ""), digest.hexdigest()))

    def held(self) -> Held:
        """The object that it is, aside. Whoever gets it closes it.

        Raises:
            BadArchive: It is not the one that it says it is.
        """
        held = Held(self.key, self.facts.get(CONTENT_TYPE, ""))
        try:
            held.fill(self.pieces())
            self._proven(Indexed(held.key, held.size, held.content_type, held.sha256))
        except BaseException:
            held.file.close()
            raise
        return held

    def _proven(self, found: Indexed) -> Indexed:
        if found.sha256 != self.facts.get(SHA256) or found.size != self.size:
            raise BadArchive(f"the checksum of {self.name} is wrong")
        return found


def members(path: Path) -> Iterator[Member]:
    """The files of an archive in their order, to its very end.

    Raises:
        BadArchive: It is damaged, or holds what no archive of ours does.
    """
    with path.open("rb") as file, _naming_damage(), gzip.GzipFile(fileobj=file, mode="rb") as packed:
        with tarfile.open(fileobj=packed, mode="r|") as tar:
            while (member := tar.next()) is not None:
                content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
                if content is None:
                    raise BadArchive(f"{member.name} is no ordinary file")
                yield Member(member.name, member.size, dict(member.pax_headers), content)
                # It remembers every member otherwise.
                tar.members.clear()  # type: ignore[attr-defined]
        # The checksum of the whole stands at its end.
        while rest := packed.read(_PIECE):
            if rest.strip(b"\0"):
                raise BadArchive("there is something behind the last member")


def read_header(name: str, content: bytes) -> Header:
    """What an archive begins with.

    Raises:
        BadArchive: It is none of ours.
        OtherVersion: It is one of another version.
    """
    if name != HEADER:
        raise BadArchive(f"this is no archive of Retrospec: it begins with {name}")
    header = decoded(content, Header, HEADER)
    here = f"this is Retrospec {__version__}"
    if header.format != FORMAT:
        raise OtherVersion(f"the archive has format {header.format}, made by Retrospec {header.retrospec}; {here}")
    known = history()
    if header.schema not in known:
        raise OtherVersion(
            f"the archive has the schema {header.schema}, which this version does not know: {here}, restore it with "
            f"{header.retrospec} or a later one"
        )
    return header


def tables_of(header: Header) -> Tables:
    """The tables of an archive, as they were in its version.

    Raises:
        BadArchive: There can be no such tables.
    """
    told = {name: Table.told(name, one) for name, one in header.tables.items()}
    if header.schema == history()[-1] and header.tables != described():
        raise BadArchive(f"the schema {header.schema} has other tables than those that the archive tells of")
    return told


def decoded(content: bytes, shape: type[Shape], name: str) -> Shape:
    """Read JSON of the archive.

    Raises:
        BadArchive: It is not what it should be.
    """
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.MsgspecError as cause:
        raise BadArchive(f"{name} cannot be read: {cause}") from cause


def objects(path: Path) -> Generator[Held, None, None]:
    """The objects of an archive, each looked at. Whoever gets one closes it."""
    for member in members(path):
        if member.name.startswith(OBJECTS):
            yield member.held()


def parts(path: Path, manifest: Manifest) -> Generator[Part, None, None]:
    """The rows of an archive, each part being the one that the manifest tells of."""
    for member in members(path):
        if found := TABLE_PART.fullmatch(member.name):
            lines = member.whole()
            if hashlib.sha256(lines).hexdigest() != manifest.members.get(member.name):
                raise BadArchive(f"{member.name} has changed since it was checked")
            yield Part(found[1], lines.count(b"\n"), lines)
        elif member.name != HEADER:
            return


@contextmanager
def _naming_damage() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError) as cause:
        raise BadArchive(f"the archive is damaged or cut off: {cause}") from cause
