"""`retrospec plugins new`: what it writes and refuses. tests/test_examples.py installs it and runs its tests."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from retrospec.cli.plugins_new import Family, License
from retrospec.cli.scaffold import KINDS, Naming
from retrospec.plugin.manager import FAMILIES
from tests.cli.conftest import Cli
from tests.test_architecture import ROOT

FILES = {
    ".gitignore",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "src/my_sink/__init__.py",
    "src/my_sink/py.typed",
    "tests/conftest.py",
    "tests/test_conformance.py",
    "tests/test_on_a_server.py",
}


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_package_is_written_and_what_to_do_next_is_said(cli: Cli) -> None:
    said = cli.prints("plugins", "new", "my-sink")

    assert written(cli.folder / "my-sink") == FILES
    assert "my-sink/src/my_sink/__init__.py" in said
    assert "  cd my-sink\n" in said
    assert "  pip install -e '.[test]'\n  pytest\n" in said


def test_it_names_the_entry_point_the_licence_and_who_holds_the_rights(cli: Cli) -> None:
    cli.prints("plugins", "new", "Retrospec_My.Pager", "--license", "mit", "--author", 'Ada "the first"\n')

    package = cli.folder / "retrospec-my-pager"
    told = tomllib.loads((package / "pyproject.toml").read_text())
    assert told["project"]["name"] == "retrospec-my-pager"
    assert told["project"]["entry-points"] == {"retrospec": {"my-pager": "retrospec_my_pager"}}
    assert (told["project"]["license"], told["project"]["authors"]) == ("MIT", [{"name": "Ada the first"}])
    assert "Ada the first" in (package / "LICENSE").read_text()
    # On the public index that name belongs to another project.
    assert not [one for one in told["project"]["dependencies"] if one.startswith("retrospec")]
    testing = told["project"]["optional-dependencies"]["test"]
    assert {re.split("[<>=]", one)[0] for one in testing} == {"h11", "pytest", "pytest-asyncio"}
    assert "[alerts.my-pager]" in (package / "README.md").read_text()


@pytest.mark.parametrize(("license_id", "begins"), [("Apache-2.0", "Apache License"), ("none", "")])
def test_another_licence_is_whole_and_none_is_none(cli: Cli, license_id: str, begins: str) -> None:
    cli.prints("plugins", "new", "my-sink", "--license", license_id)

    file = cli.folder / "my-sink" / "LICENSE"
    assert file.exists() == bool(begins)
    assert not begins or begins in file.read_text().splitlines()[1]
    project = tomllib.loads((cli.folder / "my-sink" / "pyproject.toml").read_text())["project"]
    assert project.get("license", "none") == license_id


def test_it_is_written_where_the_option_says(cli: Cli) -> None:
    (cli.folder / "elsewhere").mkdir()
    cli.prints("plugins", "new", "my-sink", "--dir", "elsewhere")

    assert written(cli.folder / "elsewhere" / "my-sink") == FILES
    assert "does not exist" in cli.misused("plugins", "new", "my-sink", "--dir", "nowhere")


@pytest.mark.parametrize("there", ["a folder", "a file", "a link to nowhere"])
def test_nothing_that_is_there_is_overwritten(cli: Cli, there: str) -> None:
    place = cli.folder / "my-sink"
    if there == "a folder":
        place.mkdir()
    elif there == "a file":
        place.write_text("mine")
    else:
        place.symlink_to("nowhere")

    assert "my-sink is there already: nothing was written" in cli.fails("plugins", "new", "my-sink")
    assert written(cli.folder) == ({"my-sink"} if there == "a file" else set())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is no name of a package"),
        ("-sink", "is no name of a package"),
        ("my sink", "is no name of a package"),
        ("../my-sink", "is no name of a package"),
        ("my-sink\n", "is no name of a package"),
        ("é-sink", "is no name of a package"),
        ("s" * 63, "at most 62"),
        ("3d-sink", "begin it with a letter"),
        ("lambda", "Python cannot import a module 'lambda'"),
        ("match", "a word of Python itself"),
        ("email", "choose another, e.g. retrospec-email"),
        ("httpx", "a module 'httpx' is installed already"),
        ("retrospec", "a module 'retrospec' is installed already"),
        ("retrospec-webhook", "the alerts plugin 'webhook' is installed already"),
    ],
)
def test_a_name_that_would_not_work_is_refused_with_the_reason(cli: Cli, name: str, why: str) -> None:
    assert why in cli.fails("plugins", "new", "--", name)
    assert written(cli.folder) == set()


@pytest.mark.parametrize(
    ("name", "family", "cls"),
    [
        ("retrospec-pager", "alerts", "PagerSink"),
        ("my-sink", "alerts", "MySink"),
        ("retrospec-alert-sink", "alerts", "MyAlertSink"),
        ("retrospec-2fa", "clustering", "My2FaStrategy"),
        ("by-page", "clustering", "ByPageStrategy"),
        ("webhook", "clustering", "WebhookStrategy"),
        ("retrospec-queue", "queue", "Queue"),
    ],
)
def test_a_class_is_called_after_the_plugin_and_its_family(name: str, family: str, cls: str) -> None:
    assert Naming.of(name, family).cls == cls


def test_every_family_and_every_licence_can_be_chosen() -> None:
    assert [one.value for one in Family] == list(KINDS)
    assert set(KINDS) == set(FAMILIES.values())
    templates = ROOT / "retrospec" / "cli" / "templates"
    assert {path.stem for path in (templates / "license").iterdir()} | {"none"} == {one.value for one in License}


def test_what_is_written_is_in_the_form_that_its_own_settings_ask_for(cli: Cli) -> None:
    for family in KINDS:
        (cli.folder / family).mkdir()
        cli.prints("plugins", "new", "retrospec-team-pager", "--family", family, "--dir", family)

    for arguments in (["check", "--quiet"], ["format", "--check", "--quiet"]):
        ruff = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", cli.folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ruff.returncode == 0, ruff.stdout


def test_the_list_of_plugins_is_still_what_the_command_shows_by_itself(cli: Cli) -> None:
    assert {one["name"] for one in cli.json("plugins")["plugins"]} >= {"webhook", "local"}
