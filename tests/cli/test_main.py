"""The command `retrospec` itself: its help, its errors, its exit codes, and what it leaves unloaded."""

import importlib
import inspect
import subprocess
import sys

import pytest
from typer.main import get_command

from retrospec.cli.main import COMMANDS
from retrospec.version import __version__
from tests.cli.conftest import Cli, Processes

GROUPS = {
    "db": {"upgrade", "downgrade", "status"},
    "projects": {"create", "list", "delete"},
    "keys": {"create", "list", "revoke"},
    "clustering": {"dry-run", "explain", "rekey", "rules"},
    "alerts": {"sinks", "deliveries"},
    "config": {"show", "check"},
}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_help_lists_every_command_in_its_group_with_a_line_on_each(cli: Cli) -> None:
    text = cli.prints("--help")
    for name, listed in COMMANDS.items():
        assert listed.panel in text
        assert f"│ {name} " in text
        assert listed.help in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_how_the_help_of_the_command_begins(name: str) -> None:
    command = get_command(importlib.import_module(COMMANDS[name].module).app)
    assert inspect.cleandoc(command.help or "").startswith(COMMANDS[name].help)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own_and_names_itself_in_the_usage(cli: Cli, name: str) -> None:
    assert f"Usage: retrospec {name} " in cli.prints(name, "--help")


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_lists_its_commands_and_each_has_help(cli: Cli, name: str) -> None:
    command = get_command(importlib.import_module(COMMANDS[name].module).app)
    assert set(command.commands) == GROUPS[name]  # type: ignore[attr-defined]
    for sub in GROUPS[name]:
        assert f"Usage: retrospec {name} {sub} " in cli.prints(name, sub, "--help")


def test_the_version_is_told(cli: Cli) -> None:
    assert cli.prints("--version") == f"retrospec {__version__}\n"


def test_an_unknown_command_is_a_mistake_of_usage_and_the_nearest_is_suggested(cli: Cli) -> None:
    assert "No such command 'serv'. Did you mean 'serve'?" in cli.misused("serv")


def test_an_unknown_option_is_a_mistake_of_usage(cli: Cli) -> None:
    assert "No such option: --colour" in cli.misused("plugins", "--colour")


def test_without_a_command_the_help_is_shown_as_a_mistake_of_usage(cli: Cli) -> None:
    result = cli()
    assert result.exit_code == 2
    assert "Usage: retrospec" in result.output


def test_a_failure_is_one_line_on_standard_error(cli: Cli) -> None:
    assert cli.fails("keys", "revoke", "key_1").startswith("error: there is no key key_1")


def test_with_debug_a_failure_shows_where_it_comes_from(cli: Cli) -> None:
    result = cli("--debug", "keys", "revoke", "key_1")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "error: there is no key key_1" in result.stderr
    assert "Traceback" in cli("keys", "revoke", "key_1", LOG_LEVEL="debug").stderr


def test_a_defect_is_one_line_that_says_how_to_see_more(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrospec.cli.keys.service.list_keys", lambda project: 1 / 0)
    line = "error: unexpected ZeroDivisionError: division by zero (`retrospec --debug …` shows where)\n"
    assert cli.fails("keys", "list") == line


def test_a_database_that_is_away_is_a_failure_in_plain_words(cli: Cli) -> None:
    for command in (("projects", "list"), ("db", "status"), ("db", "upgrade"), ("promote",)):
        said = cli.fails(*command, DATABASE_URL="postgres://u:secret@127.0.0.1:9/nothing")
        assert said.startswith("error: the database does not answer")
        assert "secret" not in said


def test_the_module_runs_as_the_command(processes: Processes) -> None:
    assert processes.run("--version") == (0, f"retrospec {__version__}\n", "")


def test_help_is_shown_without_loading_what_the_commands_need() -> None:
    loaded = loaded_by("from retrospec.cli.main import app")
    assert loaded.isdisjoint({"tortoise", "sanic", "pydantic", "rich", "retrospec.cli.serve"})


def test_serving_loads_nothing_that_only_other_commands_need() -> None:
    loaded = loaded_by("import retrospec.cli.main, retrospec.cli.serve, retrospec.serving")
    assert loaded.isdisjoint({"retrospec.cli.output", "retrospec.cli.reference", "retrospec.demo"})


def test_a_supervisor_loads_nothing_of_the_server() -> None:
    loaded = loaded_by("import retrospec.cli.main, retrospec.cli.serve")
    assert loaded.isdisjoint({"retrospec.serving", "retrospec.app", "sanic", "tortoise"})
