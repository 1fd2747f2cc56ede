"""Archives that are not what they should be."""

import gzip
import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class File(NamedTuple):
    """A member of an archive, to be changed."""

    info: tarfile.TarInfo
    content: bytes

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    def named(self, name: str) -> "File":
        """The same under another name."""
        return self._with(name=name)

    def holding(self, content: bytes) -> "File":
        """The same name with other content."""
        info = tarfile.TarInfo(self.name)
        info.size, info.pax_headers = len(content), self.info.pax_headers
        return File(info, content)

    def of_type(self, kind: bytes, target: str = "") -> "File":
        """A link, a folder or a device in its place."""
        return File(self._with(type=kind, size=0, linkname=target).info, b"")

    def _with(self, **facts: object) -> "File":
        info = tarfile.TarInfo(self.name)
        info.size, info.pax_headers = self.info.size, dict(self.info.pax_headers)
        for name in ("path", "size"):
            info.pax_headers.pop(name, None)
        for name, value in facts.items():
            setattr(info, name, value)
        return File(info, self.content)


Change = Callable[[list[File]], Sequence[File]]


def forge(archive: Path, change: Change) -> None:
    """Write an archive anew with other members, whole and well compressed."""
    with tarfile.open(archive) as tar:
        files = [File(info, _content(tar, info)) for info in tar.getmembers()]
    with gzip.open(archive, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for file in change(files):
            tar.addfile(file.info, io.BytesIO(file.content))


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(info)
    assert file is not None
    return file.read()


def each(starts: str, change: Callable[[File], File]) -> Change:
    """Change the first member whose name begins so."""

    def apply(files: list[File]) -> list[File]:
        found = next(file for file in files if file.name.startswith(starts))
        return [change(file) if file is found else file for file in files]

    return apply


def without(starts: str) -> Change:
    """Leave members out."""
    return lambda files: [file for file in files if not file.name.startswith(starts)]


def moved_to_the_end(starts: str) -> Change:
    """Put members behind the others."""
    return lambda files: sorted(files, key=lambda file: file.name.startswith(starts))


def twice(starts: str) -> Change:
    """Have members twice."""
    return lambda files: [one for file in files for one in [file] * (1 + file.name.startswith(starts))]
