"""Where recordings come in and go out."""

from sanic import Request

from retrospec.core.body import stream_body
from retrospec.core.routing import Access, Routes
from retrospec.core.settings import Settings
from retrospec.plugin import StorageBackend
from retrospec.projects.auth import Caller
from retrospec.sessions.recordings import open_recording
from retrospec.sessions.schemas import EventsUpload, SessionEvents, StoredEvents
from retrospec.sessions.uploads import Uploads

recordings = Routes("recordings", tag="Recordings")


@recordings.post("/v1/artifacts/session-events", access=Access.UPLOAD, status=201, reads=EventsUpload)
async def upload_events(request: Request, caller: Caller, uploads: Uploads, settings: Settings) -> StoredEvents:
    """Upload a session's recording.

    The answer's `eventsObjectKey` is what `POST /v1/ingest/session` takes. The bytes of `events` are stored as they
    were sent; where redaction is on, events that hold secrets are stored without them. Bodies may be sent with
    `Content-Encoding: gzip`. One recording is kept for a session and day: a later upload replaces it.
    """
    limit, timeout = settings.max_events_bytes, settings.request_read_timeout_seconds
    return await uploads.store(caller.project_id, stream_body(request, limit=limit, timeout=timeout))


@recordings.get("/v1/sessions/<session_id:str>/events", produces=SessionEvents)
async def read_events(request: Request, caller: Caller, session_id: str, storage: StorageBackend) -> None:
    """Read a session's recording.

    The events come as they are stored, in pieces, whatever their size.
    """
    recording = await open_recording(storage, caller.project_id, session_id)
    try:
        headers = {"Content-Length": str(recording.answer_size)}
        response = await request.respond(headers=headers, content_type="application/json")
        async for piece in recording.answer():
            await response.send(piece)
        await response.eof()
    finally:
        await recording.close()
