"""Running several server processes on one port."""

import asyncio
import os
import sys
from functools import partial

from retrospec.core.errors import RetrospecError
from retrospec.core.listening import bind, url_of
from retrospec.core.log import configure, get_logger
from retrospec.core.settings import Settings
from retrospec.core.stopping import CLOSING_SECONDS
from retrospec.core.supervisor import Seat, Supervisor
from retrospec.runtime import upgrade_embedded
from retrospec.serving import Listening, Shared, serve, stop_signal

log = get_logger(__name__)
# What a process is given beyond the time in which it ends itself, until it is killed.
_KILL_SECONDS = 0.3


def supervise(settings: Settings) -> None:
    """Run `SERVER_WORKERS` server processes until SIGTERM or SIGINT.

    Raises:
        RetrospecError: The address cannot be listened on, the schema cannot be upgraded, or a process cannot begin.
    """
    if not asyncio.run(_supervise(settings)):
        sys.exit(1)


async def _supervise(settings: Settings) -> bool:
    stopped = stop_signal()
    # Bound, and never listening: it keeps the port for the processes, also while one of them is replaced.
    with bind(settings.orchestrator_host, settings.orchestrator_port, shared=True) as sock:
        await upgrade_embedded(settings)
        supervisor = Supervisor(
            partial(_serve, settings, sock.getsockname()[:2]),
            [f"server-{number}" for number in range(1, settings.server_workers + 1)],
            ends_within=settings.shutdown_grace_seconds + CLOSING_SECONDS + _KILL_SECONDS,
        )

        def ready() -> None:
            log.info("serving", url=url_of(sock), pid=os.getpid(), processes=settings.server_workers)

        ended_well = await supervisor.run(stopped, ready)
    log.info("stopped")
    return ended_well


def _serve(settings: Settings, address: tuple[str, int], seat: Seat) -> None:
    """What one of the processes does."""
    configure(settings.log_level, settings.log_format, process=seat.name)

    async def ready(running: Listening) -> None:
        if seat.replaces:
            running.server.runtime.counters.add("retrospec_process_restarts_total")
        seat.ready()

    try:
        serve(settings, ready, Shared(address, seat.since))
    except (RetrospecError, OSError) as failure:
        # Said once, by the supervisor, for all of them.
        log.debug("cannot begin", exc_info=True)
        seat.failed(str(failure))
        sys.exit(1)
    except Exception as defect:
        log.exception("ended by an unexpected error")
        seat.failed(f"unexpected {type(defect).__name__}: {defect}")
        sys.exit(1)
