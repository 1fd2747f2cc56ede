"""Commands that a plugin adds to `retrospec`."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PluginCommand:
    """One command, or group of commands.

    Attributes:
        name: `retrospec <name>`: lower case letters, digits and `-`; none of the server's own.
        help: One line for `retrospec --help`.
        app: A `typer.Typer` or a click command. As text, `module:attribute`, it is imported only when it is called.
    """

    name: str
    help: str
    app: Any
