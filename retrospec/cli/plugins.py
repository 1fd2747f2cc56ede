"""`retrospec plugins`."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import typer

from retrospec.cli.group import commands
from retrospec.cli.oneshot import settings_for_one_command
from retrospec.cli.output import Json, show_json, show_table, shown_time
from retrospec.cli.plugins_new import new_command
from retrospec.cli.selection import Selected, host, select
from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.core.errors import describe
from retrospec.core.settings import Settings
from retrospec.metrics.plugin_faults import PluginFaults, told
from retrospec.metrics.totals import Totals
from retrospec.plugin.discovery import PluginRecord
from retrospec.plugin.manager import FAMILIES
from retrospec.schema import MODELS

Faults = Mapping[tuple[str, str], PluginFaults]
_HOOKS = "hooks"
# What the failures of hooks are counted as.
_HOOK_FAMILIES = ("observer", "routes")
_PATIENCE_SECONDS = 3

app = commands()
app.command("new", epilog="Example: `retrospec plugins new retrospec-pager --family alerts`")(new_command)


class PluginLine(msgspec.Struct, rename="camel"):
    """A plugin as it is listed. `name` is what settings call it; a file that offers nothing has its own.

    Attributes:
        family: Of what it offers; `hooks` for hooks beside that.
        error: Why it cannot be used.
        errors: How often a call of it has failed in servers and workers; None: the database cannot be asked.
        last_error: What the last failure said, and when that was.
        hooks: The names of the hooks that its module implements.
    """

    name: str
    version: str
    origin: str
    family: str
    state: Literal["in use", "available", "failed"]
    description: str
    error: str
    errors: int | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    hooks: Sequence[str] = ()

    @property
    def about(self) -> str:
        """What there is to say of it, in a line."""
        if self.error or not self.last_error:
            return self.error or self.description
        return f"last error, {shown_time(self.last_error_at)}: {self.last_error}"


HELP = """List the plugins and what became of each; begin a new one.

Built-in ones, those of installed packages (entry point group `retrospec`), and the files in PLUGINS_DIR. One that
cannot be loaded, or is selected and cannot be used, is `failed` and says why. `errors` counts the calls that failed in
servers and workers since the installation.
"""


@app.callback(invoke_without_command=True, help=HELP)
def plugins_command(context: typer.Context, json: Json = False) -> None:
    """List the plugins, unless another command is named."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_for_one_command()
    plugins = host(settings)
    lines = listed(plugins.records, select(settings, plugins), _faults(settings))
    if json:
        show_json({"plugins": lines})
        return
    columns = ("name", "version", "origin", "family", "state", "errors", "about")
    show_table(
        columns,
        [(one.name, one.version, one.origin, one.family, one.state, str(one.errors or ""), one.about) for one in lines],
    )


def _faults(settings: Settings) -> Faults | None:
    """What is known of failures; None when the database cannot be asked, which is said."""
    if settings.on_sqlite and not Path(settings.database.removeprefix("sqlite://")).exists():
        # Looking must not make the file.
        return {}
    try:
        return asyncio.run(_read_faults(settings))
    # Whatever is wrong with the database, the list is shown.
    except Exception as cause:
        typer.secho(f"warning: errors are not known, the database cannot be asked: {describe(cause)}", err=True)
        return None


async def _read_faults(settings: Settings) -> Faults:
    database = Database(settings.database, MODELS, **settings.database_options)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await database.open()
        try:
            return told(await Totals(database, Counters()).read())
        finally:
            await database.close()


def listed(
    records: Iterable[PluginRecord], selected: Sequence[Selected], faults: Faults | None = None
) -> list[PluginLine]:
    """A line for each thing that is offered, that failed, or that is selected and missing.

    Args:
        records: The plugins.
        selected: Those that the settings select.
        faults: What went wrong, by family and name; None where that is not known.
    """
    lines = [line for record in records for line in _of_record(record, selected)]
    known = {(line.family, line.name) for line in lines}
    missing = [one for one in selected if (FAMILIES[one.family], one.name) not in known]
    lines += [PluginLine(one.name, "", "", FAMILIES[one.family], "failed", "", one.error) for one in missing]
    for line in lines:
        _add_faults(line, faults)
    return sorted(lines, key=lambda line: (line.family, line.name))


def _add_faults(line: PluginLine, faults: Faults | None) -> None:
    if faults is None:
        return
    families = _HOOK_FAMILIES if line.family == _HOOKS else (line.family,)
    known = [faults[family, line.name] for family in families if (family, line.name) in faults]
    line.errors = sum(one.errors for one in known)
    for one in known:
        if one.at and (line.last_error_at is None or one.at > line.last_error_at):
            line.last_error, line.last_error_at = one.last, one.at


def _of_record(record: PluginRecord, selected: Sequence[Selected]) -> list[PluginLine]:
    if record.error:
        return [PluginLine(record.name, record.version, record.origin, "", "failed", "", record.error)]
    lines = []
    for offer in record.offers:
        # Of a sink there may be several, by name.
        uses = [one for one in selected if (one.family, one.name) == (offer.family, offer.name)]
        error = "; ".join(one.error for one in uses if one.error)
        state: Literal["in use", "available", "failed"] = "available"
        if uses:
            state = "failed" if error else "in use"
        family = FAMILIES[offer.family]
        lines.append(PluginLine(offer.name, record.version, record.origin, family, state, offer.description, error))
    if hooks := [name for name in record.hooks if name != "retrospec_register"]:
        lines.append(PluginLine(record.name, record.version, record.origin, _HOOKS, "in use", ", ".join(hooks), ""))
    for line in lines:
        line.hooks = record.hooks
    return lines
