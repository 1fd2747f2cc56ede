"""A load generator that costs little: prepared requests over keep-alive connections, read by their length.

httpx takes about 1 ms of CPU for a request; on two cores it would measure itself.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of a run: answers by status, and how long it took in seconds."""

    statuses: dict[int, int]
    seconds: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return sum(count for status, count in self.statuses.items() if status < 300) / self.seconds


def request(method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
    """An HTTP request, ready to be sent."""
    line = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    return f"{line}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


async def pour(port: int, requests: Iterator[bytes], *, connections: int, count: int, seconds: float = 600) -> Load:
    """Send at most `count` requests over some connections, for at most `seconds`."""
    statuses: dict[int, int] = {}
    left = count
    begun = time.perf_counter()

    async def one() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left > 0 and time.perf_counter() - begun < seconds:
            left -= 1
            writer.write(next(requests))
            status = await _answer(reader)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one() for _ in range(connections)))
    return Load(statuses, time.perf_counter() - begun)


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return int(head[9:12])
