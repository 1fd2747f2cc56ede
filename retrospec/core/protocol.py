"""Sanic's HTTP protocol with an absolute deadline, and an answer for requests that end early."""

from time import monotonic

from sanic.exceptions import BadRequest
from sanic.http.constants import Stage
from sanic.server.protocols.http_protocol import HttpProtocol


class Protocol(HttpProtocol):
    """Counts a request's time from its first byte.

    Sanic counts from the last: a client that sent a byte every two seconds was still connected after
    150 s. The body has its own deadline (`core.body`); this one holds for the head, and for what is left
    of a body after its answer has gone out.
    """

    _ended = False

    def data_received(self, data: bytes) -> None:
        """Take bytes in without beginning the request's time anew."""
        since = self._time if self._amid_request() else monotonic()
        super().data_received(data)
        self._time = since

    def eof_received(self) -> bool:
        """Note that the client will send no more; keep the way back open while a request waits for its answer."""
        http = self.http
        if http is None or http.stage is Stage.IDLE:
            return False
        self._ended = True
        if self._data_received:
            self._data_received.set()
        return True

    async def receive_more(self) -> None:
        """Wait for bytes.

        Raises:
            BadRequest: The client has closed its side, so none will come.
        """
        if not self._ended:
            await super().receive_more()  # type: ignore[no-untyped-call]
        if self._ended and not self.recv_buffer:
            raise BadRequest("the request ended before it was complete")

    def _amid_request(self) -> bool:
        http = self.http
        if http is None:
            return False
        return http.stage is Stage.REQUEST or (http.stage is Stage.IDLE and bool(getattr(http, "request_body", None)))
