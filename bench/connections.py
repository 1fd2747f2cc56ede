"""How connections spread over processes that share a port: with one socket for all of them, and with a socket each."""

import asyncio
import multiprocessing
import socket
import time
from collections import Counter
from multiprocessing.synchronize import Barrier

import uvloop

from retrospec.core.listening import bind, join

_PROCESSES = 4
_CONNECTIONS = 64
_SECONDS = 1.0
# What a request keeps a process busy for.
_WORK_SECONDS = 0.0003


async def _serve(sock: socket.socket, number: int, ready: Barrier) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say the number of this process to each line."""
        while await reader.readline():
            until = time.perf_counter() + _WORK_SECONDS
            while time.perf_counter() < until:
                pass
            writer.write(b"%d\n" % number)

    await asyncio.start_server(answer, sock=sock, backlog=1024)
    ready.wait()
    await asyncio.sleep(600)


def _process(shared: "socket.socket | tuple[str, int]", number: int, ready: Barrier) -> None:
    sock = shared if isinstance(shared, socket.socket) else join(shared)
    sock.setblocking(False)
    uvloop.run(_serve(sock, number, ready))


async def _ask(address: tuple[str, int]) -> tuple[Counter[str], list[float]]:
    """Connect all at once, and ask for a while. Gives the connections of each process, and how long answers took."""
    dealt: Counter[str] = Counter()
    took: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection(*address)
        until, number = time.perf_counter() + _SECONDS, ""
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(b"\n")
            answer = (await reader.readline()).decode().strip()
            took.append(time.perf_counter() - began)
            if not number:
                number = answer
                dealt[number] += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(_CONNECTIONS)))
    return dealt, sorted(took)


def _measure(each: bool) -> None:
    with bind("127.0.0.1", 0, shared=each) as sock:
        address: tuple[str, int] = sock.getsockname()
        if not each:
            sock.listen(1024)
        context = multiprocessing.get_context("spawn")
        ready = context.Barrier(_PROCESSES + 1)
        shared = address if each else sock
        processes = [context.Process(target=_process, args=(shared, n, ready)) for n in range(_PROCESSES)]
        for process in processes:
            process.start()
        ready.wait(60)
        dealt, took = asyncio.run(_ask(address))
        for process in processes:
            process.kill()
            process.join()
    spread = sorted((dealt[str(number)] for number in range(_PROCESSES)), reverse=True)
    slowest = took[int(len(took) * 0.99)] * 1000
    print(
        f"{'a socket each' if each else 'one for all':14} {spread} connections, 99% within {slowest:.0f} ms", flush=True
    )


if __name__ == "__main__":
    for _ in range(3):
        _measure(each=False)
        _measure(each=True)
