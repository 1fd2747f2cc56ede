"""`retrospec promote`."""

from typing import Annotated

import typer

from retrospec.alerts.outgoing import AlertBook
from retrospec.alerts.promotion import Promoted, Promoter
from retrospec.alerts.sinks import SinkDirectory, sinks_of
from retrospec.cli.group import commands
from retrospec.cli.oneshot import opened, run, settings_for_one_command
from retrospec.cli.output import Json, counted, show_json, show_table
from retrospec.core.counters import Counters
from retrospec.core.settings import Settings
from retrospec.metrics.totals import Totals
from retrospec.projects import service

app = commands()


@app.command("promote")
def promote_command(
    project: Annotated[
        str | None, typer.Option("--project", "-p", metavar="PROJECT", help="Only this one.", show_default="all")
    ] = None,
    json: Json = False,
) -> None:
    """Raise what repeats as issues, now.

    An issue is a failure that at least CLUSTER_PROMOTE_MIN_SESSIONS sessions hit. Servers do this as sessions arrive;
    it is needed where AUTO_PROMOTE_ON_INGEST is off, or after that number was lowered. Alerts are left to the workers.
    """
    promoted = run(_promote(settings_for_one_command(), project))
    if json:
        show_json(promoted)
        return
    if promoted.promoted:
        show_table(
            ("project", "issue", "sessions", "symptom"),
            [(one.project_id, one.key, str(one.session_count), one.symptom) for one in promoted.promoted],
        )
    typer.echo(
        f"{counted(len(promoted.promoted), 'issue')} promoted or updated, "
        f"{counted(promoted.alerts_sent, 'alert')} handed over for delivery"
    )


async def _promote(settings: Settings, project: str | None) -> Promoted:
    async with opened(settings) as database:
        if project is not None:
            await service.get_project(project)
        counters = Counters()
        alerts = AlertBook(settings, SinkDirectory(sinks_of(settings)), counters)
        promoted = await Promoter(settings, alerts).promote(project, trigger="manual_promote")
        await Totals(database, counters).flush()
        return promoted
