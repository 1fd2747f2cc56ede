"""`retrospec backup`, `restore` and `migrate-data` as a user runs them."""

import asyncio
from pathlib import Path

import pytest

from retrospec.core.errors import SettingsError
from retrospec.core.settings_sources import load, load_other
from retrospec.serving import listening
from tests.cli.conftest import Cli
from tests.client import UNLIMITED, Client, marker


@pytest.fixture
def shop(cli: Cli, tmp_path: Path) -> Cli:
    """A server's data in ./data: two sessions with a recording."""

    async def fill() -> None:
        fixed = {"data_dir": tmp_path / "data", "orchestrator_port": 0, "embedded_worker": False, **UNLIMITED}
        async with listening(load({}, **fixed)) as running, Client(running) as client:
            for number in range(2):
                await client.recorded(f"s{number}", marker())
            # It goes on running meanwhile.
            made = await asyncio.to_thread(cli.prints, "backup", "running.tar.gz")
            assert made.startswith("running.tar.gz: ")

    asyncio.run(fill())
    return cli


def test_a_backup_is_made_checked_and_restored(shop: Cli, tmp_path: Path) -> None:
    made = shop.json("backup", "b.tar.gz")
    assert (made["rows"]["sessions"], made["objects"], made["missing"]) == (2, 2, 0)
    assert shop.json("restore", "b.tar.gz", "--check") == made
    assert "all as they were written" in shop.prints("restore", "running.tar.gz", "--check")

    said = shop.prints("restore", "b.tar.gz", DATA_DIR="other")

    assert f"{sum(made['rows'].values())} rows and 2 objects of" in said
    assert said.endswith("restored\n")
    assert shop.json("projects", "list", DATA_DIR="other") == shop.json("projects", "list")
    again = shop.fails("restore", "b.tar.gz", DATA_DIR="other")
    assert "the database is not empty, there are rows in " in again
    assert " more: take another" in again


def test_what_cannot_be_done_is_said_in_a_line(shop: Cli, tmp_path: Path) -> None:
    assert "backup.tar.gz" in shop.fails("restore", "backup.tar.gz")
    assert "there is no database" in shop.fails("backup", "b.tar.gz", DATA_DIR="nowhere")
    assert "running.tar.gz exists already" in shop.fails("backup", "running.tar.gz")
    assert "No such file" in shop.fails("backup", "nowhere/b.tar.gz")
    (tmp_path / "no.tar.gz").write_text("no archive")
    assert "damaged or cut off" in shop.fails("restore", "no.tar.gz", "--check")
    assert "Missing option '--to'" in shop.misused("migrate-data")


def test_a_backup_tells_of_objects_that_are_gone(shop: Cli, tmp_path: Path) -> None:
    gone = next((tmp_path / "data" / "objects").rglob("s1.json"))
    gone.unlink()

    result = shop("backup", "b.tar.gz")

    assert result.exit_code == 0
    assert "warning: 1 object not in the storage" in result.stderr
    assert str(gone.relative_to(tmp_path / "data" / "objects")) in result.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("to.toml", 'data_dir = "moved"\nadmin_api_key = "a-secret-of-theirs"\n'),
        ("to.env", "# theirs\nDATA_DIR=moved\nexport ADMIN_API_KEY='a-secret-of-theirs'\nPATH=/bin\n"),
    ],
)
def test_data_is_copied_to_where_a_file_says_and_the_settings_to_change_are_named(
    shop: Cli, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)

    said = shop.prints("migrate-data", "--to", name)

    assert "2 objects of" in said
    assert f"the settings of {name} (DATA_DIR, ADMIN_API_KEY), and start them" in said
    assert shop.json("projects", "list", DATA_DIR="moved") == shop.json("projects", "list")
    (tmp_path / name).write_text(content.replace("moved", "moved-too"))
    told = shop.json("migrate-data", "--to", name)
    assert told["settings"] == {"DATA_DIR": "moved-too", "ADMIN_API_KEY": "(hidden)"}
    assert (told["rows"]["sessions"], told["objects"]) == (2, 2)


def test_what_another_file_says_goes_before_the_settings_in_force(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "sqlite:///srv/a.db", "S3_BUCKET": "here", "DATA_DIR": "/srv"}
    file = tmp_path / "to.env"

    file.write_text("POSTGRES_HOST=db.internal\nSTORAGE_BACKEND=local\n")
    other = load_other(file, environ)

    assert other.database == "postgres://postgres:@db.internal:5432/retrospec"
    assert (other.storage_name, str(other.data_dir)) == ("local", "/srv")
    file.write_text("S3_BUCKET='there\n")
    with pytest.raises(SettingsError, match="not lines of NAME=value"):
        load_other(file, environ)
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        load_other(tmp_path / "none.toml", environ)
