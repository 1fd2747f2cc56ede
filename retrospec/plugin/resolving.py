"""Looking up names without standing in anybody's way."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from socket import getaddrinfo

# Names whose look-up has not ended. A nameserver that hangs holds one for half a minute.
MOST_AT_ONCE = 200
_running: dict[str, "Future[Sequence[str]]"] = {}
_lock = threading.Lock()


async def look_up(name: str) -> Sequence[str]:
    """The addresses of a name, each once, in the order in which to try them.

    Not by the event loop: uvloop looks up in four threads that all loops of the process share, other loops in a few of
    their own, and a name whose server hangs holds one of them for half a minute, whoever still waits for it. Four
    sinks with such a name would stop every connection by name, the database's among them. So each look-up has a
    thread of its own, and all who ask for a name meanwhile share it.

    Args:
        name: A name or an address, in ASCII.

    Raises:
        OSError: It has none, or too many look-ups hang.
    """
    return await asyncio.wrap_future(_begin(name))


def _begin(name: str) -> "Future[Sequence[str]]":
    with _lock:
        if name in _running:
            return _running[name]
        if len(_running) >= MOST_AT_ONCE:
            raise socket.gaierror(socket.EAI_AGAIN, "too many look-ups hang")
        found: Future[Sequence[str]] = Future()
        # Who gives up cancels his own wait only: others may share what runs.
        found.set_running_or_notify_cancel()
        _running[name] = found
    threading.Thread(target=_look_up, args=(name, found), name="look-up", daemon=True).start()
    return found


def _look_up(name: str, found: "Future[Sequence[str]]") -> None:
    addresses: Sequence[str] = ()
    error: Exception | None = None
    try:
        records = getaddrinfo(name, None, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(record[4][0]) for record in records))
        if not addresses:
            error = socket.gaierror(socket.EAI_NONAME, "name has no address")
    except Exception as cause:
        error = cause
    with _lock:
        del _running[name]
    if error is None:
        found.set_result(addresses)
    else:
        found.set_exception(error)
