"""`retrospec alerts deliveries`."""

from typing import Annotated

import typer

from retrospec.alerts import log
from retrospec.alerts.log_schemas import DeliveriesQuery, Delivery, DeliveryAnswer, DeliveryDetail, DeliveryList, Status
from retrospec.cli.alerting import Project, alerting
from retrospec.cli.group import commands
from retrospec.cli.oneshot import run, settings_for_one_command
from retrospec.cli.output import Json, counted, show_json, show_table, shown_time
from retrospec.core.settings import Settings
from retrospec.projects.models import DEFAULT_PROJECT_ID

app = commands("Look at what was sent to alert sinks, and send it again.")

DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", help="Its id, e.g. dlv_…")]


@app.command("list")
def list_deliveries(
    status: Annotated[Status | None, typer.Option(help="Only those.", show_default="all")] = None,
    sink: Annotated[str, typer.Option(metavar="SINK", help="Only of the sink of this name or id.")] = "",
    cluster: Annotated[str, typer.Option("--issue", metavar="KEY", help="Only about this issue.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at the most.")] = 50,
    cursor: Annotated[str, typer.Option(help="`nextCursor` of the page before.")] = "",
    project: Project = DEFAULT_PROJECT_ID,
    json: Json = False,
) -> None:
    """List deliveries, newest first."""
    query = DeliveriesQuery(status or "", sink, cluster, limit, cursor)
    listed = run(_list(settings_for_one_command(), project, query))
    if json:
        show_json(listed)
        return
    columns = ("id", "time", "event", "issue", "sink", "status", "attempts", "last error")
    show_table(columns, [_row(delivery) for delivery in listed.deliveries])
    if listed.next_cursor:
        typer.echo(f"there are more: --cursor {listed.next_cursor}")


@app.command()
def show(delivery: DeliveryId, project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """Show a delivery with every attempt, the latest first."""
    found = run(_get(settings_for_one_command(), project, delivery))
    if json:
        show_json(DeliveryAnswer(found))
        return
    typer.echo(f"{found.id}: {found.event} of {found.cluster_key} to {found.sink_id}, {found.status}")
    typer.echo(f"{found.alert.cluster.symptom}")
    show_table(
        ("attempt", "time", "outcome", "status", "took", "error", "answer"),
        [
            (
                str(one.number),
                shown_time(one.started_at),
                one.outcome,
                str(one.status or ""),
                f"{one.duration_ms} ms",
                one.error,
                one.answer,
            )
            for one in found.attempts
        ],
    )


@app.command()
def resend(delivery: DeliveryId, project: Project = DEFAULT_PROJECT_ID, json: Json = False) -> None:
    """Send a delivery again, under the same alert id, whatever came of it. A server or worker does it."""
    found = run(_resend(settings_for_one_command(), project, delivery))
    if json:
        show_json(DeliveryAnswer(found))
    else:
        typer.echo(f"{found.id} is on its way again, after {counted(found.attempt_count, 'attempt')}")


def _row(one: Delivery) -> tuple[str, ...]:
    time, attempts = shown_time(one.created_at), str(one.attempt_count)
    return (one.id, time, one.event, one.cluster_key, one.sink_id, one.status, attempts, one.last_error)


async def _list(settings: Settings, project: str, query: DeliveriesQuery) -> DeliveryList:
    async with alerting(settings, project) as alerts:
        # Of a sink that is deleted, the log still knows the id.
        query.sink_id = await alerts.named(query.sink_id)
        return await log.list_deliveries(project, query)


async def _get(settings: Settings, project: str, delivery: str) -> DeliveryDetail:
    async with alerting(settings, project):
        return await log.get_delivery(project, delivery)


async def _resend(settings: Settings, project: str, delivery: str) -> DeliveryDetail:
    async with alerting(settings, project) as alerts:
        return await log.resend(project, delivery, alerts.directory)
