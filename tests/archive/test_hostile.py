"""Archives that are damaged or forged are refused before anything is written."""

import asyncio
import random
import shutil
import tarfile
from pathlib import Path

import pytest

from retrospec.archive.backup import back_up
from retrospec.archive.check import check
from retrospec.archive.errors import BadArchive, OtherVersion
from retrospec.archive.restore import restore
from retrospec.core.migrations import history
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from tests.archive.forging import Change, each, forge, moved_to_the_end, twice, without
from tests.archive.homes import fill, nothing


@pytest.fixture(scope="session")
def good_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that nobody has touched."""
    folder = tmp_path_factory.mktemp("archive")

    async def make() -> None:
        home = load({}, data_dir=folder)
        await fill(home)
        await back_up(home, folder / "backup.tar.gz", nothing)

    asyncio.run(make())
    return folder / "backup.tar.gz"


@pytest.fixture
def archive(good_archive: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copy(good_archive, tmp_path / "backup.tar.gz"))


@pytest.fixture
def target(tmp_path: Path) -> Settings:
    """Where nothing is, not even a folder."""
    return load({}, data_dir=tmp_path / "target")


async def refusal(archive: Path, target: Settings, kind: type[Exception] = BadArchive) -> str:
    """Why an archive is not restored; nothing has been written then."""
    with pytest.raises(kind) as caught:
        await restore(target, archive, nothing)
    assert not target.data_dir.exists()
    return str(caught.value)


async def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, target: Settings) -> None:
    for content in (b"", b"hello, I am a text\n" * 100, b"\x1f\x8b\x08"):
        (tmp_path / "no.tar.gz").write_bytes(content)
        assert "damaged or cut off" in await refusal(tmp_path / "no.tar.gz", target)
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as tar:
        tar.add(__file__, "their.py")
    assert "begins with their.py" in await refusal(tmp_path / "other.tar.gz", target)
    with pytest.raises(FileNotFoundError):
        await restore(target, tmp_path / "none.tar.gz", nothing)


async def test_wherever_it_is_cut_off_it_is_refused(archive: Path, target: Settings) -> None:
    whole = archive.read_bytes()
    for share in (0.001, 0.01, 0.5, 0.99):
        archive.write_bytes(whole[: int(len(whole) * share)])
        await refusal(archive, target)
    for bytes_less in (1, 8, 9, 200):
        archive.write_bytes(whole[:-bytes_less])
        await refusal(archive, target)


async def test_whichever_byte_has_changed_it_is_refused(archive: Path, target: Settings) -> None:
    whole = archive.read_bytes()
    chance = random.Random(3)
    # The head of gzip, which no checksum covers, is 10 bytes.
    places = [10, 11, len(whole) - 1, len(whole) - 8, *(chance.randrange(10, len(whole)) for _ in range(25))]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        archive.write_bytes(changed)
        await refusal(archive, target)


async def test_something_behind_its_end_is_refused(archive: Path, target: Settings) -> None:
    with archive.open("ab") as file:
        file.write(b"more")

    await refusal(archive, target)


PATHS = [
    "objects/../../up",
    "objects//etc/passwd",
    "objects/a/../b",
    "objects/a\\b",
    "objects/",
    "/etc/passwd",
    "../up",
]
FORGERIES: dict[str, tuple[Change, str]] = {
    **{f"name {path}": (each("objects/", lambda file, path=path: file.named(path)), "") for path in PATHS},  # type: ignore[misc]
    "symbolic link": (each("objects/", lambda file: file.of_type(tarfile.SYMTYPE, "/etc/passwd")), "ordinary file"),
    "hard link": (each("objects/", lambda file: file.of_type(tarfile.LNKTYPE, "manifest.json")), "ordinary file"),
    "folder": (each("objects/", lambda file: file.of_type(tarfile.DIRTYPE)), "ordinary file"),
    "device": (each("objects/", lambda file: file.of_type(tarfile.CHRTYPE)), "ordinary file"),
    "pipe": (each("objects/", lambda file: file.of_type(tarfile.FIFOTYPE)), "ordinary file"),
    "foreign file": (each("objects/", lambda file: file.named("README")), "does not belong"),
    "foreign table": (each("tables/", lambda file: file.named("tables/pg_authid/000001.jsonl")), "no table pg_authid"),
    "the migrations": (each("tables/", lambda file: file.named("tables/aerich/000001.jsonl")), "no table aerich"),
    "object swapped": (each("objects/", lambda file: file.holding(b"x")), "checksum"),
    "object renamed": (each("objects/", lambda file: file.named("objects/another")), "other objects"),
    "object missing": (without("objects/session-events"), "other objects"),
    "object twice": (twice("objects/session-events"), "other objects"),
    "index missing": (without("index/"), "something else"),
    "index unreadable": (each("index/", lambda file: file.holding(b'{"key": 1}\n')), "cannot be read"),
    "index twice": (twice("index/"), "comes twice"),
    "rows missing": (without("tables/sessions"), "something else"),
    "rows twice": (twice("tables/sessions"), "comes twice"),
    "rows late": (moved_to_the_end("tables/sessions"), "not in its place"),
    "row changed": (
        each("tables/sessions", lambda file: file.holding(file.content.replace(b'"revision":3', b'"revision":4'))),
        "something else",
    ),
    "row of words": (each("tables/sessions", lambda file: file.holding(b'{"uid": "one"}\n')), "`$[0].uid`"),
    "row with more": (
        each("tables/schedules", lambda file: file.holding(b'{"x": 1, ' + file.content[1:])),
        "unknown field `x`",
    ),
    "row with less": (
        each("tables/schedules", lambda file: file.holding(b'{"name": "cleanup"}\n')),
        "required field `started_at`",
    ),
    "manifest missing": (without("manifest.json"), "before its manifest"),
    "manifest twice": (twice("manifest.json"), "does not belong"),
    "manifest of others": (each("manifest", lambda file: file.holding(b"{}")), "manifest.json cannot be read"),
    "manifest of less": (
        each("manifest", lambda file: file.holding(file.content.replace(b'"sessions": 5', b'"sessions": 4'))),
        "something else",
    ),
    "something behind the manifest": (moved_to_the_end("index/"), "not in its place"),
    "tables of others": (
        each(
            "retrospec", lambda file: file.holding(file.content.replace(b'"revision":"integer"', b'"revision":"text"'))
        ),
        "other tables",
    ),
    "tables of no name": (
        each("retrospec", lambda file: file.holding(file.content.replace(b'"sessions":', b'"sessions\\"; --":'))),
        "can be no such table",
    ),
    "tables of no kind": (
        each("retrospec", lambda file: file.holding(file.content.replace(b'"integer"', b'"money"'))),
        "no values of the kind 'money'",
    ),
    "older tables of others": (
        each(
            "retrospec", lambda file: file.holding(file.content.replace(history()[-1].encode(), history()[0].encode()))
        ),
        "manifest tells of something else",
    ),
    "no header": (without("retrospec-backup"), "no archive of Retrospec"),
    "header twice": (twice("retrospec-backup"), "does not belong"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_archive_is_refused(archive: Path, target: Settings, forgery: str) -> None:
    change, reason = FORGERIES[forgery]
    before = archive.read_bytes()
    forge(archive, lambda files: files)
    check(archive, nothing)

    forge(archive, change)

    assert archive.read_bytes() != before
    assert reason in await refusal(archive, target)


async def test_an_archive_of_a_newer_version_is_refused_and_says_which(archive: Path, target: Settings) -> None:
    whole, head = archive.read_bytes(), history()[-1].encode()
    forge(archive, each("retrospec", lambda file: file.holding(file.content.replace(b'"format":1', b'"format":2'))))
    assert "format 2" in await refusal(archive, target, OtherVersion)

    archive.write_bytes(whole)
    forge(archive, each("retrospec", lambda file: file.holding(file.content.replace(head, b"99_2099_newer.py"))))
    assert "99_2099_newer.py, which this version does not know" in await refusal(archive, target, OtherVersion)
