"""A network that can be cut: between the server and its database, or its queue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qsl, urlsplit


class Cable:
    """Forwards connections from a port of loopback to a PostgreSQL's unix socket, or to another port.

    Attributes:
        url: The server's URL through the cable.
        connections: How many were made through it.
        lost: How many answers were.
    """

    def __init__(self, target: str) -> None:
        """Take the URL of the server: with `host` in its query, where that is the folder of a socket."""
        self._target = urlsplit(target)
        self._fatal = b""
        self._after = b""
        self._ends: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._whole = True
        self.url = ""
        self.connections = 0
        self.lost = 0

    async def start(self) -> None:
        """Begin to forward."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user = "postgres:@" if self._socket_folder else ""
        self.url = f"{self._target.scheme}://{user}127.0.0.1:{port}{self._target.path}"

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def break_once(self) -> None:
        """End all connections; new ones are welcome."""
        for end in self._ends:
            end.transport.abort()

    def lose_answer_to(self, words: bytes, *, after: bytes = b"") -> None:
        """Pass on the next piece that holds these words, then break its connection before the answer comes through.

        Args:
            words: What the piece holds.
            after: What the connection must have carried since this call; others are let alone.
        """
        self._fatal, self._after = words, after

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
        far_reader, far_writer = await self._reach()
        ends, deaf = {writer, far_writer}, asyncio.Event()
        self._ends |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer, deaf))
                both.create_task(self._pump(far_reader, writer, deaf, back=True))
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    @property
    def _socket_folder(self) -> str:
        return dict(parse_qsl(self._target.query)).get("host", "")

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._socket_folder:
            return await asyncio.open_unix_connection(f"{self._socket_folder}/.s.PGSQL.5432")
        return await asyncio.open_connection(self._target.hostname, self._target.port)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event, *, back: bool = False
    ) -> None:
        carried = False
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                carried = bool(self._fatal) and (carried or self._after in data)
                if back and deaf.is_set():
                    self.lost += 1
                    break
                if not back and carried and self._fatal in data:
                    self._fatal = b""
                    deaf.set()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[Cable]:
    """A cable to a server."""
    cable = Cable(url)
    await cable.start()
    try:
        yield cable
    finally:
        await cable.stop()
