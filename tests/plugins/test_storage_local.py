"""What the folder storage does beyond the suite of its family."""

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from retrospec.plugin import ObjectMissing, StorageBackend, StorageUnavailable
from retrospec.plugin.testing.storage import broken_off, in_pieces, put, read
from retrospec_plugins.storage_local import LocalSettings, LocalStorage

KEY = "session-events/proj_default/2026/11/22/shop.example/s1.json"
MIB = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
async def storage(root: Path) -> AsyncIterator[LocalStorage]:
    async with LocalStorage(LocalSettings(root=root)) as storage:
        yield storage


@pytest.fixture
def small_files_only() -> Iterator[None]:
    """The system refuses every byte of a file after its first mebibyte, as a full disk does."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, former[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, former)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def open_files_in(folder: Path) -> list[str]:
    return [link for fd in names_in(Path("/proc/self/fd")) if str(folder) in (link := target_of(fd))]


def target_of(handle: str) -> str:
    try:
        return str(Path("/proc/self/fd", handle).readlink())
    except FileNotFoundError:
        return ""


def unmount(root: Path, aside: Path) -> None:
    root.rename(aside)
    root.mkdir()


def mount(aside: Path, root: Path) -> None:
    root.rmdir()
    aside.rename(root)


async def test_it_offers_itself_as_local() -> None:
    assert LocalStorage.registration.name == "local"  # type: ignore[attr-defined]
    assert LocalStorage.registration.family is StorageBackend  # type: ignore[attr-defined]


def test_a_setting_that_it_does_not_know_is_named(root: Path) -> None:
    with pytest.raises(ValidationError, match="rot"):
        LocalSettings.model_validate({"root": root, "rot": "x"})


async def test_an_object_is_the_plain_file_of_its_key(storage: LocalStorage, root: Path) -> None:
    await put(storage, KEY, b"[]")

    assert (root / KEY).read_bytes() == b"[]"
    assert files_in(root) == [KEY]


async def test_a_type_that_the_ending_tells_needs_no_file_and_another_does(storage: LocalStorage, root: Path) -> None:
    await put(storage, "a/v.mp4", b"1", "video/mp4")
    assert files_in(root) == ["a/v.mp4"]

    await put(storage, "a/v.mp4", b"1", "video/quicktime")
    assert files_in(root) == [".retrospec/types/a/v.mp4", "a/v.mp4"]

    await put(storage, "a/v.mp4", b"1", "video/mp4")
    assert files_in(root) == ["a/v.mp4"]


async def test_objects_and_types_are_there_after_a_restart(storage: LocalStorage, root: Path) -> None:
    await put(storage, "a/page", b"<p>", "text/html")

    async with LocalStorage(LocalSettings(root=root)) as restarted:
        assert await read(restarted, "a/page") == b"<p>"
        assert (await restarted.stat("a/page")).content_type == "text/html"


async def test_an_object_is_on_disk_before_its_name_is_and_its_name_before_put_returns(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(storage, KEY, b"former")
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(handle: int) -> None:
        steps.append(f"sync {'folder' if Path(f'/proc/self/fd/{handle}').resolve().is_dir() else 'file'}")
        sync(handle)

    def note_replace(path: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    await put(storage, KEY, b"new")

    assert steps == ["sync file", "rename", "sync folder"]

    steps.clear()
    await storage.put(KEY, in_pieces(b"new"), content_type="text/plain")

    # Before the rename of the type, its new folders are made durable as well.
    assert [step for step in steps if step != "sync folder"] == ["sync file", "sync file", "rename", "rename"]
    assert steps[-2:] == ["rename", "sync folder"]


async def test_new_folders_are_durable_too(storage: LocalStorage, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    sync = os.fsync

    def note(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").resolve())
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    await put(storage, "a/b/c.json", b"1")

    assert synced[1:] == [root, root / "a", root / "a/b"]


async def test_deleting_takes_empty_folders_with_it_and_leaves_the_root(storage: LocalStorage, root: Path) -> None:
    await put(storage, KEY, b"1", "text/plain")
    await put(storage, "session-events/other.json", b"1")

    await storage.delete([KEY])
    assert names_in(root / "session-events") == ["other.json"]

    await storage.delete(["session-events/other.json"])
    assert names_in(root) == [".retrospec"]
    assert names_in(root / ".retrospec/types") == []


async def test_a_folder_taken_away_under_a_put_is_made_again(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace
    taken: list[Path] = []

    def replace_late(path: Path, target: Path) -> Path:
        if len(taken) < 3:
            target.parent.rmdir()
            taken.append(target.parent)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replace_late)
    await put(storage, KEY, b"1")

    assert len(taken) == 3
    assert await read(storage, KEY) == b"1"


@pytest.mark.parametrize("key", ["out/secret.json", "out", "file.json"])
async def test_a_link_that_leads_out_is_not_followed(
    storage: LocalStorage, root: Path, tmp_path: Path, key: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_bytes(b"secret")
    (root / "out").symlink_to(outside)
    (root / "file.json").symlink_to(outside / "secret.json")

    with pytest.raises(ValueError, match="leads out"):
        await storage.get(key)
    with pytest.raises(ValueError, match="leads out"):
        await storage.stat(key)
    with pytest.raises(ValueError, match="leads out"):
        await put(storage, key, b"overwritten")
    assert list(await storage.delete([key])) == [key]
    assert files_in(outside) == ["secret.json"]
    assert (outside / "secret.json").read_bytes() == b"secret"
    assert files_in(root / ".retrospec") == []


async def test_a_root_reached_by_a_link_is_a_root(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")

    async with LocalStorage(LocalSettings(root=tmp_path / "link")) as storage:
        await put(storage, KEY, b"1")

        assert await read(storage, KEY) == b"1"


@pytest.mark.parametrize("key", [".retrospec/incoming/x", ".Retrospec/types/x", "a/" + "n" * 256, "a/" + "é" * 128])
async def test_keys_that_cannot_be_files_here_are_refused(storage: LocalStorage, key: str) -> None:
    with pytest.raises(ValueError, match="object key"):
        await put(storage, key, b"1")
    with pytest.raises(ValueError, match="object key"):
        await storage.get(key)
    assert list(await storage.delete([key])) == [key]


async def test_a_name_may_have_255_bytes(storage: LocalStorage) -> None:
    await put(storage, "a/" + "n" * 255, b"1", "text/plain")

    assert await read(storage, "a/" + "n" * 255) == b"1"


async def test_leftovers_of_a_crash_go_when_they_are_an_hour_old(root: Path) -> None:
    incoming = root / ".retrospec/incoming"
    incoming.mkdir(parents=True)
    for name, age in (("crashed", 3700), ("of another process", 60)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (time.time() - age, time.time() - age))

    async with LocalStorage(LocalSettings(root=root)):
        assert files_in(incoming) == ["of another process"]


async def test_a_full_disk_is_unavailable_and_leaves_the_former_object_and_nothing_else(
    storage: LocalStorage, root: Path, small_files_only: None
) -> None:
    await put(storage, KEY, b"former")

    with pytest.raises(StorageUnavailable, match="File too large") as refused:
        await storage.put(KEY, in_pieces(b"n" * 3 * MIB), content_type="application/json")

    assert isinstance(refused.value.__cause__, OSError)
    assert str(root) not in str(refused.value)
    assert files_in(root) == [KEY]
    assert await read(storage, KEY) == b"former"


async def test_a_disk_that_is_full_at_the_very_end_is_unavailable_too(
    storage: LocalStorage, root: Path, small_files_only: None
) -> None:
    with pytest.raises(StorageUnavailable, match="File too large"):
        await storage.put(KEY, in_pieces(b"n" * (MIB + 10), 1000), content_type="application/json")

    assert files_in(root) == []


async def test_an_upload_that_breaks_off_or_is_cancelled_leaves_no_file(storage: LocalStorage, root: Path) -> None:
    started = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield b"n" * 2 * MIB
        started.set()
        await asyncio.Event().wait()

    with pytest.raises(ConnectionResetError):
        await storage.put(KEY, broken_off(b"n" * 2 * MIB), content_type="application/json")
    upload = asyncio.create_task(storage.put(KEY, hanging(), content_type="application/json"))
    await started.wait()
    upload.cancel()
    await asyncio.gather(upload, return_exceptions=True)

    assert files_in(root) == []


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_whenever_a_put_is_cancelled_there_is_a_whole_object_or_none(
    storage: LocalStorage, root: Path, turns: int
) -> None:
    content = b"n" * (2 * MIB + 5)
    upload = asyncio.create_task(storage.put(KEY, in_pieces(content), content_type="application/json"))
    for _ in range(turns):
        await asyncio.sleep(0.0002)
    upload.cancel()
    await asyncio.gather(upload, return_exceptions=True)

    assert files_in(root) in ([], [KEY])
    if files_in(root):
        assert await read(storage, KEY) == content


async def test_a_disk_that_is_gone_is_unavailable_and_its_objects_are_neither_missing_nor_deleted(
    storage: LocalStorage, root: Path, tmp_path: Path
) -> None:
    await put(storage, KEY, b"1")
    unmount(root, tmp_path / "unmounted")

    for attempt in (storage.get(KEY), storage.stat(KEY), storage.delete([KEY]), put(storage, KEY, b"2")):
        with pytest.raises(StorageUnavailable):
            await attempt
    with pytest.raises(StorageUnavailable, match=str(root)):
        await storage.check()
    mount(tmp_path / "unmounted", root)
    assert await read(storage, KEY) == b"1"


async def test_a_reader_keeps_the_object_that_it_began_with(storage: LocalStorage) -> None:
    await put(storage, KEY, b"a" * 2 * MIB)
    content = await storage.get(KEY)
    first = await anext(content.chunks)

    await put(storage, KEY, b"b")
    await storage.delete([KEY])

    assert first + b"".join([piece async for piece in content.chunks]) == b"a" * 2 * MIB


async def test_a_reading_that_is_given_up_closes_its_file(storage: LocalStorage, root: Path) -> None:
    await put(storage, KEY, b"a" * 2 * MIB)
    content = await storage.get(KEY)
    await anext(content.chunks)
    assert len(open_files_in(root)) == 1

    await content.chunks.aclose()  # type: ignore[attr-defined]

    assert open_files_in(root) == []


async def test_a_small_object_leaves_no_file_open_even_unread(storage: LocalStorage, root: Path) -> None:
    await put(storage, KEY, b"small")

    await storage.get(KEY)

    assert open_files_in(root) == []


async def test_other_work_goes_on_while_files_are_written_and_read(storage: LocalStorage) -> None:
    content = b"n" * 32 * MIB
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await storage.put(KEY, in_pieces(content), content_type="application/json")
    assert await read(storage, KEY) == content
    counting.cancel()

    assert turns > 100


async def test_it_says_where_it_is_and_how_much_room_there_is(storage: LocalStorage, root: Path) -> None:
    assert (await storage.check()).startswith(f"{root} (")
    assert "GB free" in await storage.check()
    assert files_in(root) == []


async def test_a_root_that_cannot_be_made_stops_the_start_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    storage = LocalStorage(LocalSettings(root=tmp_path / "file" / "objects"))

    with pytest.raises(StorageUnavailable, match="file/objects"):
        await storage.open()
    await storage.close()


async def test_a_key_that_is_a_folder_is_unavailable_to_put_and_missing_to_read(storage: LocalStorage) -> None:
    await put(storage, "a/b.json", b"1")

    with pytest.raises(StorageUnavailable):
        await put(storage, "a", b"1")
    with pytest.raises(StorageUnavailable):
        await put(storage, "a/b.json/c", b"1")
    with pytest.raises(ObjectMissing):
        await storage.get("a")
    assert await storage.delete(["a"]) == {}
    assert await read(storage, "a/b.json") == b"1"
