"""What is backed up comes back, from any database and storage into any other."""

import tarfile
from itertools import product
from pathlib import Path

import pytest

from retrospec.archive.backup import back_up
from retrospec.archive.link import connected
from retrospec.archive.load import require_empty
from retrospec.archive.move import move
from retrospec.archive.restore import restore
from retrospec.archive.stores import opened_storage
from retrospec.archive.tables import TABLES
from retrospec.core.settings import Settings
from tests.archive.homes import OBJECTS, ROWS, Homes, fill, held, make_schema, nothing

COMBINATIONS = list(product(("sqlite", "postgres"), ("local", "s3")))
OTHER = {"sqlite": "postgres", "postgres": "sqlite", "local": "s3", "s3": "local"}


@pytest.mark.parametrize(("dialect", "storage"), COMBINATIONS)
async def test_a_backup_of_every_table_and_object_restores_into_the_other_database_and_storage(
    homes: Homes, tmp_path: Path, dialect: str, storage: str
) -> None:
    source = await homes.make(dialect, storage)
    target = await homes.make(OTHER[dialect], OTHER[storage])
    await fill(source)

    manifest, missed = await back_up(source, tmp_path / "backup.tar.gz", nothing)
    restored = await restore(target, tmp_path / "backup.tar.gz", nothing)

    there = await held(target)
    assert there == await held(source)
    assert there[1] == OBJECTS
    assert manifest == restored
    # The default project is a row of the migrations.
    assert manifest.rows == {name: ROWS + (name == "projects") for name in TABLES}
    assert (manifest.objects, manifest.missing, missed) == (len(OBJECTS), 0, [])


@pytest.mark.parametrize(("dialect", "storage"), COMBINATIONS)
async def test_data_moves_directly_to_the_other_database_and_storage(homes: Homes, dialect: str, storage: str) -> None:
    source = await homes.make(dialect, storage)
    target = await homes.make(OTHER[dialect], OTHER[storage])
    await fill(source)
    before = await held(source)

    moved = await move(source, target, nothing)

    assert await held(target) == before == await held(source)
    assert moved.rows is not None
    assert sum(moved.rows.values()) == ROWS * len(TABLES) + 1
    assert (moved.objects, moved.missing) == (len(OBJECTS), 0)


async def test_postgresql_counts_on_behind_the_rows_that_came(homes: Homes, tmp_path: Path) -> None:
    source, target = await homes.make("sqlite", "local"), await homes.make("postgres", "local")
    await fill(source)
    await back_up(source, tmp_path / "backup.tar.gz", nothing)
    await restore(target, tmp_path / "backup.tar.gz", nothing)

    async with connected(target) as link:
        for table in TABLES.values():
            if table.counts_up:
                highest = (await link.fetch(f'SELECT max("{table.key}") AS it FROM "{table.name}"'))[0]["it"]
                sequence = f"pg_get_serial_sequence('{table.name}', '{table.key}')"
                assert (await link.fetch(f"SELECT nextval({sequence}) AS it"))[0]["it"] == highest + 1, table.name


async def test_an_empty_server_is_backed_up_and_counts_from_one(homes: Homes, tmp_path: Path) -> None:
    source, target = await homes.make("sqlite", "local"), await homes.make("postgres", "local")
    async with connected(source, make=True) as link:
        await make_schema(link, source)
    await back_up(source, tmp_path / "backup.tar.gz", nothing)

    manifest = await restore(target, tmp_path / "backup.tar.gz", nothing)

    assert (manifest.rows, manifest.objects) == ({"projects": 1}, 0)
    async with connected(target) as link:
        assert (await link.fetch("SELECT nextval('sessions_uid_seq') AS it"))[0]["it"] == 1


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_no_table_or_column_of_the_schema_is_forgotten(homes: Homes, dialect: str) -> None:
    home = await homes.make(dialect, "local")
    async with connected(home, make=True) as link:
        await make_schema(link, home)
        # What the migrations themselves have made counts as nothing.
        await require_empty(link)
        theirs = await link.columns()
    assert theirs == {(table.name, column.name) for table in TABLES.values() for column in table.columns}


async def test_the_archive_is_a_plain_tar_file_that_only_its_owner_reads(homes: Homes, tmp_path: Path) -> None:
    home = await homes.make("sqlite", "local")
    await fill(home)
    archive = tmp_path / "backup.tar.gz"

    await back_up(home, archive, nothing)

    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    for key, (content, _) in OBJECTS.items():
        assert (tmp_path / "out" / "objects" / key).read_bytes() == content
    assert (tmp_path / "out" / "tables" / "sessions" / "000001.jsonl").read_bytes().count(b"\n") == ROWS


async def test_objects_that_are_gone_are_told_of_and_keep_nothing_from_being_backed_up(
    homes: Homes, tmp_path: Path
) -> None:
    source, target = await homes.make("sqlite", "local"), await homes.make("postgres", "s3")
    await fill(source)
    gone = min(OBJECTS)
    async with opened_storage(source) as storage:
        await storage.delete([gone])

    manifest, missed = await back_up(source, tmp_path / "backup.tar.gz", nothing)
    await restore(target, tmp_path / "backup.tar.gz", nothing)

    assert (manifest.objects, manifest.missing, missed) == (len(OBJECTS) - 1, 1, [gone])
    with tarfile.open(tmp_path / "backup.tar.gz") as tar:
        index = tar.extractfile("index/000001.jsonl")
        assert index is not None
        assert f'{{"key":"{gone}","missing":true}}' in index.read().decode()
    assert set((await held(target))[1]) == set(OBJECTS) - {gone}


@pytest.mark.parametrize("what", ["database", "storage"])
async def test_only_what_the_other_settings_say_is_moved(homes: Homes, what: str) -> None:
    source, other = await homes.make("sqlite", "local"), await homes.make("postgres", "s3")
    await fill(source)
    kept = ("database_url",) if what == "storage" else ("s3_bucket", "s3_endpoint", "data_dir")
    target = Settings.model_validate({**other.model_dump(), **{name: getattr(source, name) for name in kept}})

    moved = await move(source, target, nothing)

    assert ((moved.rows is None), (moved.objects is None)) == ((what == "storage"), (what == "database"))
    assert await held(target) == await held(source)
