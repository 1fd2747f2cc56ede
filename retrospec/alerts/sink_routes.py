"""Sinks and deliveries over HTTP."""

from retrospec.alerts import log
from retrospec.alerts.log_schemas import DeliveriesQuery, DeliveryAnswer, DeliveryList
from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sink_schemas import NewSink, SinkAnswer, SinkDeleted, SinkList, SinkPatch, TestAnswer
from retrospec.alerts.sink_service import SinkService
from retrospec.alerts.sinks import SinkDirectory
from retrospec.alerts.trial import try_sink
from retrospec.core.routing import Routes
from retrospec.projects.auth import Caller

sink_routes = Routes("sinks", tag="Alerts")


@sink_routes.post("/v1/alerts/sinks", status=201)
async def create_sink(caller: Caller, body: NewSink, sinks: SinkService) -> SinkAnswer:
    """Make a sink of this project.

    `type` is one of the plugins that `GET /v1/alerts/sinks` lists, and `settings` are checked by that plugin: 400 names
    the field. Of `rules` each field narrows what is told. A name that is taken, or a 51st sink: 409.
    """
    return SinkAnswer(await sinks.create_sink(caller.project_id, body))


@sink_routes.get("/v1/alerts/sinks")
async def list_sinks(caller: Caller, sinks: SinkService) -> SinkList:
    """List the sinks that hear of this project, and how each does.

    Those of the server's settings come first: they hear of every project, and are shown without their settings.
    """
    return SinkList(await sinks.list_sinks(caller.project_id), sinks.types.usable())


@sink_routes.get("/v1/alerts/sinks/<sink_id:str>")
async def get_sink(caller: Caller, sink_id: str, sinks: SinkService) -> SinkAnswer:
    """Read one sink."""
    return SinkAnswer(await sinks.get_sink(caller.project_id, sink_id))


@sink_routes.patch("/v1/alerts/sinks/<sink_id:str>")
async def change_sink(caller: Caller, sink_id: str, body: SinkPatch, sinks: SinkService) -> SinkAnswer:
    """Change a sink.

    Fields left out stay. Of `settings` those that are named change, null removes one, and `(hidden)` leaves a secret
    as it is; where the address changes, secrets must be sent again. `rules` replaces all rules, and the type stays. Any
    change, an empty one too, switches a sink on again that its receiver's 410 or failures have stopped. One of the
    server's settings cannot be changed: 409.
    """
    return SinkAnswer(await sinks.change_sink(caller.project_id, sink_id, body))


@sink_routes.delete("/v1/alerts/sinks/<sink_id:str>")
async def delete_sink(caller: Caller, sink_id: str, sinks: SinkService) -> SinkDeleted:
    """Delete a sink.

    Its deliveries stay in the log; those that wait are given up. One of the server's settings cannot be deleted: 409.
    """
    await sinks.delete_sink(caller.project_id, sink_id)
    return SinkDeleted(deleted=True, sink_id=sink_id)


@sink_routes.post("/v1/alerts/sinks/<sink_id:str>/test")
async def test_sink(caller: Caller, sink_id: str, sinks: SinkService, pool: SinkPool) -> TestAnswer:
    """Send a test alert through a sink, and say what came of it.

    Once, at once, the same way as any alert, within `ALERT_TIMEOUT_SECONDS`; also through a sink that is off. The alert
    has the trigger `test` and an id of its own, and says that it is a test. It does not stand in the log of deliveries
    and changes nothing about the sink. Answers 200 also where the receiver refused: `outcome` says so.
    """
    sink = await sinks.find(caller.project_id, sink_id)
    return TestAnswer(await try_sink(pool, sink, caller.project_id))


@sink_routes.get("/v1/alerts/deliveries")
async def list_deliveries(caller: Caller, query: DeliveriesQuery) -> DeliveryList:
    """List what was sent to sinks, newest first.

    Kept for `ALERT_KEEP_DAYS`. `nextCursor` is there while there are more; give it back as `cursor`. With `status`, or
    with two filters, a page looks at 2,000 deliveries at the most: it may have fewer than `limit`, or none, and still a
    `nextCursor`.
    """
    return await log.list_deliveries(caller.project_id, query)


@sink_routes.get("/v1/alerts/deliveries/<delivery_id:str>")
async def get_delivery(caller: Caller, delivery_id: str) -> DeliveryAnswer:
    """Read one delivery with what it tells and every attempt."""
    return DeliveryAnswer(await log.get_delivery(caller.project_id, delivery_id))


@sink_routes.post("/v1/alerts/deliveries/<delivery_id:str>/resend", status=202)
async def resend_delivery(caller: Caller, delivery_id: str, directory: SinkDirectory) -> DeliveryAnswer:
    """Send a delivery again, also one that was taken, given up or held back.

    Under the same alert id, so that a receiver may know it again. 409 while it is on its way, and where its sink is
    off, gone or deleted.
    """
    return DeliveryAnswer(await log.resend(caller.project_id, delivery_id, directory))
