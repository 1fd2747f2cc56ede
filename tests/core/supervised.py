"""What supervised processes do in tests. Apart from the tests, because each process imports this anew."""

import os
import signal
import time
from pathlib import Path

from retrospec.core.supervisor import Seat


def works(folder: Path, seat: Seat) -> None:
    """Leaves its number behind, and works until SIGTERM."""
    (folder / f"{seat.name}-{os.getpid()}").touch()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    seat.ready()
    time.sleep(60)


def works_unless_told_otherwise(folder: Path, seat: Seat) -> None:
    if (folder / "broken").exists():
        seat.failed("there is no bread")
    else:
        works(folder, seat)


def the_second_fails(folder: Path, seat: Seat) -> None:
    if seat.name == "b":
        seat.failed("b has no bread")
    else:
        works(folder, seat)


def dies(seat: Seat) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def turns_a_deaf_ear(folder: Path, seat: Seat) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    works(folder, seat)
