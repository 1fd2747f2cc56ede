"""A way to a server that breaks as told: what a network and a server in trouble do."""

import asyncio
import re
from collections.abc import Awaitable
from contextlib import closing, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

PIECE = 65536
Trouble = Literal["answer", "hang", "deaf", "cut", "slow"]


@dataclass(slots=True)
class Fault:
    """What goes wrong, and with which requests.

    Attributes:
        which: Searched for in `METHOD /target`.
        kind: `answer` with a status of its own; `hang` without ever answering; `deaf`, where the request's body is
            never read either; `cut` the answer after some bytes; `slow`, where the answer comes late but whole.
        times: With how many requests.
        status: Of `answer`.
        after: Bytes that `cut` lets pass; with 0 the server has done it and nobody hears of it.
        seconds: Of `slow`.
    """

    which: str
    kind: Trouble
    times: int = 1_000_000
    status: int = 503
    after: int = 0
    seconds: float = 0


class FaultyProxy:
    """Passes HTTP on to a server, one request a connection. Used as `async with FaultyProxy(url) as proxy:`.

    Attributes:
        heads: The heads of the requests that came, in order.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._faults: list[Fault] = []
        self._visits: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()
        self.heads: list[str] = []

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def lines(self) -> list[str]:
        """Method and target of the requests that came."""
        return [head.partition(" HTTP/")[0] for head in self.heads]

    def break_with(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        self._faults.append(fault)

    def heal(self) -> None:
        """Let nothing more go wrong."""
        self._faults.clear()

    async def until(self, which: str) -> None:
        """Wait for a request."""
        while not any(re.search(which, line) for line in self.lines):
            self._arrived.clear()
            await self._arrived.wait()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await self._server.wait_closed()

    def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.create_task(self._converse(reader, writer))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)
        # One that is cancelled before its first step would not close it.
        visit.add_done_callback(lambda _: writer.close())

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            self._arrived.set()
            await self._treat(head, reader, writer)

    async def _treat(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._next_fault(head)
        if fault is None:
            await self._pass_on(head, reader, writer)
        elif fault.kind == "answer":
            await _read_body(head, reader, writer)
            writer.write(f"HTTP/1.1 {fault.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        elif fault.kind == "cut":
            await self._pass_on(head, reader, writer, limit=fault.after)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._pass_on(head, reader, writer)
        else:
            if fault.kind == "hang":
                await _read_body(head, reader, writer)
            await asyncio.Event().wait()

    def _next_fault(self, head: str) -> Fault | None:
        for fault in self._faults:
            if fault.times and re.search(fault.which, head.partition(" HTTP/")[0]):
                fault.times -= 1
                return fault
        return None

    async def _pass_on(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None = None
    ) -> None:
        there, onward = await asyncio.open_connection(self._target.hostname, self._target.port)
        with closing(onward):
            onward.write(head.replace("\r\n", "\r\nConnection: close\r\n", 1).encode("latin-1"))
            sending = asyncio.create_task(_pump(reader, onward))
            try:
                await _pump(there, writer, limit)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None = None) -> None:
    """Pass on bytes to the end; behind the limit, take them and drop them."""
    left = limit
    while piece := await reader.read(PIECE):
        writer.write(piece if left is None else piece[:left])
        left = None if left is None else max(0, left - len(piece))
        await writer.drain()


async def _read_body(head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if re.search(r"^expect:\s*100-continue", head, re.I | re.M):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = re.search(r"^content-length:\s*(\d+)", head, re.I | re.M)
    body: Awaitable[bytes] = reader.readexactly(int(length[1]) if length else 0)
    await body
