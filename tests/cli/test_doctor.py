"""`retrospec doctor`: what is wrong, in words that a person can act on."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from retrospec.core.clock import now
from retrospec.jobs.models import Job
from tests.cli.conftest import Cli, in_database

BROKEN = '''
from retrospec.plugin import Alert, AlertSink, alert_sink


@alert_sink("pager", "Fails")
class Pager(AlertSink):
    async def open(self) -> None:
        raise ConnectionError("pager.example does not answer")

    async def send(self, alert: Alert) -> None:
        """Never."""
'''


def findings(cli: Cli, *, failing: bool = False, **environ: str) -> dict[str, list[Any]]:
    result = cli("doctor", "--json", **environ)
    assert result.exit_code == int(failing), result.output
    found: dict[str, list[Any]] = {}
    for one in json.loads(result.stdout)["findings"]:
        found.setdefault(one["name"], []).append(one)
    return found


def states(found: dict[str, list[Any]]) -> set[str]:
    return {one["state"] for ones in found.values() for one in ones}


def test_a_fresh_folder_is_fine_and_stays_without_a_database(cli: Cli, tmp_path: Path) -> None:
    found = findings(cli)
    assert states(found) == {"ok"}
    assert "`retrospec serve` makes it" in found["database"][0]["detail"]
    assert not (tmp_path / "data" / "retrospec.db").exists()


def test_what_works_is_told_of_everything_that_the_server_needs(on_database: Cli) -> None:
    found = findings(on_database)
    assert states(found) <= {"ok", "warning"}
    expected = {"settings", "plugins", "data", "disk", "clock", "access", "database", "migrations", "queue", "storage"}
    assert expected | {"jobs", "analysis", "redaction", "clustering"} <= set(found)


def test_a_database_that_is_away_is_named_with_what_to_do_and_the_rest_is_still_checked(cli: Cli) -> None:
    found = findings(cli, failing=True, DATABASE_URL="postgres://u:hidden@127.0.0.1:9/x", EMBEDDED_WORKER="true")
    one = found["database"][0]
    assert one["state"] == "failed"
    assert "hidden" not in str(found)
    assert "check DATABASE_URL" in one["advice"]
    assert found["storage"][0]["state"] == "ok"


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_a_schema_that_is_behind_is_told_with_the_command_to_run(cli: Cli, empty_database_url: str) -> None:
    one = findings(cli, failing=True, DATABASE_URL=empty_database_url)["migrations"][0]
    assert one["state"] == "failed"
    assert "retrospec db upgrade" in one["detail"]


def test_a_data_folder_that_cannot_be_written_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    one = findings(cli, failing=True, DATA_DIR=str(tmp_path / "file" / "data"))["data"][0]
    assert one["state"] == "failed"
    assert "DATA_DIR" in one["advice"]


@pytest.mark.parametrize(("free", "state"), [(10**8, "failed"), (10**9, "warning"), (10**11, "ok")])
def test_a_disk_that_runs_full_is_told_in_time(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert findings(cli, failing=state == "failed")["disk"][0]["state"] == state


def test_plugins_that_are_missing_broken_or_cannot_be_opened_are_told_apart(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "pager.py").write_text(BROKEN)
    (folder / "unused.py").write_text("import nothing_of_that_name")
    found = findings(cli, failing=True, PLUGINS_DIR=str(folder), ALERT_SINKS="pager,pigeon")
    missing, unused = found["plugins"]
    assert (missing["state"], unused["state"]) == ("failed", "warning")
    assert "ALERT_SINKS=pigeon" in missing["detail"]
    assert "unused was left out: ModuleNotFoundError" in unused["detail"]
    assert found["alerts"][0]["state"] == "failed"
    assert "pager: pager.example does not answer" in found["alerts"][0]["detail"]


def test_bad_settings_end_it_with_a_line_for_each(cli: Cli) -> None:
    found = findings(cli, failing=True, SESSION_RETENTION_DAYS="-1", LOG_FORMAT="xml")
    assert set(found) == {"settings"}
    assert [one["detail"].partition(":")[0] for one in found["settings"]] == [
        "SESSION_RETENTION_DAYS=-1",
        "LOG_FORMAT=xml",
    ]


@pytest.mark.parametrize(("access", "state"), [("", "ok"), ("full", "warning"), ("none", "ok")])
def test_data_that_is_open_to_a_network_is_warned_of(cli: Cli, access: str, state: str) -> None:
    found = findings(cli, ORCHESTRATOR_HOST="0.0.0.0", ORCHESTRATOR_PORT="0", ANONYMOUS_ACCESS=access)
    assert found["access"][0]["state"] == state


def test_an_address_that_cannot_be_listened_on_is_warned_of(cli: Cli) -> None:
    # Of a network for documentation: no machine has it.
    one = findings(cli, ORCHESTRATOR_HOST="192.0.2.1")["address"][0]
    assert one["state"] == "warning"


def test_dead_letters_are_warned_of(on_database: Cli, database_url: str) -> None:
    in_database(database_url, lambda _: _bury())
    one = findings(on_database)["jobs"][0]
    assert (one["state"], one["detail"]) == ("warning", "0 waiting, 1 failed for good")
    assert "queue-dead-letters" in one["advice"]


def test_in_words_a_failure_is_followed_by_what_to_do(cli: Cli) -> None:
    result = cli("doctor", ANALYZER="oracle")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("failed   plugins"))
    assert lines[at + 1].strip() == "→ install it, or correct ANALYZER or [analysis.oracle]"


async def _bury() -> None:
    job: dict[str, Any] = {
        "queue": "replay-jobs",
        "project_id": "proj_default",
        "payload": "{}",
        "due_at": now(),
        "created_at": now(),
    }
    await Job.create(id="job_1", status="failed", finished_at=now(), **job)
