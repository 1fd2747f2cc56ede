"""`retrospec db`, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest

from retrospec.core.migrations import history
from tests.cli.conftest import Cli


@pytest.fixture
def empty(cli: Cli, empty_database_url: str) -> Cli:
    cli.environ["DATABASE_URL"] = empty_database_url
    return cli


def test_an_empty_database_lacks_every_migration_and_looking_changes_nothing(empty: Cli) -> None:
    for _ in range(2):
        assert empty.json("db", "status") == {"applied": [], "missing": history()}


def test_upgrading_applies_what_is_missing_once(empty: Cli) -> None:
    assert empty.json("db", "upgrade") == {"applied": history()}
    assert empty.json("db", "status") == {"applied": history(), "missing": []}
    assert empty.prints("db", "upgrade") == "the schema is up to date\n"


def test_downgrading_undoes_and_upgrading_brings_it_back(empty: Cli) -> None:
    empty.prints("db", "upgrade")
    assert empty.json("db", "downgrade", "--from", "0", "--yes")["undone"] != []
    assert empty.json("db", "status")["applied"] == []
    empty.prints("db", "upgrade")
    assert "Default Project" in empty.prints("projects", "list")


def test_downgrading_asks_first(empty: Cli) -> None:
    empty.prints("db", "upgrade")
    assert "This drops data" in empty.fails("db", "downgrade", answer="n\n")
    assert empty.json("db", "status")["missing"] == []


def test_there_may_be_nothing_to_undo(empty: Cli) -> None:
    assert empty.prints("db", "downgrade", "--yes") == "there is nothing to undo\n"
    empty.prints("db", "upgrade")
    assert empty.json("db", "downgrade", "--from", "9999", "--yes") == {"undone": []}


def test_the_status_in_words_says_what_to_run(empty: Cli) -> None:
    lines = [f"missing  {name}" for name in history()]
    assert empty.prints("db", "status").splitlines() == [*lines, "run `retrospec db upgrade`"]
    empty.prints("db", "upgrade")
    assert empty.prints("db", "status").splitlines() == [f"applied  {name}" for name in history()]


def test_looking_at_the_embedded_default_does_not_make_it(cli: Cli, tmp_path: Path) -> None:
    assert cli.json("db", "status")["applied"] == []
    assert list(tmp_path.iterdir()) == []


def test_upgrading_the_embedded_default_makes_it(cli: Cli, tmp_path: Path) -> None:
    cli.prints("db", "upgrade")
    assert (tmp_path / "data" / "retrospec.db").exists()


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_a_schema_that_is_behind_stops_other_commands_and_says_what_to_run(empty: Cli) -> None:
    assert "run `retrospec db upgrade`" in empty.fails("projects", "list")
