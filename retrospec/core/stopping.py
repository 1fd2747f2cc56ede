"""The end of a process that has been asked to stop, also where something in it does not end."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retrospec.core.log import get_logger

log = get_logger(__name__)
# What closing takes on top of the grace: last counts, connections, threads.
CLOSING_SECONDS = 2.5


@contextmanager
def hard_stop(grace: float) -> Iterator[Callable[[], None]]:
    """Give out what to call when the stop begins: from then on the process ends in time, come what may.

    A plugin may swallow its cancellation or block its thread for ever, and Python waits for both. What was
    committed is safe, and leases that were not given back run out.

    Args:
        grace: Seconds that whatever runs has to finish.
    """
    timer = threading.Timer(grace + CLOSING_SECONDS, _end)
    timer.daemon = True
    try:
        yield timer.start
    finally:
        timer.cancel()


def _end() -> None:
    log.error("something does not end: the process is ended as it is")
    logging.shutdown()
    os._exit(1)
