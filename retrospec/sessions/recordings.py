"""Reading recordings back: to a client as they are, to an analyzer event by event."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from retrospec.core.errors import InvalidPayload, NotFound
from retrospec.core.log import get_logger
from retrospec.plugin import ObjectContent, StorageBackend
from retrospec.sessions.models import Session
from retrospec.sessions.scan import EventSpans
from retrospec.sessions.spool import Buffer, release, spooled

log = get_logger(__name__)

_decode_event = msgspec.json.Decoder(dict[str, Any]).decode


class StoredRecording:
    """A recording that has been found and opened. Iterate `answer`, or await `close`."""

    def __init__(self, session_id: str, key: str, content: ObjectContent) -> None:
        head = msgspec.json.encode({"sessionId": session_id, "eventsObjectKey": key})
        self._head = head[:-1] + b',"events":'
        self._content = content

    @property
    def answer_size(self) -> int:
        """Size of the answer in bytes. Announced, it lets a client notice an answer that breaks off."""
        return len(self._head) + self._content.info.size + 1

    async def answer(self) -> AsyncIterator[bytes]:
        """The JSON object that tells session, key and events, in pieces."""
        yield self._head
        async for piece in self._content.chunks:
            yield piece
        yield b"}"

    async def close(self) -> None:
        """Let go of the object, read to its end or not."""
        await close_content(self._content)


class RecordedEvents:
    """The events of a recording, decoded one at a time; may be iterated more than once, in threads.

    What cannot be read ends the iteration, or is left out if it is a single event: a report from most of
    a recording is better than none.
    """

    def __init__(self, recording: Buffer) -> None:
        """Begin before the first event.

        Args:
            recording: The JSON array.
        """
        self._recording = recording

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the events in their order."""
        try:
            for span in EventSpans(self._recording, 0):
                event = _read(self._recording[span.start : span.end])
                if event is not None:
                    yield event
        except InvalidPayload as mistake:
            log.warning("a recording cannot be read to its end", reason=mistake.detail)


async def open_recording(storage: StorageBackend, project_id: str, session_id: str) -> StoredRecording:
    """Find and open a session's recording.

    Args:
        storage: Where recordings lie.
        project_id: Whose session.
        session_id: Which.

    Raises:
        NotFound: There is no such session, it has no recording, or that is gone.
        StorageUnavailable: It cannot be told.
    """
    session = await Session.get_or_none(project_id=project_id, session_id=session_id)
    if session is None:
        raise NotFound("session not found")
    if not session.events_object_key:
        raise NotFound("session has no events object key")
    return StoredRecording(session_id, session.events_object_key, await storage.get(session.events_object_key))


@asynccontextmanager
async def fetched(storage: StorageBackend, key: str, folder: Path) -> AsyncIterator[RecordedEvents]:
    """Have a recording at hand, in a file if it is large.

    Args:
        storage: Where it lies.
        key: Which.
        folder: Where files lie aside.

    Raises:
        ObjectMissing: It is gone.
        StorageUnavailable: It cannot be read.
        Unavailable: There is no room for it.
    """
    content = await storage.get(key)
    try:
        recording = await spooled(content.chunks, folder)
    finally:
        await close_content(content)
    try:
        yield RecordedEvents(recording)
    finally:
        release(recording)


async def close_content(content: ObjectContent) -> None:
    """Let go of an object, read to its end or not."""
    close = getattr(content.chunks, "aclose", None)
    if close is not None:
        await close()


def _read(event: bytes) -> dict[str, Any] | None:
    try:
        return _decode_event(event)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
