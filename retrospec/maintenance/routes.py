"""Removing on request."""

import msgspec

from retrospec.core.errors import NotFound
from retrospec.core.routing import Routes
from retrospec.maintenance.cleanup import Cleanup, CleanupResult
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.removal import remove_session
from retrospec.projects.auth import Caller

maintenance_routes = Routes("maintenance", tag="Maintenance")


class Deleted(msgspec.Struct, rename="camel"):
    """A session was removed."""

    session_id: str
    deleted: bool


@maintenance_routes.post("/v1/maintenance/cleanup")
async def cleanup(caller: Caller, cleanup: Cleanup) -> CleanupResult:
    """Remove what is older than the caller's project keeps.

    Sessions by the time of their arrival, with their failures, artifacts and objects; uploads whose session
    never arrived; issues that no failure supports any more. An object that could not be deleted is tried
    again by the next run.
    """
    return await cleanup.run(caller.project_id)


@maintenance_routes.delete("/v1/sessions/<session_id:str>")
async def delete_session(caller: Caller, session_id: str, sweeper: ObjectSweeper) -> Deleted:
    """Remove a session.

    With its failures, artifacts, report card, jobs and objects; the counts of its issues are corrected.
    """
    if not await remove_session(caller.project_id, session_id):
        raise NotFound("session not found")
    await sweeper.sweep_session(caller.project_id, session_id)
    return Deleted(session_id, True)
