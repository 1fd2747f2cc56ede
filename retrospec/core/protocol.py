"""Sanic's HTTP protocol with absolute deadlines, and answers for requests that end early or are refused early."""

from asyncio import CancelledError, Future, TimerHandle, Transport
from functools import lru_cache
from time import monotonic
from typing import Any, cast

from sanic.exceptions import BadRequest
from sanic.headers import format_http1_response
from sanic.http import Http
from sanic.http.constants import Stage
from sanic.server.protocols.http_protocol import HttpProtocol

_LINGER_SECONDS = 30.0
_BODILESS = frozenset({204, 304})


class Conversation(Http):
    """Sanic's side of a connection, where an answer to HEAD may come in pieces too.

    It has a short way for what most requests are: a body that came with its head, and an answer that is whole.
    """

    def take_body(self, limit: int) -> bytes | None:
        """The body, where all of it is here and nothing has to be waited for.

        Args:
            limit: How many bytes are taken at the most.

        Returns:
            None where there is none, or where it has to be read in pieces.
        """
        # Not what Sanic's own annotation says: None, True, or "chunked".
        kind: Any = self.request_body
        size: Any = self.request_bytes_left
        if kind is not True or self.expecting_continue or not 0 < size <= min(limit, len(self.recv_buffer)):
            return None
        body = bytes(self.recv_buffer[:size])
        del self.recv_buffer[:size]
        self.request_bytes_left = 0
        self.request_body = None
        return body

    async def http1_response_header(self, data: bytes, end_stream: bool) -> None:
        """Begin an answer. One that is whole is also sent, head and body at once.

        Sanic looks for line ends in each name and value of the head by itself, which takes 10 us of 13.
        """
        answer: Any = self.response
        body = None if data or not end_stream or answer.status in _BODILESS else answer.body
        if body is None or self.head_only or self.expecting_continue or answer.status < 200:
            await super().http1_response_header(data, end_stream)
            return
        headers = answer.headers
        headers["content-length"] = len(body)
        headers["connection"] = "keep-alive" if self.keep_alive else "close"
        headers.setdefault("content-type", answer.content_type)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if lines.count("\n") != len(headers) or lines.count("\r") != len(headers) or "\0" in lines:
            await super().http1_response_header(data, end_stream)
            return
        self.response_size = len(body)
        self.response_func = None  # type: ignore[assignment]
        await self._send(b"%b%b\r\n%b" % (_status_line(answer.status), lines.encode(errors="surrogateescape"), body))
        self.stage = Stage.IDLE

    async def head_response_ignored(self, data: bytes, end_stream: bool) -> None:  # type: ignore[override]
        """Leave a piece of the body out. Sanic awaits this, and has a plain function here."""
        super().head_response_ignored(data, end_stream)


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    return format_http1_response(status, ()).removesuffix(b"\r\n")


class Protocol(HttpProtocol):
    """Counts a request's time from its first byte, and lets a refused client finish what it says.

    Sanic counts from the last: a client that sent a byte every two seconds was still connected after
    150 s. The body has its own deadline (`core.body`); this one holds for the head, and for what is left
    of a body after its answer has gone out.

    Sanic also closes a connection with unread bytes in it. The system then resets it, and takes back the
    answer that explains the refusal: none of 18 clients that sent 30 MB before they read got to see theirs.
    """

    # Sanic's metaclass leaves its classes without a dictionary for more.
    __slots__ = ("_conversation", "_ended", "_lingering", "_more")

    HTTP_CLASS = Conversation

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._conversation: Http | None = None
        self._ended = False
        self._lingering: TimerHandle | None = None
        self._more: Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes in without beginning the request's time anew."""
        if self._lingering is not None:
            return
        since = self._time if self._amid_request() else monotonic()
        super().data_received(data)
        self._time = since
        self._go_on()

    def eof_received(self) -> bool:
        """Note that the client will send no more; keep the way back open while a request waits for its answer."""
        self._ended = True
        http = self.http
        if self._lingering is not None or http is None or http.stage is Stage.IDLE:
            return False
        self._go_on()
        return True

    async def receive_more(self) -> None:
        """Wait for bytes.

        Raises:
            BadRequest: The client has closed its side, so none will come.
            CancelledError: It has done so between two requests.
        """
        if not self._ended:
            # Sanic's own way has an event to wait for, which finds its loop anew by a call to the system.
            cast("Transport", self.transport).resume_reading()
            self._more = self.loop.create_future()
            await self._more
        elif self._between_requests():
            raise CancelledError
        else:
            raise BadRequest("the request ended before it was complete")

    def _go_on(self) -> None:
        """Wake who waits for bytes."""
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def check_timeouts(self) -> None:
        """End what takes too long. What is left of a body after its answer has no longer than a whole request."""
        if self._draining() and monotonic() - self._time > self.request_timeout:
            self.abort()  # type: ignore[no-untyped-call]
            return
        super().check_timeouts()  # type: ignore[no-untyped-call]

    def close(self, timeout: float | None = None) -> None:
        """Close; first let a client that may still be sending find its answer."""
        transport = self.transport
        if self._lingering is None and transport is not None and not transport.is_closing() and self._is_unread():
            self._linger(transport)
        else:
            super().close(timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        if self._lingering is not None:
            self._lingering.cancel()
        self._conversation = None
        super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def _setup_connection(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_connection(*args, **kwargs)  # type: ignore[no-untyped-call]
        # Sanic forgets it just before it closes.
        self._conversation = self._http

    def _linger(self, transport: Transport) -> None:
        """Send what is to be sent and the end, then throw away what comes until the client ends too."""
        seconds = min(self.request_timeout, _LINGER_SECONDS)
        self._lingering = self.loop.call_later(seconds, self.abort)
        self.recv_buffer.clear()
        transport.write_eof()
        transport.resume_reading()

    def _is_unread(self) -> bool:
        """Whether the client may be in the middle of something, and waits for an answer at its end."""
        http = self._conversation
        if http is None or self._ended:
            return False
        # A request without a method is what Sanic makes up for a head that it could not read.
        return bool(http.request_body) or (http.request is not None and http.request.method == "NONE")

    def _amid_request(self) -> bool:
        http = self.http
        if http is None:
            return False
        return http.stage is Stage.REQUEST or (http.stage is Stage.IDLE and bool(getattr(http, "request_body", None)))

    def _between_requests(self) -> bool:
        http = self.http
        return http is not None and http.stage is Stage.IDLE and not self._draining()

    def _draining(self) -> bool:
        http = self.http
        return http is not None and http.stage is Stage.IDLE and bool(getattr(http, "request_body", None))
