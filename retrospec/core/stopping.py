"""How a process is asked to stop, and its end, also where something in it does not end."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retrospec.core.log import get_logger
from retrospec.core.supervisor import STOPPING, orphaned

log = get_logger(__name__)
# What closing takes on top of the grace: last counts, connections, threads.
CLOSING_SECONDS = 2.5


@contextmanager
def hard_stop(grace: float) -> Iterator[Callable[[], None]]:
    """Give out what to call when the stop begins: from then on the process ends in time, come what may.

    A plugin may swallow its cancellation or block its thread for ever, and Python waits for both. What was
    committed is safe, and leases that were not given back run out. The process is to end after the block.

    Args:
        grace: Seconds that whatever runs has to finish.
    """
    timer = threading.Timer(grace + CLOSING_SECONDS, _end)
    timer.daemon = True
    # Not cancelled at the end of the block: the interpreter waits after it for threads of executors, such as those in
    # which a plugin has blocking work done. A process that ends in time takes the timer along.
    yield timer.start


def _end() -> None:
    log.error("something does not end: the process is ended as it is")
    logging.shutdown()
    os._exit(1)


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets, and the end of this process's supervisor, where it has one."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in STOPPING:
        loop.add_signal_handler(number, stopped.set)
    # A supervisor holds them back until here.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    if (supervisor := orphaned()) is not None:
        # It can be read again and again: what is asked of it once is enough.
        loop.add_reader(supervisor, _once, stopped, supervisor)
    return stopped


def _once(event: asyncio.Event, descriptor: int) -> None:
    asyncio.get_running_loop().remove_reader(descriptor)
    event.set()
