"""Where sessions come in."""

from retrospec.core.routing import Access, Routes
from retrospec.ingest.schemas import IngestAnswer, IngestRequest
from retrospec.ingest.service import IngestService
from retrospec.projects.auth import Caller

ingest_routes = Routes("ingest", tag="Ingest")


@ingest_routes.post("/v1/ingest/session", access=Access.UPLOAD, status=202)
async def ingest_session(caller: Caller, body: IngestRequest, ingest: IngestService) -> IngestAnswer:
    """Ingest a session.

    Stores the session and its failures, groups them, promotes what repeats and queues its jobs, all in
    one transaction; the answer means that it is on disk. The same session may be sent again and again:
    fields are replaced, markers are added or replaced by their ids, nothing is counted twice.
    """
    return await ingest.ingest(body, caller.project_id)
