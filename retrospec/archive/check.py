"""Checks an archive from its beginning to its end, before anything of it is used."""

import hashlib
from pathlib import Path

import msgspec

from retrospec.archive.errors import BadArchive
from retrospec.archive.layout import HEADER, INDEX_PART, MANIFEST, OBJECTS, TABLE_PART, Header, Indexed, Manifest
from retrospec.archive.progress import Report
from retrospec.archive.reader import Member, decoded, members, read_header, tables_of

_index = msgspec.json.Decoder(Indexed)
# A part of an archive may only come after those that stand before it.
_ROWS, _OBJECTS, _END = range(3)


def check(path: Path, report: Report) -> Manifest:
    """Read everything, and compare it with what the archive says of itself. Blocks.

    Raises:
        BadArchive: It is damaged, cut off, or none of ours.
        OtherVersion: It is one of another version.
    """
    seen: _Seen | None = None
    for number, member in enumerate(members(path), 1):
        if seen is None:
            content = member.whole()
            seen = _Seen(read_header(member.name, content), content)
        else:
            seen.see(member)
        report("members checked", number, None)
    if seen is None:
        raise BadArchive(f"{path} is empty")
    return seen.proven()


class _Seen:
    """What has been seen of an archive, built up as its manifest should tell it."""

    def __init__(self, header: Header, content: bytes) -> None:
        self._found = Manifest(header, {}, 0, 0, 0, {HEADER: hashlib.sha256(content).hexdigest()})
        self._tables = tables_of(header)
        self._objects: list[Indexed] = []
        self._stage = _ROWS
        self._told: Manifest | None = None

    def see(self, member: Member) -> None:
        """Look at the next member.

        Raises:
            BadArchive: It is not what it should be, or not in its place.
        """
        if found := TABLE_PART.fullmatch(member.name):
            self._reach(_ROWS, member.name)
            self._see_rows(found[1], member)
        elif member.name.startswith(OBJECTS):
            self._reach(_OBJECTS, member.name)
            self._objects.append(member.indexed())
        elif INDEX_PART.fullmatch(member.name):
            self._reach(_OBJECTS, member.name)
            self._see_index(member)
        elif member.name == MANIFEST and self._told is None:
            self._reach(_END, member.name)
            self._told = decoded(member.whole(), Manifest, MANIFEST)
        else:
            raise BadArchive(f"{member.name} does not belong into an archive")

    def proven(self) -> Manifest:
        """The manifest, if it is true.

        Raises:
            BadArchive: There is none, or something is missing, too much or otherwise.
        """
        if self._told is None:
            raise BadArchive("the archive ends before its manifest: it was not finished, or it was cut off")
        if self._objects or self._told != self._found:
            raise BadArchive("the manifest tells of something else than the archive holds")
        return self._told

    def _reach(self, stage: int, name: str) -> None:
        if stage < self._stage:
            raise BadArchive(f"{name} is not in its place")
        self._stage = stage

    def _content(self, member: Member) -> bytes:
        content = member.whole()
        if member.name in self._found.members:
            raise BadArchive(f"{member.name} comes twice")
        self._found.members[member.name] = hashlib.sha256(content).hexdigest()
        return content

    def _see_rows(self, name: str, member: Member) -> None:
        if name not in self._tables:
            raise BadArchive(f"there is no table {name}")
        rows = len(self._tables[name].decode(self._content(member)))
        self._found.rows[name] = self._found.rows.get(name, 0) + rows

    def _see_index(self, member: Member) -> None:
        try:
            told = _index.decode_lines(self._content(member))
        except msgspec.MsgspecError as cause:
            raise BadArchive(f"{member.name} cannot be read: {cause}") from cause
        if [one for one in told if not one.missing] != self._objects:
            raise BadArchive(f"{member.name} tells of other objects than those before it")
        self._found.objects += len(self._objects)
        self._found.bytes += sum(one.size for one in self._objects)
        self._found.missing += len(told) - len(self._objects)
        self._objects = []
