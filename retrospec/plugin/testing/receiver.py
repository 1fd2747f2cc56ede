"""A real HTTP server on loopback that records what it is sent and answers as told."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import h11

BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in.

    Attributes:
        method: `POST` and the like.
        target: Path and query.
        headers: Names in lower case.
        body: Whole, without transfer encoding.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """Everything of it as one text: what a third party that sees it gets to know."""
        lines = [f"{self.method} {self.target}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join([*lines, "", self.body.decode(errors="replace")])


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer.

    Attributes:
        status: HTTP status.
        headers: Beside the length or encoding of the body.
        body: What to send; with `endless` again and again, until the other side hangs up.
        delay_seconds: How long to wait with the answer.
        endless: Whether the body never ends.
        drips: Whether the head never ends either, and comes byte by byte.
        pause_seconds: How long to rest between the pieces of what never ends.
        echo: Whether to send the request back as the body, its headers included.
        close_early: Whether to hang up in the middle of the answer's head.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_seconds: float = 0
    endless: bool = False
    drips: bool = False
    pause_seconds: float = 0
    echo: bool = False
    close_early: bool = False


class Receiver:
    """Records requests on a free port of loopback. Used as `async with Receiver() as receiver:`.

    Args:
        tls: Speaks HTTPS with this; None for HTTP.
        host: The address to listen on.

    Attributes:
        port: Where it listens, once it does.
        requests: What came in, in order of arrival.
        connections: How many connections were made to it.
        otherwise: The answer when none is waiting; 200 and empty at first.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.port = 0
        self.requests: list[Received] = []
        self.connections = 0
        self.otherwise = Answer()
        self._arrived = asyncio.Event()
        self._next: deque[Answer] = deque()
        self._visits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._host = host
        self._tls = tls

    @property
    def url(self) -> str:
        """Where it listens, e.g. `http://127.0.0.1:40123`."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    def answer(self, *answers: Answer) -> None:
        """Answer the next requests so, one each, and then as `otherwise` says.

        Args:
            answers: In the order of the requests.
        """
        self._next.extend(answers)

    async def until(self, count: int) -> None:
        """Wait until so many requests have come in.

        Args:
            count: In all.
        """
        while len(self.requests) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visit, self._host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # A task of our own: asyncio's would log the cancellation at the end as an error.
        visit = asyncio.create_task(self._converse(_Wire(reader, writer)))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _converse(self, wire: "_Wire") -> None:
        try:
            while (request := await wire.read()) is not None:
                self.requests.append(request)
                self._arrived.set()
                if not await wire.write(request, self._next.popleft() if self._next else self.otherwise):
                    return
        except (OSError, h11.RemoteProtocolError):
            pass  # The other side hung up or speaks something else; what it sent whole is recorded.
        finally:
            await wire.close()


class _Wire:
    """One connection, spoken on as HTTP/1.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)

    async def read(self) -> Received | None:
        """Read a whole request, or None when there will be no more."""
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._reader.read(65536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _received(head, bytes(body))
            else:
                return None

    async def write(self, request: Received, answer: Answer) -> bool:
        """Answer a request, and say whether another may follow on this connection."""
        await asyncio.sleep(answer.delay_seconds)
        if answer.close_early:
            self._writer.write(f"HTTP/1.1 {answer.status} Cut\r\ncontent-le".encode())
            await self._writer.drain()
            return False
        while answer.drips:
            self._writer.write(b"H")
            await self._writer.drain()
            await asyncio.sleep(answer.pause_seconds)
        body = request.text.encode() if answer.echo else answer.body
        unsized = answer.endless or answer.status in BODILESS
        length = {} if unsized else {"content-length": str(len(body))}
        headers = [(name.encode(), value.encode()) for name, value in {**length, **answer.headers}.items()]
        await self._send(h11.Response(status_code=answer.status, headers=headers))
        while answer.endless:
            await self._send(h11.Data(data=body or b"more "))
            await asyncio.sleep(answer.pause_seconds)
        if answer.status not in BODILESS:
            await self._send(h11.Data(data=body))
        await self._send(h11.EndOfMessage())
        if self._http.our_state is h11.MUST_CLOSE:
            return False
        self._http.start_next_cycle()
        return True

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()


def _received(head: h11.Request, body: bytes) -> Received:
    headers: Sequence[tuple[bytes, bytes]] = list(head.headers)
    return Received(
        method=head.method.decode(),
        target=head.target.decode(),
        headers={name.decode(): value.decode("latin-1") for name, value in headers},
        body=body,
    )
