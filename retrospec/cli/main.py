"""The command `retrospec`: which commands there are, and what their failures look like."""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from retrospec.cli.mentions import may_add_commands
from retrospec.core.errors import RetrospecError
from retrospec.core.loading import lasting, named
from retrospec.version import __version__


class Listed(NamedTuple):
    """A command as `retrospec --help` lists it, and the module whose `app` it is."""

    module: str
    panel: str
    help: str


# Loaded by name when called: `serve` starts without what the other commands need, and `--help` without any of it.
COMMANDS: Mapping[str, Listed] = {
    "serve": Listed("retrospec.cli.serve", "Run", "Run the server."),
    "worker": Listed("retrospec.cli.worker", "Run", "Run jobs beside servers, in a process of its own."),
    "demo": Listed("retrospec.cli.demo", "Run", "Run a server with a demo project made of real recordings."),
    "projects": Listed("retrospec.cli.projects", "Administer", "Create, list and delete projects."),
    "keys": Listed("retrospec.cli.keys", "Administer", "Create, list and revoke a project's API keys."),
    "clustering": Listed("retrospec.cli.clustering", "Administer", "Explain how failures are grouped, and change it."),
    "alerts": Listed("retrospec.cli.alerts", "Administer", "Configure alert sinks, and look at deliveries."),
    "db": Listed("retrospec.cli.database", "Administer", "Upgrade, downgrade and look at the database's schema."),
    "backup": Listed("retrospec.cli.backup", "Move", "Write everything into one file, while servers run."),
    "restore": Listed("retrospec.cli.restore", "Move", "Bring a backup back, into an empty target."),
    "migrate-data": Listed("retrospec.cli.migrate_data", "Move", "Copy everything to another database or storage."),
    "promote": Listed("retrospec.cli.promote", "Maintain", "Raise what repeats as issues, now."),
    "cleanup": Listed("retrospec.cli.cleanup", "Maintain", "Remove what is older than its project keeps."),
    "doctor": Listed("retrospec.cli.doctor", "Look", "Check everything the server needs, and say what to do."),
    "config": Listed("retrospec.cli.config", "Look", "Show and check the settings."),
    "plugins": Listed("retrospec.cli.plugins", "Look", "List the plugins and what became of each; begin a new one."),
}


_ADDED = "retrospec.cli.added"
_PANEL = "Plugins"


class Commands(TyperGroup):
    """Loads a command when it is called, and turns failures into a line and an exit code."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._debug = False
        self._added: Mapping[str, Any] | None = None
        for name, listed in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=listed.help, rich_help_panel=listed.panel)

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, those of plugins too."""
        self._add_plugins()
        return super().list_commands(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in the place of what stands for it in the list."""
        if listed := COMMANDS.get(args[0]):
            command = get_command(_load(listed.module).app)
            command.name = args[0]
            self.commands[args[0]] = command
        elif added := self._add_plugins().get(args[0]):
            self.commands[args[0]] = named(_ADDED, "load_command")(added)
        return super().resolve_command(ctx, args)

    def _add_plugins(self) -> Mapping[str, Any]:
        """The commands that plugins add. Loads the plugins, if one of them may have some."""
        if self._added is None:
            self._added = {}
            if may_add_commands(os.environ):
                self._added, complaints = named(_ADDED, "find_commands")(COMMANDS.keys())
                for complaint in complaints:
                    typer.secho(f"warning: {complaint}", err=True)
            for name, added in self._added.items():
                self.commands[name] = TyperCommand(name, help=added.offered.help, rich_help_panel=_PANEL)
        return self._added

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        self._debug = ctx.params["debug"] or os.environ.get("LOG_LEVEL", "").upper() == "DEBUG"
        return super().invoke(ctx)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run, and exit with 0, with 1 where it failed, or with 2 where the arguments are wrong."""
        try:
            return super().main(*args, **options)
        # What the system refuses names itself what it is about, e.g. a folder.
        except (RetrospecError, OSError) as failure:
            self._say(str(failure))
        except Exception as defect:
            hint = "" if self._debug else " (`retrospec --debug …` shows where)"
            self._say(f"unexpected {type(defect).__name__}: {defect}{hint}")
        sys.exit(1)

    def _say(self, text: str) -> None:
        if self._debug:
            traceback.print_exc()
        for line in text.splitlines():
            typer.secho(f"error: {line}", err=True)


def _load(module: str) -> Any:
    with lasting():
        return importlib.import_module(module)


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"retrospec {__version__}")
        raise typer.Exit


@app.callback(epilog="Settings come from the environment and from a TOML file: see `retrospec config show`.")
def retrospec(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Retrospec finds the failures that repeat across your visitors' sessions, and shows them happen.

    `retrospec demo` shows what it does; `retrospec serve` runs it.
    """


def run() -> None:
    """What the installed command calls."""
    app(prog_name="retrospec")
