"""One history serves both databases, from a checkout by `aerich` and from a wheel by `retrospec db`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from retrospec.core.db import Database
from retrospec.core.migrations import Migrations, history
from retrospec.issues.queries import list_sessions
from retrospec.issues.schemas import SessionsQuery
from retrospec.schema import MODELS
from tests.issues.builders import PROJECT, A, B, ago, assert_exact, assert_kinds_exact, card, issue, session, settle

ROOT = Path(__file__).parent.parent


def aerich(folder: Path, url: str, *arguments: str) -> str:
    """Run the `aerich` command in a checkout."""
    command = [str(Path(sys.executable).with_name("aerich")), *arguments]
    # Beside DATABASE_URL nothing may be set that names another database.
    environ = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checkout(tmp_path: Path) -> Path:
    """A folder with what `aerich` looks at, so that a test never writes a migration into the project."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "migrations", folder / "migrations")
    return folder


async def test_an_empty_database_is_upgraded_and_then_aerich_sees_no_change(
    empty_database_url: str, tmp_path: Path
) -> None:
    folder = checkout(tmp_path)

    assert "Success upgrading" in aerich(folder, empty_database_url, "upgrade")

    assert "No changes detected" in aerich(folder, empty_database_url, "migrate")
    assert await Migrations(empty_database_url, MODELS).status() == (history(), [])


async def test_the_command_of_the_wheel_does_the_same(empty_database_url: str) -> None:
    migrations = Migrations(empty_database_url, MODELS)

    assert await migrations.status() == ([], history())
    assert await migrations.upgrade() == history()

    assert await migrations.upgrade() == []
    assert await migrations.status() == (history(), [])


async def test_a_downgrade_takes_back_what_the_upgrade_made(empty_database_url: str) -> None:
    migrations = Migrations(empty_database_url, MODELS)
    await migrations.upgrade()

    await migrations.downgrade(0)

    assert await migrations.status() == ([], history())
    assert await migrations.upgrade() == history()


async def test_failures_and_reports_that_are_there_already_are_counted_and_listed(empty_database_url: str) -> None:
    migrations, database = Migrations(empty_database_url, MODELS), Database(empty_database_url, MODELS)
    await migrations.upgrade()
    await database.open()
    await session("s1", {A: [ago(hours=30), ago(hours=2), ago(hours=1)], "js_exception:1": [ago(hours=2)]})
    await session("s2", {A: [ago(hours=2)]})
    await settle()
    await issue(B)
    await card("s1", "ready", 0.75)
    await database.close()
    await migrations.downgrade(1)

    await migrations.upgrade()

    await database.open()
    await assert_kinds_exact()
    listed = (await list_sessions(PROJECT, A, SessionsQuery())).sessions
    assert {one.session_id: (one.report_status, one.report_confidence) for one in listed} == {
        "s1": ("ready", 0.75),
        "s2": ("pending", 0),
    }
    await database.close()


async def test_members_and_users_of_clusters_are_what_they_were_and_users_are_counted(empty_database_url: str) -> None:
    migrations, database = Migrations(empty_database_url, MODELS), Database(empty_database_url, MODELS)
    await migrations.upgrade()
    await database.open()
    for number, user in enumerate(("ann", "ann", "bob", "")):
        await session(f"s{number}", {A: [ago(hours=2)], B: [ago(hours=number + 1)]}, user=user)
    await settle()
    await database.close()
    await migrations.downgrade(3)

    await migrations.upgrade()

    await database.open()
    await assert_exact()
    await database.close()
