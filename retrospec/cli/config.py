"""`retrospec config`: the settings in force."""

import os
from typing import Annotated

import msgspec
import typer

from retrospec.cli.group import commands
from retrospec.cli.oneshot import settings_for_one_command
from retrospec.cli.output import Json, show_json, show_table
from retrospec.cli.reference import settings_toml
from retrospec.cli.selection import host, select
from retrospec.core.errors import SettingsError
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import config_path, shown

app = commands("Show and check the settings.")


class SettingLine(msgspec.Struct):
    """A setting in force, and where it comes from. Secrets are hidden."""

    name: str
    value: str
    source: str


@app.command(epilog="To begin a file: `retrospec config show --toml > retrospec.toml`")
def show(
    toml: Annotated[
        bool, typer.Option("--toml", help="Print every setting with its default as a TOML file, commented out.")
    ] = False,
    json: Json = False,
) -> None:
    """Show every setting, its value, and where it comes from. Secrets are hidden."""
    if toml:
        typer.echo(settings_toml(), nl=False)
        return
    settings = settings_for_one_command()
    lines = [SettingLine(name, value, _source(settings, name)) for name, value in shown(settings).items()]
    if json:
        show_json({"settings": lines})
    else:
        show_table(("setting", "value", "from"), [(line.name, line.value, line.source) for line in lines])


@app.command()
def check(json: Json = False) -> None:
    """Check the settings, those of the plugins too. Exits with 1 and a line for each that cannot be used."""
    errors = _mistakes()
    if json:
        show_json({"ok": not errors, "errors": errors})
    elif not errors:
        path = config_path(os.environ)
        typer.echo(f"the settings are good (environment{f' and {path}' if path else '; no file'})")
    else:
        typer.secho("\n".join(f"error: {error}" for error in errors), err=True)
    if errors:
        raise typer.Exit(1)


def _mistakes() -> list[str]:
    try:
        settings = settings_for_one_command()
    except SettingsError as mistakes:
        return str(mistakes).splitlines()
    return [one.error for one in select(settings, host(settings)) if one.error]


def _source(settings: Settings, name: str) -> str:
    if os.environ.get(f"{name}_FILE"):
        return f"{name}_FILE"
    if name.lower() not in settings.model_fields_set:
        return "default"
    return "environment" if os.environ.get(name) else str(config_path(os.environ))
