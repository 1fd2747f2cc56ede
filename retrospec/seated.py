"""One of several server processes on one port."""

import sys

from retrospec.core.errors import RetrospecError
from retrospec.core.log import configure, get_logger
from retrospec.core.settings import Settings
from retrospec.core.supervisor import Seat
from retrospec.serving import Listening, Shared, serve

log = get_logger(__name__)


def serve_seated(settings: Settings, address: tuple[str, int], seat: Seat) -> None:
    """Run a server until SIGTERM, SIGINT, or the end of its supervisor.

    Args:
        settings: Its settings.
        address: Which the supervisor has bound.
        seat: What the supervisor says of it.
    """
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
