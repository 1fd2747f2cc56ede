"""Commands of plugins: in a panel of their own, loaded only when asked for, and never in the place of ours."""

from pathlib import Path
from textwrap import dedent

import pytest

from retrospec.cli.mentions import may_add_commands
from tests.cli.conftest import Cli, Processes

GREETING = """
    import click
    import typer
    from retrospec.plugin import PluginCommand, hookimpl

    app = typer.Typer()

    @app.command()
    def greet(name: str, loud: bool = False) -> None:
        '''Greet somebody.'''
        print(f"HELLO {name.upper()}" if loud else f"hello {name}")

    @click.command(help="Count to a number.")
    @click.option("--to", type=int, default=3)
    def count(to):
        click.echo(" ".join(map(str, range(1, to + 1))))

    @hookimpl
    def retrospec_commands():
        return [
            PluginCommand("greet", "Greet somebody.", app),
            PluginCommand("count", "Count to a number.", count),
            PluginCommand("tree", "Show a tree.", "json.tool:main"),
            PluginCommand("gone", "Is not there.", "json:nothing"),
        ]
"""


@pytest.fixture
def folder(cli: Cli, tmp_path: Path) -> Path:
    """A folder of single-file plugins, in use."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    cli.environ["PLUGINS_DIR"] = str(folder)
    return folder


@pytest.fixture
def greeting(folder: Path) -> None:
    """A plugin with commands."""
    (folder / "greeting.py").write_text(dedent(GREETING))


@pytest.mark.usefixtures("greeting")
class TestCommands:
    def test_they_are_listed_in_a_panel_of_their_own_with_a_line_on_each(self, cli: Cli) -> None:
        text = cli.prints("--help")
        _, _, panel = text.partition("Plugins ─")
        assert "│ greet " in panel
        assert "Greet somebody." in panel
        assert "│ count " in panel

    def test_one_of_typer_runs_with_its_own_arguments_and_help(self, cli: Cli) -> None:
        assert cli.prints("greet", "ada", "--loud") == "HELLO ADA\n"
        assert "Usage: retrospec greet [OPTIONS]" in cli.prints("greet", "--help")

    def test_one_of_click_runs_with_its_own_arguments_and_help(self, cli: Cli) -> None:
        assert cli.prints("count", "--to", "4") == "1 2 3 4\n"
        assert "Usage: retrospec count [OPTIONS]" in cli.prints("count", "--help")

    def test_one_that_cannot_be_loaded_says_whose_it_is(self, cli: Cli) -> None:
        assert cli.fails("gone").startswith("error: plugin greeting: the command gone cannot be loaded: AttributeError")
        assert "the command tree is a function, and no app or command" in cli.fails("tree")

    def test_a_command_that_nobody_has_is_still_a_mistake(self, cli: Cli) -> None:
        assert "No such command 'greett'. Did you mean 'greet'" in cli.misused("greett")


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        ("PluginCommand('serve', 'Mine.', app)", "ValueError: the command 'serve' is there already"),
        ("PluginCommand('Not a name', 'x', app)", "ValueError: 'Not a name' is no name"),
        ("42", "TypeError: 42 is no PluginCommand"),
        ("sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_plugin_with_one_that_cannot_be_added_adds_none_and_the_rest_goes_on(
    cli: Cli, folder: Path, offered: str, reason: str
) -> None:
    (folder / "odd.py").write_text(
        dedent(
            f"""
            import sys
            import typer
            from retrospec.plugin import PluginCommand, hookimpl

            app = typer.Typer()

            @hookimpl
            def retrospec_commands():
                return [PluginCommand("fine", "Fine.", app), {offered}]
            """
        )
    )
    result = cli("--help")
    assert result.exit_code == 0
    assert f"warning: the commands of the plugin odd are left out: {reason}" in result.stderr
    assert "│ fine " not in result.stdout
    assert "Run the server." in result.stdout


class TestWithoutLoading:
    def test_a_plugin_that_does_not_name_the_hook_is_not_loaded_for_the_help(self, cli: Cli, folder: Path) -> None:
        (folder / "slow.py").write_text("raise RuntimeError('loaded')")
        result = cli("--help")
        assert (result.exit_code, result.stderr) == (0, "")

    def test_a_command_of_ours_loads_no_plugin_for_its_name(self, processes: Processes, folder: Path) -> None:
        (folder / "greeting.py").write_text("retrospec_commands = print('loaded')")
        code, out, _ = processes.run("db", "--help", PLUGINS_DIR=str(folder))
        assert (code, "loaded" in out) == (0, False)

    def test_packages_are_found_by_their_metadata(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.chdir(tmp_path)
        assert not may_add_commands({})

        metadata = tmp_path / "greeting-1.0.dist-info"
        metadata.mkdir()
        (metadata / "entry_points.txt").write_text("[console_scripts]\nx = y:z\n[retrospec]\ngreeting = greeting\n")
        (tmp_path / "greeting.py").write_text("a = 1\n")
        assert not may_add_commands({})
        (tmp_path / "greeting.py").write_text("def retrospec_commands(): ...\n")
        assert may_add_commands({})

    def test_a_folder_that_the_file_of_settings_names_is_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins" / "greeting.py").write_text("def retrospec_commands(): ...\n")
        (tmp_path / "retrospec.toml").write_text('plugins_dir = "plugins"\n')
        assert may_add_commands({})
