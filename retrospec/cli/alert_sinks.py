"""`retrospec alerts sinks`."""

from typing import Annotated, Any

import typer
from msgspec import UNSET

from retrospec.alerts.sink_schemas import NewSink, SinkAnswer, SinkDeleted, SinkList, SinkPatch, SinkView, TestAnswer
from retrospec.alerts.sinks import SinkRules
from retrospec.cli.alerting import Project, alerting
from retrospec.cli.group import commands
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, show_json, show_table, shown_time
from retrospec.cli.sink_options import Rules, Secrets, Set, rules_of, settings_of
from retrospec.core.settings import Settings
from retrospec.projects.models import DEFAULT_PROJECT_ID

app = commands("Make, change, try and remove the alert sinks of a project.")

SinkName = Annotated[
    str, typer.Argument(metavar="SINK", help="Its name or id, as `retrospec alerts sinks list` shows.")
]


@app.command("list")
def list_sinks(project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """List the sinks that hear of a project, those of the settings first, and how each does."""
    listed = run(_list(settings_for_one_command(), project))
    if json:
        show_json(listed)
        return
    show_table(("id", "name", "type", "from", "state", "last delivery"), [_row(sink) for sink in listed.sinks])


@app.command(epilog="Example: `retrospec alerts sinks create 'On call' --type slack --secret-file url=./slack-url`")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it; unique in the project.")],
    kind: Annotated[str, typer.Option("--type", help="Name of its plugin, e.g. slack, webhook or email.")],
    set_: Set = None,
    secret_file: Secrets = None,
    rules: Rules = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Make it, and send nothing yet.")] = False,
    project: Project = DEFAULT_PROJECT_ID,
    json: Json = False,
) -> None:
    """Make a sink. Servers and workers use it within five seconds.

    What it is set with depends on its type: docs/configuration.md lists the settings of each. Put secrets into files,
    or give them on standard input: other users of this machine see the arguments of a command.
    """
    given = NewSink(name, kind, settings_of(set_, secret_file), rules_of(rules), not disabled)
    made = run(_create(settings_for_one_command(), project, given))
    if json:
        show_json(SinkAnswer(made))
    else:
        typer.echo(f"made {made.id} ({made.name}): try it with `retrospec alerts sinks test {made.id}`")


@app.command()
def show(sink: SinkName, project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """Show a sink, its secrets hidden."""
    found = run(_get(settings_for_one_command(), project, sink))
    if json:
        show_json(SinkAnswer(found))
        return
    for name, value in _facts(found):
        typer.echo(f"{name:<14}  {value}")


@app.command(epilog="Example: `retrospec alerts sinks update 'On call' --secret-file url=./new-url`")
def update(
    sink: SinkName,
    *,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    set_: Set = None,
    secret_file: Secrets = None,
    unset: Annotated[list[str] | None, typer.Option(help="A setting to remove. May be repeated.")] = None,
    rules: Rules = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Send to it, or not.")] = None,
    project: Project = DEFAULT_PROJECT_ID,
    json: Json = False,
) -> None:
    """Change a sink. What is not named stays; rules are replaced as a whole.

    Any change, none at all too, switches a sink on again whose receiver answered that it is gone for good. Where the
    address changes, secrets must be given again.
    """
    changed = settings_of(set_, secret_file) | dict.fromkeys(unset or [])
    patch = SinkPatch(
        UNSET if name is None else name,
        changed or UNSET,
        UNSET if rules is None else rules_of(rules),
        UNSET if enabled is None else enabled,
    )
    found = run(_change(settings_for_one_command(), project, sink, patch))
    if json:
        show_json(SinkAnswer(found))
    else:
        typer.echo(f"changed {found.id} ({found.name})")


@app.command()
def delete(
    sink: SinkName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    project: Project = DEFAULT_PROJECT_ID,
    json: Json = False,
) -> None:
    """Delete a sink with its secrets. Its deliveries stay in the log; those that wait are given up."""
    settings = settings_for_one_command()
    found = run(_get(settings, project, sink))
    if not yes:
        typer.confirm(f"Delete {found.id} ({found.name})?", abort=True, err=True)
    run(_delete(settings, project, found.id))
    if json:
        show_json(SinkDeleted(True, found.id))
    else:
        typer.echo(f"deleted {found.id}")


@app.command("test")
def try_sink(sink: SinkName, project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """Send a test alert through a sink, from this machine. Exits with 1 when it was not taken."""
    result = run(_test(settings_for_one_command(), project, sink))
    if json:
        show_json(TestAnswer(result))
    else:
        told = [str(one) for one in (result.status, result.error or result.answer) if one]
        typer.echo(f"{result.outcome} in {result.duration_ms} ms{': ' if told else ''}{' '.join(told)}")
    if result.outcome != "delivered":
        raise typer.Exit(1)


def _row(sink: SinkView) -> tuple[str, ...]:
    latest = sink.state.last_delivery
    told = f"{latest.status} {shown_time(latest.finished_at or latest.created_at)}" if latest else ""
    return (sink.id, sink.name, sink.type, sink.origin, sink.state.status, told)


def _facts(sink: SinkView) -> list[tuple[str, Any]]:
    state = sink.state
    facts: list[tuple[str, Any]] = [("id", sink.id), ("name", sink.name), ("type", sink.type), ("from", sink.origin)]
    facts += [(f"settings.{name}", value) for name, value in sink.settings.items()]
    facts += [(f"rules.{name}", value) for name, value in _given(sink.rules).items()]
    facts += [("state", state.status), ("because", state.reason), ("last error", state.last_error)]
    facts += [("paused until", shown_time(state.paused_until)), ("changed", shown_time(sink.updated_at))]
    return [(name, value) for name, value in facts if value not in ("", None)]


def _given(rules: SinkRules) -> dict[str, Any]:
    return {name: value for name in rules.__struct_fields__ if (value := getattr(rules, name)) not in ((), None, 0)}


async def _list(settings: Settings, project: str) -> SinkList:
    async with alerting(settings, project) as alerts:
        return SinkList(await alerts.service.list_sinks(project), alerts.service.types.usable())


async def _create(settings: Settings, project: str, given: NewSink) -> SinkView:
    async with alerting(settings, project) as alerts:
        return await alerts.service.create_sink(project, given)


async def _get(settings: Settings, project: str, sink: str) -> SinkView:
    async with alerting(settings, project) as alerts:
        return await alerts.service.get_sink(project, await alerts.named(sink))


async def _change(settings: Settings, project: str, sink: str, patch: SinkPatch) -> SinkView:
    async with alerting(settings, project) as alerts:
        return await alerts.service.change_sink(project, await alerts.named(sink), patch)


async def _delete(settings: Settings, project: str, sink_id: str) -> None:
    async with alerting(settings, project) as alerts:
        await alerts.service.delete_sink(project, sink_id)


async def _test(settings: Settings, project: str, sink: str) -> Any:
    async with alerting(settings, project) as alerts:
        return await alerts.try_sink(sink)
