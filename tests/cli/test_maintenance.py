"""`retrospec promote` and `retrospec cleanup` on sessions that a real server took, on SQLite and on PostgreSQL."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from retrospec.core.clock import now
from retrospec.core.settings_sources import load
from retrospec.projects.models import Project
from retrospec.serving import listening
from retrospec.sessions.models import Session, StoredObject
from retrospec_plugins.storage_local import LocalStorage
from tests.cli.conftest import Cli, in_database
from tests.client import UNLIMITED, Client, marker


def objects(folder: Path) -> list[Path]:
    return [file for file in (folder / "data" / "objects").rglob("*.json") if file.is_file()]


def age(url: str, days: int, *sessions: str) -> None:
    """Make sessions and their recordings older."""

    async def run() -> None:
        old = {"created_at": now() - timedelta(days=days)}
        await Session.filter(session_id__in=sessions).update(**old)
        await StoredObject.filter(session_id__in=sessions).update(**old)

    in_database(url, lambda _: run())


@pytest.fixture
def shop(on_database: Cli, database_url: str) -> Cli:
    """Three recorded sessions with the same failure, not promoted and not worked on."""
    fixed = {"database_url": database_url, "orchestrator_port": 0, "embedded_worker": False, **UNLIMITED}

    async def fill() -> None:
        settings = load({}, **{**fixed, "auto_promote_on_ingest": False})
        async with listening(settings) as running, Client(running) as client:
            for number in range(3):
                await client.recorded(f"s{number}", marker())

    asyncio.run(fill())
    return on_database


def test_promoting_raises_what_repeats_once(shop: Cli) -> None:
    issue = shop.json("promote")["promoted"][0]
    assert (issue["projectId"], issue["sessionCount"], issue["state"]) == ("proj_default", 3, "open")
    assert shop.json("promote") == {"promoted": [], "alertsSent": 0, "alertErrors": 0}


def test_promoting_says_in_words_what_it_did(shop: Cli) -> None:
    text = shop.prints("promote", ALERT_SINKS="log")
    assert "POST /api/orders -> 500" in text
    assert "1 issue promoted or updated, 1 alert handed over for delivery" in text


def test_promoting_keeps_to_the_project_that_is_named(shop: Cli) -> None:
    other = shop.json("projects", "create", "Other", "other.example")["project"]["id"]
    assert shop.json("promote", "--project", other)["promoted"] == []
    assert len(shop.json("promote", "--project", "proj_default")["promoted"]) == 1
    assert "project not found" in shop.fails("promote", "--project", "proj_none")


def test_a_dry_run_says_what_would_go_and_changes_nothing(shop: Cli, database_url: str, tmp_path: Path) -> None:
    age(database_url, 8, "s0", "s1")
    size = sum(file.stat().st_size for file in objects(tmp_path) if file.stem in {"s0", "s1"})
    for _ in range(2):
        plan = shop.json("cleanup", "--dry-run")
        assert plan["dryRun"]
        gone = plan["projects"][0]
        assert (gone["sessions"], gone["markers"], gone["objects"], gone["bytes"]) == (2, 2, 2, size)
    assert "6 rows and" in shop.prints("cleanup", "--dry-run")
    assert len(objects(tmp_path)) == 3


def test_a_cleanup_removes_what_the_dry_run_named(shop: Cli, database_url: str, tmp_path: Path) -> None:
    age(database_url, 8, "s0", "s1")
    plan = shop.json("cleanup", "--dry-run")["projects"]
    assert shop.json("cleanup")["projects"] == plan
    assert [file.stem for file in objects(tmp_path)] == ["s2"]
    assert shop.prints("cleanup").endswith("0 rows and 0 B are gone\n")


def test_issues_go_with_their_last_session(shop: Cli, database_url: str) -> None:
    shop.prints("promote")
    age(database_url, 8, "s0", "s1", "s2")
    gone = shop.json("cleanup")["projects"][0]
    assert (gone["sessions"], gone["issues"]) == (3, 1)


def test_a_projects_own_retention_counts(shop: Cli, database_url: str) -> None:
    in_database(database_url, lambda _: _keep(30))
    age(database_url, 8, "s0")
    assert shop.json("cleanup", "--dry-run")["projects"][0]["sessions"] == 0
    assert "30 days" in shop.prints("cleanup", "--dry-run")


async def _keep(days: int) -> None:
    await Project.filter(id="proj_default").update(retention_days=days)


def test_a_cleanup_keeps_to_the_project_that_is_named(shop: Cli, database_url: str) -> None:
    age(database_url, 8, "s0")
    other = shop.json("projects", "create", "Other", "other.example")["project"]["id"]
    assert [one["projectId"] for one in shop.json("cleanup", "--project", other)["projects"]] == [other]
    assert shop.json("cleanup", "--dry-run", "--project", "proj_default")["projects"][0]["sessions"] == 1
    assert "project not found" in shop.fails("cleanup", "--project", "proj_none")


def test_objects_that_cannot_be_deleted_are_counted_and_tried_again(
    shop: Cli, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: LocalStorage, keys: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(keys, "not now")

    age(database_url, 8, "s0")
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "delete", refuse)
        result = shop("cleanup", "--json")
    assert result.exit_code == 1
    assert "error: 1 object could not be deleted" in result.stderr
    gone = json.loads(result.stdout)["projects"][0]
    assert (gone["sessions"], gone["objects"], gone["bytes"], gone["failedObjects"]) == (1, 0, 0, 1)
    assert shop.json("cleanup")["projects"][0]["objects"] == 1
    assert "s0" not in {file.stem for file in objects(tmp_path)}


def test_a_project_with_recordings_is_deleted_whole(shop: Cli, database_url: str, tmp_path: Path) -> None:
    ident = shop.json("projects", "create", "Other", "other.example")["project"]["id"]
    in_database(database_url, lambda _: _give(ident))
    assert "(Other, 3 sessions)" in shop.fails("projects", "delete", ident, answer="n\n")
    shop.prints("projects", "delete", ident, "--yes")
    assert objects(tmp_path) == []


async def _give(project_id: str) -> None:
    await Session.all().update(project_id=project_id)
    await StoredObject.all().update(project_id=project_id)
