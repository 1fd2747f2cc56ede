"""Running several server processes on one port. The supervisor itself needs next to nothing of the server."""

import asyncio
import os
import sys

from retrospec.core.listening import bind, url_of
from retrospec.core.log import get_logger
from retrospec.core.settings import Settings
from retrospec.core.stopping import CLOSING_SECONDS, stop_signal
from retrospec.core.supervisor import Named, Supervisor

log = get_logger(__name__)
# What a process is given beyond the time in which it ends itself, until it is killed.
_KILL_SECONDS = 0.3


def supervise(settings: Settings) -> None:
    """Run `SERVER_WORKERS` server processes until SIGTERM or SIGINT. Exits with 1 where one of them ended badly then.

    Raises:
        SettingsError: The address cannot be listened on.
        NotStarted: A process cannot begin.
    """
    if not asyncio.run(_supervise(settings)):
        sys.exit(1)


async def _supervise(settings: Settings) -> bool:
    stopped = stop_signal()
    # Bound, and never listening: it keeps the port for the processes, also while one of them is replaced.
    with bind(settings.orchestrator_host, settings.orchestrator_port, shared=True) as sock:
        supervisor = Supervisor(
            Named("retrospec.seated", "serve_seated", (settings, sock.getsockname()[:2])),
            [f"server-{number}" for number in range(1, settings.server_workers + 1)],
            ends_within=settings.shutdown_grace_seconds + CLOSING_SECONDS + _KILL_SECONDS,
        )

        def ready() -> None:
            log.info("serving", url=url_of(sock), pid=os.getpid(), processes=settings.server_workers)

        ended_well = await supervisor.run(stopped, ready)
    log.info("stopped")
    return ended_well
