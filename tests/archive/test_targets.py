"""Only an empty target is written to, and a restore that breaks off leaves it so that it can be repeated."""

import asyncio
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from retrospec.archive import load as load_module
from retrospec.archive.backup import back_up
from retrospec.archive.digest import differing, digests
from retrospec.archive.dump import dump
from retrospec.archive.errors import NotEmpty, OtherVersion, Unfinished
from retrospec.archive.link import connected
from retrospec.archive.load import require_empty
from retrospec.archive.move import move
from retrospec.archive.restore import restore
from retrospec.archive.stores import opened_storage
from retrospec.core.errors import Conflict, SettingsError
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from retrospec.plugin.testing.storage import in_pieces
from tests.archive.homes import OBJECTS, Homes, fill, held, make_schema, nothing
from tests.faults.processes import started
from tests.faulty_proxy import Fault, FaultyProxy
from tests.s3server import S3Server

MIB = 1 << 20
MUTE = """
from retrospec.plugin import storage_backend
from retrospec_plugins.storage_local import LocalSettings, LocalStorage

@storage_backend("mute", "A folder that does not say what is in it", settings=LocalSettings)
class Mute(LocalStorage):
    async def sample(self, limit):
        return None
"""


@pytest.fixture
async def source(homes: Homes) -> Settings:
    """A server's data on SQLite and in a folder."""
    home = await homes.make("sqlite", "local")
    await fill(home)
    return home


@pytest.fixture
async def archive(source: Settings, tmp_path: Path) -> Path:
    """A backup of it."""
    await back_up(source, tmp_path / "backup.tar.gz", nothing)
    return tmp_path / "backup.tar.gz"


@pytest.fixture
async def proxy(s3_server: S3Server) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(s3_server.endpoint) as proxy:
        yield proxy


def through(proxy: FaultyProxy, home: Settings) -> Settings:
    """The same place, on a way that breaks."""
    hasty = {"s3_endpoint": proxy.endpoint, "s3_read_timeout_seconds": 0.4, "s3_max_attempts": 1}
    return Settings.model_validate({**home.model_dump(), **hasty})


async def is_empty(home: Settings) -> bool:
    """Whether the database holds nothing."""
    async with connected(home) as link:
        await require_empty(link)
    return True


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_a_database_with_data_is_left_alone_and_told_what_it_holds(
    homes: Homes, archive: Path, dialect: str
) -> None:
    target = await homes.make(dialect, "local")
    async with connected(target, make=True) as link:
        await make_schema(link, target)
        await link.fetch("INSERT INTO server_secrets (name, value) VALUES ('theirs', 'x')")
    before = await held(target)

    with pytest.raises(NotEmpty, match=r"server_secrets \(1\)"):
        await restore(target, archive, nothing)

    assert await held(target) == before


async def test_a_storage_with_an_object_is_left_alone_and_told_what_it_holds(homes: Homes, archive: Path) -> None:
    target = await homes.make("sqlite", "s3")
    async with opened_storage(target) as storage:
        await storage.put("theirs/a.json", in_pieces(b"1"), content_type="application/json")

    with pytest.raises(NotEmpty, match=r"it holds theirs/a\.json;"):
        await restore(target, archive, nothing)

    assert await is_empty(target)
    assert list((await held(target))[1]) == ["theirs/a.json"]


async def test_a_database_of_a_newer_version_is_neither_written_nor_backed_up(
    homes: Homes, source: Settings, archive: Path, tmp_path: Path
) -> None:
    target = await homes.make("postgres", "local")
    for home in (source, target):
        async with connected(home, make=True) as link:
            if home is target:
                await make_schema(link, home)
            await link.fetch("INSERT INTO aerich (version, app, content) VALUES ('99_newer.py', 'models', '{}')")

    with pytest.raises(OtherVersion, match=r"99_newer\.py"):
        await restore(target, archive, nothing)
    with pytest.raises(OtherVersion, match=r"99_newer\.py"):
        await back_up(source, tmp_path / "another.tar.gz", nothing)

    assert not (tmp_path / "another.tar.gz").exists()


async def test_an_archive_replaces_no_file_and_leaves_none_when_it_fails(
    homes: Homes, source: Settings, archive: Path, tmp_path: Path, proxy: FaultyProxy
) -> None:
    before = archive.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        await back_up(source, archive, nothing)
    assert archive.read_bytes() == before

    other = await homes.make("sqlite", "s3")
    await restore(other, archive, nothing)
    proxy.break_with(Fault("GET .*mp4", "answer", status=500))
    with pytest.raises(Exception, match="the storage answered with an error"):
        await back_up(through(proxy, other), tmp_path / "another.tar.gz", nothing)
    assert list(tmp_path.glob("another*")) == []


async def test_a_restore_that_breaks_off_leaves_the_database_empty_and_goes_on_with_resume(
    homes: Homes, source: Settings, archive: Path, proxy: FaultyProxy
) -> None:
    target = await homes.make("postgres", "s3")
    proxy.break_with(Fault("(PUT|POST) .*mp4", "answer", status=500))

    with pytest.raises(Unfinished, match=r"(?s)answered with an error.*the database is as it was.*--resume"):
        await restore(through(proxy, target), archive, nothing)

    assert await is_empty(target)
    with pytest.raises(NotEmpty, match="--resume"):
        await restore(target, archive, nothing)
    await restore(target, archive, nothing, resume=True)
    assert await held(target) == await held(source)


async def test_a_restore_that_is_killed_leaves_the_database_empty_and_goes_on_with_resume(
    homes: Homes, source: Settings, archive: Path, proxy: FaultyProxy, tmp_path: Path
) -> None:
    target = await homes.make("postgres", "s3")
    proxy.break_with(Fault("(PUT|POST) .*mp4", "hang"))
    environ = {
        "DATABASE_URL": target.database,
        "S3_BUCKET": target.s3_bucket,
        "S3_ENDPOINT": proxy.endpoint,
        "S3_ACCESS_KEY": "test-access-key",
        "S3_SECRET_KEY": "test-secret-key",
    }

    async with started(tmp_path, "restore", str(archive), **environ) as running:
        async with asyncio.timeout(30):
            await proxy.until("(PUT|POST) .*mp4")
        running.kill()
        await running.ended()

    assert await is_empty(target)
    await restore(target, archive, nothing, resume=True)
    assert await held(target) == await held(source)


async def test_going_on_never_replaces_another_object(homes: Homes, archive: Path) -> None:
    target = await homes.make("sqlite", "s3")
    key = min(OBJECTS)
    async with opened_storage(target) as storage:
        await storage.put(key, in_pieces(b"theirs"), content_type="application/json")

    with pytest.raises(Unfinished, match="has another object at"):
        await restore(target, archive, nothing, resume=True)

    assert await is_empty(target)
    assert (await held(target))[1][key] == (b"theirs", "application/json")


async def test_a_storage_that_cannot_tell_what_it_holds_is_looked_at_object_by_object(
    homes: Homes, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mute.py").write_text(MUTE)
    root = tmp_path / "mute"
    home = await homes.make("sqlite", "local")
    mute = {"storage_backend": "mute", "storage": {"mute": {"root": root}}, "plugins_dir": tmp_path / "plugins"}
    target = Settings.model_validate({**home.model_dump(), **mute})
    (theirs := root / min(OBJECTS)).parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")

    with pytest.raises(Unfinished, match="has another object at"):
        await restore(target, archive, nothing)
    assert theirs.read_bytes() == b"theirs"

    theirs.unlink()
    await restore(target, archive, nothing)
    assert {key: (root / key).read_bytes() for key in OBJECTS} == {key: of for key, (of, _) in OBJECTS.items()}


async def test_a_row_that_the_target_refuses_leaves_no_row_there(
    homes: Homes, source: Settings, tmp_path: Path
) -> None:
    target = await homes.make("postgres", "local")
    # The last of all tables: everything before it has been written by then.
    async with connected(source) as link:
        await link.fetch("UPDATE counter_totals SET name = ?1", "n" * 200)
    await back_up(source, tmp_path / "backup.tar.gz", nothing)

    with pytest.raises(Unfinished, match=r"(?s)value too long.*the database is as it was"):
        await restore(target, tmp_path / "backup.tar.gz", nothing)

    assert await is_empty(target)


async def test_nobody_writes_to_a_database_while_it_is_filled(
    homes: Homes, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_module, "_LOCK_PATIENCE", "100ms")
    target = await homes.make("postgres", "local")
    async with connected(target, make=True) as theirs:
        await make_schema(theirs, target)
        async with theirs.transaction():
            await theirs.fetch("UPDATE projects SET name = 'theirs' WHERE id = 'proj_default'")

            with pytest.raises(Unfinished, match="another process writes to the database"):
                await restore(target, archive, nothing)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_what_is_written_during_a_backup_is_wholly_in_it_or_not_at_all(homes: Homes, dialect: str) -> None:
    home = await homes.make(dialect, "local")
    await fill(home)
    async with connected(home) as link, connected(home) as theirs:
        async with link.snapshot():
            before = await digests(link)
        async with link.snapshot():
            parts = [await anext(reading := dump(link))]
            for table in ("sessions", "counter_totals", "jobs", "server_secrets"):
                await theirs.fetch(f"DELETE FROM {table}")
            parts += [part async for part in reading]

        assert sum(part.rows for part in parts) == sum(digest.rows for digest in before.values())
        assert differing(before, await digests(link)) == ["server_secrets", "jobs", "sessions", "counter_totals"]


async def test_a_move_is_undone_when_the_source_was_written_to_meanwhile(homes: Homes, source: Settings) -> None:
    target = await homes.make("postgres", "s3")
    file = source.database.removeprefix("sqlite://")

    def write(step: str, done: int, total: int | None) -> None:
        if step == "checking rows":
            with closing(sqlite3.connect(file)) as db, db:
                db.execute("UPDATE projects SET name = 'renamed while it was copied' WHERE id = 'proj_default'")

    with pytest.raises(Unfinished, match=r"written to while it was copied \(projects\): stop all its servers"):
        await move(source, target, write)

    assert await is_empty(target)
    await move(source, target, nothing, resume=True)
    assert await held(target) == await held(source)


async def test_there_must_be_something_to_move_and_somewhere_to_move_it_from(
    homes: Homes, source: Settings, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="nothing to move"):
        await move(source, source, nothing)
    nowhere = load({}, data_dir=tmp_path / "nowhere")
    with pytest.raises(Exception, match="there is no database"):
        await move(nowhere, source, nothing)
    with pytest.raises(Exception, match="there is no database"):
        await back_up(nowhere, tmp_path / "of-nothing.tar.gz", nothing)
    assert not (tmp_path / "of-nothing.tar.gz").exists()


async def test_large_objects_and_many_rows_pass_through_little_memory(homes: Homes, tmp_path: Path) -> None:
    home, target = await homes.make("sqlite", "local"), await homes.make("sqlite", "local")
    await fill(home)
    async with opened_storage(home) as storage:
        for key in list(OBJECTS)[:2]:
            await storage.put(key, in_pieces(bytes(24 * MIB)), content_type="video/mp4")
    async with connected(home) as link:
        await link.fetch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
            "INSERT INTO server_secrets (name, value) SELECT 'n' || i, 'secret' FROM n"
        )

    tracemalloc.start()
    try:
        await back_up(home, tmp_path / "backup.tar.gz", nothing)
        await restore(target, tmp_path / "backup.tar.gz", nothing)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 12 * MIB
    assert (await held(target))[0] == (await held(home))[0]
