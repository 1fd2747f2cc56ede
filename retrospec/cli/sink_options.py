"""Settings and rules of a sink as options of a command."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from retrospec.alerts.sinks import SinkRules
from retrospec.core.errors import Invalid

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting; all but a text as JSON. Repeat."),
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret-file",
        metavar="NAME=FILE",
        help="A setting read from a file, without the white space around it; `-` is standard input. Repeat.",
    ),
]
Rules = Annotated[
    str | None,
    typer.Option(
        "--rules",
        metavar="JSON",
        help='Which news it wants, e.g. `{"kinds": ["js_exception"], "minSessions": 3}`; `{}` for all.',
    ),
]


def settings_of(given: Sequence[str] | None, files: Sequence[str] | None) -> dict[str, Any]:
    """The settings that options name.

    Raises:
        BadParameter: One is not `NAME=…`, or is named twice.
        Invalid: A file cannot be read.
    """
    pairs = [(name, _value(text)) for name, text in map(_pair, given or ())]
    pairs += [(name, _read(name, place)) for name, place in map(_pair, files or ())]
    if len({name for name, _ in pairs}) < len(pairs):
        raise typer.BadParameter("a setting is named twice")
    return dict(pairs)


def rules_of(text: str | None) -> SinkRules | None:
    """The rules that an option gives; None where it gives none.

    Raises:
        Invalid: They are none; says which field.
    """
    try:
        return None if text is None else msgspec.json.decode(text, type=SinkRules)
    except (msgspec.MsgspecError, UnicodeEncodeError) as mistake:
        raise Invalid(f"rules: {mistake}") from mistake


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"{name!r} is not NAME=VALUE")
    return name, value


def _value(text: str) -> Any:
    """What a text says in JSON, where that is no text: what looks like a number is one."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return text if value is None else value


def _read(name: str, place: str) -> str:
    try:
        return (sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as cause:
        raise Invalid(f"settings.{name}: {place} cannot be read ({type(cause).__name__})") from cause
