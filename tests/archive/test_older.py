"""An archive of an older version is restored into the schema of that version, which is brought up to date then."""

from pathlib import Path

import pytest

from retrospec.archive.digest import differing, digests
from retrospec.archive.dump import dump
from retrospec.archive.errors import BadArchive, OtherVersion, Unfinished
from retrospec.archive.layout import FORMAT, Header
from retrospec.archive.link import Link, connected, require_current
from retrospec.archive.restore import restore
from retrospec.archive.tables import TABLES, Table, Tables
from retrospec.archive.writer import new_archive
from retrospec.core.clock import now
from retrospec.core.migrations import Migrations, history
from retrospec.core.settings import Settings
from retrospec.schema import MODELS
from tests.archive.homes import Homes, fill_tables, make_schema, nothing

FIRST = history()[0]


async def first_tables(link: Link) -> Tables:
    """Those of the first schema, as far as today's tables have their columns."""
    there = await link.columns()
    return {
        name: Table(
            name,
            table.key,
            [column for column in table.columns if (name, column.name) in there],
            counts_up=table.counts_up,
        )
        for name, table in TABLES.items()
        if (name, table.key) in there
    }


@pytest.fixture
async def source(homes: Homes) -> Settings:
    """A database with the first schema of all, and rows in each of its tables."""
    home = await homes.make("sqlite", "local")
    assert await Migrations(home.database, MODELS).upgrade(upto=FIRST) == [FIRST]
    async with connected(home) as link:
        tables = await first_tables(link)
        assert {(one.name, column.name) for one in tables.values() for column in one.columns} == await link.columns()
        await fill_tables(link, tables)
    return home


@pytest.fixture
async def archive(source: Settings, tmp_path: Path) -> Path:
    """A backup of it, as the first version would have written it."""
    path = tmp_path / "backup.tar.gz"
    async with connected(source) as link, link.snapshot():
        tables = await first_tables(link)
        header = Header(FORMAT, "0.0.9", FIRST, now(), {name: table.description() for name, table in tables.items()})
        with new_archive(path, header) as writer:
            async for part in dump(link, tables=tables):
                writer.add_rows(part)
    return path


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_it_ends_as_a_database_that_was_upgraded_where_it_was(
    homes: Homes, source: Settings, archive: Path, dialect: str
) -> None:
    target = await homes.make(dialect, "local")

    manifest = await restore(target, archive, nothing)

    assert manifest.header.schema == FIRST != history()[-1]
    await Migrations(source.database, MODELS).upgrade()
    async with connected(source) as link, connected(target) as other, link.snapshot(), other.snapshot():
        assert await require_current(other) == history()[-1]
        before, after = await digests(link), await digests(other)
        # What a migration counts anew has no numbers of its own to keep.
        assert set(differing(before, after)) <= {"kind_hours"}
        assert before["kind_hours"].rows == after["kind_hours"].rows > 0


async def test_a_database_with_today_s_schema_is_no_place_for_it(homes: Homes, archive: Path) -> None:
    target = await homes.make("postgres", "local")
    async with connected(target) as link:
        await make_schema(link, target)

    with pytest.raises(OtherVersion, match="take one without any"):
        await restore(target, archive, nothing)


async def test_tables_that_its_schema_does_not_have_are_refused(homes: Homes, source: Settings, tmp_path: Path) -> None:
    target = await homes.make("sqlite", "local")
    async with connected(source) as link:
        tables = await first_tables(link)
    told = {name: table.description() for name, table in tables.items()}
    told["sessions"].columns["theirs"] = "text"

    with new_archive(tmp_path / "forged.tar.gz", Header(FORMAT, "0.0.9", FIRST, now(), told)):
        pass

    with pytest.raises(BadArchive, match="other tables than those that are told of"):
        await restore(target, tmp_path / "forged.tar.gz", nothing)


async def test_rows_that_cannot_be_brought_up_to_date_are_there_and_said_to_be(
    homes: Homes, source: Settings, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = await homes.make("sqlite", "local")
    upgrade = Migrations.upgrade

    async def fails_at_the_end(self: Migrations, *, upto: str = "") -> list[str]:
        if not upto:
            raise OSError("no room")
        return await upgrade(self, upto=upto)

    monkeypatch.setattr(Migrations, "upgrade", fails_at_the_end)
    with pytest.raises(Unfinished, match=r"(?s)cannot be brought up to date: no room.*run `retrospec db upgrade`"):
        await restore(target, archive, nothing)
    monkeypatch.undo()

    await Migrations(target.database, MODELS).upgrade()
    await Migrations(source.database, MODELS).upgrade()
    async with connected(source) as link, connected(target) as other, link.snapshot(), other.snapshot():
        assert differing(await digests(link), await digests(other)) == []
