"""A network that can be cut: between the server and its database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qsl, urlsplit


class Cable:
    """Forwards connections from a port of loopback to a database's socket.

    Attributes:
        url: The database's URL through the cable.
        connections: How many were made through it.
    """

    def __init__(self, target: str) -> None:
        """Take the URL of a database that listens on a unix socket."""
        self._target = urlsplit(target)
        self._ends: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._whole = True
        self.url = ""
        self.connections = 0

    async def start(self) -> None:
        """Begin to forward."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"postgres://postgres:@127.0.0.1:{port}{self._target.path}"

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def break_once(self) -> None:
        """End all connections; new ones are welcome."""
        for end in self._ends:
            end.transport.abort()

    def freeze(self) -> None:
        """Let nothing through any more, without a word to anybody."""
        self._flowing.clear()

    def mend(self) -> None:
        """Forward again."""
        self._whole = True
        self._flowing.set()

    async def stop(self) -> None:
        """End everything."""
        self.cut()
        self._flowing.set()
        if self._server is not None:
            self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pump = asyncio.create_task(self._join(reader, writer))
        self._pumps.add(pump)
        pump.add_done_callback(self._pumps.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        self.connections += 1
        folder = dict(parse_qsl(self._target.query))["host"]
        far_reader, far_writer = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        ends = {writer, far_writer}
        self._ends |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer))
                both.create_task(self._pump(far_reader, writer))
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[Cable]:
    """A cable to a database."""
    cable = Cable(url)
    await cable.start()
    try:
        yield cable
    finally:
        await cable.stop()
