"""`retrospec plugins`: works whatever is broken, and says what."""

from pathlib import Path
from typing import Any

import pytest

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
    assert ["name", "version", "origin", "family", "state", "about"] in rows
    assert any(row[:1] == ["tape"] and "failed" in row for row in rows)
    assert "RuntimeError: no such luck" in text
    assert "Plain files in a folder" in text
