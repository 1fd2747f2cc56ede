"""`retrospec plugins`: works whatever is broken, and says what."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.metrics.totals import Totals
from retrospec.plugin import API_REVISION, API_VERSION
from retrospec.plugin.faults import Faults
from retrospec.schema import MODELS
from tests.cli.conftest import Cli

CONSOLE = '''
from retrospec.plugin import Alert, AlertSink, alert_sink

__version__ = "2.1"


@alert_sink("console", "Prints alerts")
class Console(AlertSink):
    async def send(self, alert: Alert) -> None:
        """Print it."""
'''


@pytest.fixture
def folder(cli: Cli, tmp_path: Path) -> Path:
    """A folder of single-file plugins, in use."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    cli.environ["PLUGINS_DIR"] = str(folder)
    return folder


def lines(cli: Cli, **environ: str) -> dict[tuple[str, str], Any]:
    return {(one["family"], one["name"]): one for one in cli.json("plugins", **environ)["plugins"]}


def test_what_is_built_in_is_listed_and_what_is_selected_is_in_use(cli: Cli) -> None:
    listed = lines(cli)
    in_use = {place for place, one in listed.items() if one["state"] == "in use"}
    assert in_use == {
        ("storage", "local"),
        ("queue", "database"),
        ("clustering", "fingerprint"),
        ("analysis", "heuristic"),
        ("redaction", "default"),
    }
    assert listed["alerts", "log"]["state"] == "available"
    assert listed["storage", "local"]["origin"] == "built-in"
    assert all(one["description"] and one["version"] and not one["error"] for one in listed.values())


def test_a_plugin_of_the_folder_is_listed_with_its_file_and_version(cli: Cli, folder: Path) -> None:
    (folder / "my_console.py").write_text(CONSOLE)
    one = lines(cli)["alerts", "console"]
    assert (one["origin"], one["version"], one["state"]) == (str(folder / "my_console.py"), "2.1", "available")
    assert lines(cli, ALERT_SINKS="console")["alerts", "console"]["state"] == "in use"


def test_a_broken_plugin_is_listed_with_its_error_and_harms_no_other(cli: Cli, folder: Path) -> None:
    (folder / "broken.py").write_text("raise RuntimeError('no such luck')")
    (folder / "my_console.py").write_text(CONSOLE)
    listed = lines(cli)
    assert listed["", "broken"]["state"] == "failed"
    assert listed["", "broken"]["error"] == "RuntimeError: no such luck"
    assert listed["alerts", "console"]["state"] == "available"


def test_a_selected_plugin_that_is_missing_is_listed_as_failed(cli: Cli) -> None:
    one = lines(cli, STORAGE_BACKEND="tape")["storage", "tape"]
    assert one["state"] == "failed"
    assert "STORAGE_BACKEND=tape: no storage plugin of that name is installed (installed: local" in one["error"]


def test_a_selected_plugin_with_bad_settings_is_listed_as_failed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "retrospec.toml").write_text('[alerts.webhook]\nurl = "nowhere"\n')
    one = lines(cli, ALERT_SINKS="webhook")["alerts", "webhook"]
    assert one["state"] == "failed"
    assert "field url" in one["error"]


def test_the_table_shows_the_same(cli: Cli, folder: Path) -> None:
    (folder / "broken.py").write_text("raise RuntimeError('no such luck')")
    text = cli.prints("plugins", STORAGE_BACKEND="tape")
    rows = [line.split() for line in text.splitlines()]
    assert ["name", "version", "origin", "family", "state", "errors", "about"] in rows
    assert any(row[:1] == ["tape"] and "failed" in row for row in rows)
    assert "RuntimeError: no such luck" in text
    assert "Plain files in a folder" in text


def test_hooks_are_listed_beside_what_a_plugin_offers(cli: Cli, folder: Path) -> None:
    hook = """
from retrospec.plugin import hookimpl


@hookimpl
def retrospec_issue_promoted(event):
    pass
"""
    (folder / "my_console.py").write_text(CONSOLE + hook)
    listed = lines(cli)
    assert listed["alerts", "console"]["hooks"] == ["retrospec_issue_promoted"]
    assert (listed["hooks", "my_console"]["state"], listed["hooks", "my_console"]["description"]) == (
        "in use",
        "retrospec_issue_promoted",
    )


def test_one_that_needs_a_newer_api_is_left_out_and_says_so(cli: Cli, folder: Path) -> None:
    for name, wanted in (("newer", "2"), ("later", "(1, 99)"), ("older", "0"), ("odd", "'1'"), ("fine", "(1, 0)")):
        (folder / f"{name}.py").write_text(f"RETROSPEC_API = {wanted}\n")
    said = {name: one["error"] for (_, name), one in lines(cli).items() if one["state"] == "failed"}
    has = f"this server has {API_VERSION}.{API_REVISION}"
    assert said == {
        "newer": f"it needs the plugin API 2.0, and {has}: install a newer Retrospec",
        "later": f"it needs the plugin API 1.99, and {has}: install a newer Retrospec",
        "older": f"it was written for the plugin API 0, and {has}: install a newer version of the plugin",
        "odd": "RETROSPEC_API is '1', and not a version or a pair of version and revision",
    }


def test_what_failed_in_a_server_is_counted_with_its_last_error(cli: Cli, folder: Path) -> None:
    (folder / "my_console.py").write_text(CONSOLE)
    cli.prints("db", "upgrade")
    when = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)

    async def fail() -> None:
        database = Database(f"sqlite://{cli.folder / 'data' / 'retrospec.db'}", MODELS)
        await database.open()
        for text in ("the first", "the last \ud800 " + "x" * 600):
            counters = Counters()
            faults = Faults(counters)
            faults.remember("alerts", "console", text)
            await Totals(database, counters, faults=faults).flush()
        await database.close()

    asyncio.run(fail())

    one = lines(cli)["alerts", "console"]
    assert one["errors"] == 2
    assert one["lastError"].startswith("the last ? xxx")
    assert one["lastErrorAt"] > when.isoformat()
    assert lines(cli)["alerts", "log"]["errors"] == 0
    assert "last error, 20" in cli.prints("plugins")


def test_without_a_database_that_answers_the_list_is_shown_all_the_same(cli: Cli) -> None:
    result = cli("plugins", "--json", DATABASE_URL="postgres://u:secret@127.0.0.1:9/nothing")
    assert result.exit_code == 0
    assert {one["errors"] for one in json.loads(result.stdout)["plugins"]} == {None}
    assert "warning: errors are not known, the database cannot be asked" in result.stderr
    assert "secret" not in result.stderr
