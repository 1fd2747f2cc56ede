"""`retrospec plugins`."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
import typer

from retrospec.cli.group import commands
from retrospec.cli.oneshot import settings_for_one_command
from retrospec.cli.output import Json, show_json, show_table
from retrospec.cli.plugins_new import new_command
from retrospec.cli.selection import Selected, host, select
from retrospec.plugin.discovery import PluginRecord
from retrospec.plugin.manager import FAMILIES

app = commands()
app.command("new", epilog="Example: `retrospec plugins new retrospec-pager --family alerts`")(new_command)


class PluginLine(msgspec.Struct):
    """A plugin as it is listed. `name` is what settings call it; a file that offers nothing has its own."""

    name: str
    version: str
    origin: str
    family: str
    state: Literal["in use", "available", "failed"]
    description: str
    error: str


HELP = """List the plugins and what became of each; begin a new one.

Built-in ones, those of installed packages (entry point group `retrospec`), and the files in PLUGINS_DIR. One that
cannot be loaded, or is selected and cannot be used, is `failed` and says why.
"""


@app.callback(invoke_without_command=True, help=HELP)
def plugins_command(context: typer.Context, json: Json = False) -> None:
    """List the plugins, unless another command is named."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_for_one_command()
    plugins = host(settings)
    lines = listed(plugins.records, select(settings, plugins))
    if json:
        show_json({"plugins": lines})
        return
    columns = ("name", "version", "origin", "family", "state", "about")
    show_table(
        columns,
        [(one.name, one.version, one.origin, one.family, one.state, one.error or one.description) for one in lines],
    )


def listed(records: Iterable[PluginRecord], selected: Sequence[Selected]) -> list[PluginLine]:
    """A line for each thing that is offered, that failed, or that is selected and missing."""
    lines = [line for record in records for line in _of_record(record, selected)]
    known = {(line.family, line.name) for line in lines}
    missing = [one for one in selected if (FAMILIES[one.family], one.name) not in known]
    lines += [PluginLine(one.name, "", "", FAMILIES[one.family], "failed", "", one.error) for one in missing]
    return sorted(lines, key=lambda line: (line.family, line.name))


def _of_record(record: PluginRecord, selected: Sequence[Selected]) -> list[PluginLine]:
    if record.error:
        return [PluginLine(record.name, record.version, record.origin, "", "failed", "", record.error)]
    in_use = {(one.family, one.name): one for one in selected}
    lines = []
    for offer in record.offers:
        use = in_use.get((offer.family, offer.name))
        state: Literal["in use", "available", "failed"] = "available"
        if use is not None:
            state = "failed" if use.error else "in use"
        family, error = FAMILIES[offer.family], use.error if use else ""
        lines.append(PluginLine(offer.name, record.version, record.origin, family, state, offer.description, error))
    return lines
