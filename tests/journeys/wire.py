"""HTTP byte by byte: requests that no well-behaved client sends, and whatever comes back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import h11
import msgspec

_PATIENCE = 15.0


class Reply(NamedTuple):
    """An answer. Status 0 means that the connection was closed without one."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Its body."""
        return msgspec.json.decode(self.body)

    @property
    def told(self) -> tuple[int, str, str, str]:
        """Status, code, error and detail: all that an error answer says beside the request's id."""
        said = self.json() if self.headers.get("content-type") == "application/json" else {}
        return self.status, said.get("code", ""), said.get("error", ""), said.get("detail", "")


class Wire:
    """One connection. Answers are read in the order of the requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = b""

    async def send(self, data: bytes) -> None:
        """Send bytes as they are. A peer that has hung up is no error: it may have answered first."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    def end(self) -> None:
        """Say that no more will come, and go on listening."""
        self._writer.write_eof()

    async def drip(self, data: bytes, pause: float) -> int:
        """Send one byte after the other until the peer hangs up or all is sent; says how many went out."""
        for sent, byte in enumerate(data):
            if self._reader.at_eof() or self._writer.is_closing():
                return sent
            await self.send(bytes([byte]))
            await asyncio.sleep(pause)
        return len(data)

    async def reply(self, method: str = "POST") -> Reply:
        """Read one answer."""
        http = h11.Connection(h11.CLIENT)
        http.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        http.send(h11.EndOfMessage())
        http.receive_data(self._rest) if self._rest else None
        head: h11.Response | None = None
        body = b""
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    event = http.next_event()
                    if event is h11.NEED_DATA:
                        http.receive_data(await self._reader.read(65536))
                        continue
                except (h11.RemoteProtocolError, ConnectionError):
                    return Reply(0, {}, b"")
                match event:
                    case h11.Response():
                        head = event
                    case h11.Data():
                        body += event.data
                    case h11.EndOfMessage() if head:
                        self._rest = http.trailing_data[0]
                        headers = {name.decode(): value.decode() for name, value in head.headers}
                        return Reply(head.status_code, headers, bytes(body))
                    case h11.ConnectionClosed():
                        return Reply(0, {}, b"")

    async def line(self) -> bytes:
        """Read one line as it is."""
        return await self._reader.readline()

    async def closed(self) -> bool:
        """Wait until the peer hangs up; False when it says something else."""
        async with asyncio.timeout(_PATIENCE):
            try:
                return await self._reader.read(1) == b""
            except ConnectionError:
                return True

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Wire]:
    """A connection to a server."""
    parts = urlsplit(url)
    wire = Wire(*await asyncio.open_connection(parts.hostname, parts.port))
    try:
        yield wire
    finally:
        await wire.close()


def head(method: str, path: str, **headers: str | int) -> bytes:
    """A request's head. Underscores in names of headers stand for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def request(method: str, path: str, body: bytes = b"", **headers: str | int) -> bytes:
    """A whole request with the right length."""
    return head(method, path, **{"Content_Length": len(body), **headers}) + body


def chunks(*pieces: bytes) -> bytes:
    """A body in chunked encoding, its end included."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def ask(url: str, data: bytes, method: str = "POST") -> Reply:
    """Send bytes on a connection of their own, and read one answer."""
    async with connected(url) as wire:
        await wire.send(data)
        return await wire.reply(method)
