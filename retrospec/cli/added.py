"""The commands that plugins add."""

import importlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand
from typer.main import get_command

from retrospec.cli.oneshot import settings_for_one_command
from retrospec.cli.selection import host
from retrospec.core.errors import PluginError, RetrospecError, describe
from retrospec.plugin import PluginCommand
from retrospec.plugin.discovery import PluginRecord

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Added(NamedTuple):
    """A command of a plugin.

    Attributes:
        plugin: Whose.
        offered: As the plugin describes it.
    """

    plugin: str
    offered: PluginCommand


class Found(NamedTuple):
    """What the plugins add.

    Attributes:
        commands: By name.
        complaints: A line for each plugin whose commands are left out.
    """

    commands: dict[str, Added]
    complaints: list[str]


def find_commands(taken: Collection[str]) -> Found:
    """Ask the plugins for commands.

    Args:
        taken: Names that no plugin may have.
    """
    found = Found({}, [])
    try:
        plugins = host(settings_for_one_command())
    except RetrospecError as mistake:
        found.complaints.append(f"the commands of plugins are left out: {mistake}")
        return found
    for record, hook in plugins.hooks("retrospec_commands"):
        try:
            its = {added.offered.name: added for added in _checked(record, hook, {*taken, *found.commands})}
        except (Exception, SystemExit) as cause:
            found.complaints.append(f"the commands of the plugin {record.name} are left out: {describe(cause)}")
        else:
            found.commands.update(its)
    return found


def _checked(record: PluginRecord, hook: Callable[[], Iterable[PluginCommand]], taken: set[str]) -> Iterator[Added]:
    for offered in hook():
        if not isinstance(offered, PluginCommand):
            raise TypeError(f"{offered!r} is no PluginCommand")
        if not _NAME.fullmatch(offered.name):
            raise ValueError(f"{offered.name!r} is no name: a-z, 0-9 and - make one")
        if offered.name in taken:
            raise ValueError(f"the command {offered.name!r} is there already")
        taken.add(offered.name)
        yield Added(record.name, offered)


def load_command(added: Added) -> Any:
    """The command itself.

    Raises:
        PluginError: It cannot be loaded, or is none.
    """
    plugin, (name, help_text, app) = added.plugin, (added.offered.name, added.offered.help, added.offered.app)
    try:
        if isinstance(app, str):
            module, _, attribute = app.partition(":")
            app = getattr(importlib.import_module(module), attribute)
        command = get_command(app) if isinstance(app, typer.Typer) else app
    except (Exception, SystemExit) as cause:
        raise PluginError(f"plugin {plugin}: the command {name} cannot be loaded: {describe(cause)}") from cause
    if isinstance(command, TyperCommand) or isinstance(app, typer.Typer):
        command.name = name
        return command
    if not callable(getattr(command, "main", None)):
        raise PluginError(f"plugin {plugin}: the command {name} is a {type(app).__name__}, and no app or command")
    return _ofclick(name, help_text, command)


def _ofclick(name: str, help_text: str, command: Any) -> TyperCommand:
    """A command of click, which Typer has a copy of its own of: it reads its arguments itself."""

    def run(ctx: typer.Context) -> None:
        command.main(args=ctx.args, prog_name=f"retrospec {name}")

    app = typer.Typer(add_completion=False)
    settings = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    app.command(name, help=help_text, context_settings=settings)(run)
    made: TyperCommand = get_command(app)  # type: ignore[assignment]
    made.name = name
    return made
