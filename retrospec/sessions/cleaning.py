"""What an upload goes through before a byte of it is stored: checked throughout, and secrets taken out.

One event is decoded at a time, so that neither the number of events nor the size of all of them matters.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from retrospec.core.errors import InvalidPayload, TooLarge, Unavailable
from retrospec.core.ijson import check, decode
from retrospec.core.log import get_logger
from retrospec.sessions.scan import Span, find_events
from retrospec.sessions.schemas import EventsUpload
from retrospec.sessions.spool import STEP, Buffer, Spool, let_go

log = get_logger(__name__)

Redact = Callable[[bytes], bytes]
# From here on an event goes out of memory as soon as it was read. `core.ijson` builds none of this size to check it:
# one of 50 MB took 490 MB of memory, and held the interpreter for 1.4 s, in which no other request was answered.
_LARGE_EVENT = 256 * 1024


class RedactorFailed(Unavailable):
    """The recording could not be redacted, so it was not stored; try again later."""

    code = "redactor_failed"


class GivenUp(Exception):
    """Nobody waits for the result any more."""


class CleanUpload(NamedTuple):
    """An upload fit to be stored.

    Attributes:
        fields: What was sent beside the events.
        content: Holds the array of events, from `start` to `end`.
        events: How many events there are.
    """

    fields: EventsUpload
    content: Buffer
    start: int
    end: int
    events: int


class Cleaner:
    """Checks and redacts one upload, in a thread of its own.

    Args:
        body: The upload, inflated.
        redact: Takes secrets out of one event; None leaves all as it is.
        folder: Where files lie aside.
        most_beside: How many bytes there may be beside the events.

    Attributes:
        events: How many it has gone through; may be read from any thread.
    """

    def __init__(self, body: Buffer, redact: Redact | None, folder: Path, *, most_beside: int) -> None:
        self._body = body
        self._redact = redact
        self._most_beside = most_beside
        self._output = Spool(folder)
        # Up to where the body has gone into the output; 0 while nothing was changed.
        self._copied = 0
        self.events = 0
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Make `run` end soon. May be called from any thread."""
        self._given_up.set()

    def run(self) -> CleanUpload:
        """Check all, and redact.

        Raises:
            InvalidPayload: What is wrong, with its position or the event's index.
            TooLarge: Too much stands beside the events.
            RedactorFailed: The redactor raised, or gave no event back.
            Unavailable: There is no room for the result.
            GivenUp: After `give_up`.
        """
        with self._output:
            span = find_events(self._body, self._take)
            fields = self._decode_fields(span)
            if span is None:
                raise InvalidPayload("Object missing required field `events`")
            if not self._copied:
                return CleanUpload(fields, self._body, *span, self.events)
            self._copy(span.end)
            content = self._output.finish()
            return CleanUpload(fields, content, span.start, len(content), self.events)

    def _decode_fields(self, span: Span | None) -> EventsUpload:
        begin, end = span or (len(self._body), len(self._body))
        if begin + len(self._body) - end > self._most_beside:
            raise TooLarge(f"what stands beside `events` has more than {self._most_beside} bytes")
        events = b"[]" if span else b""
        return decode(self._body[:begin] + events + self._body[end:], EventsUpload)

    def _take(self, index: int, span: Span) -> None:
        if self._given_up.is_set():
            raise GivenUp
        event = self._body[span.start : span.end]
        if len(event) >= _LARGE_EVENT:
            let_go(self._body, *span)
        try:
            check(event)
        except InvalidPayload as mistake:
            raise InvalidPayload(f"events[{index}]: {mistake.detail}") from mistake
        self.events += 1
        if self._redact is None:
            return
        cleaned = redacted(self._redact, event)
        if cleaned != event:
            self._copy(span.start)
            self._output.write([cleaned])
            self._copied = span.end

    def _copy(self, end: int) -> None:
        """Put what was not changed into the output."""
        self._output.write(self._body[at : min(at + STEP, end)] for at in range(self._copied, end, STEP))
        self._copied = end


def redacted(redact: Redact, event: bytes) -> bytes:
    """Redact one event, and trust nothing about whoever does it.

    Raises:
        RedactorFailed: It raised, or what it gave back is no event.
    """
    failure = ""
    try:
        cleaned = redact(event)
        if cleaned is event:
            return event
        if _is_event(cleaned):
            return cleaned
    except Exception as cause:
        # Neither its text nor itself goes on from here: they may hold what was to be taken out.
        failure = type(cause).__name__
    log.error("the redactor failed", reason=failure or "it gave back something else than an event")
    raise RedactorFailed


def _is_event(cleaned: object) -> bool:
    return isinstance(cleaned, bytes) and isinstance(msgspec.json.decode(cleaned), dict)
