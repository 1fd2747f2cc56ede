"""A line and a measurement for every request."""

from functools import lru_cache
from time import perf_counter
from typing import Any

from sanic import Request

from retrospec.core.counters import Counters, Labels
from retrospec.core.log import get_logger

log = get_logger("retrospec.access")
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = 1.0
_METRIC = "retrospec_http_request_seconds"
_METHODS = frozenset(("GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD", "PUT"))


class AccessLog:
    """Logs and measures every request of an application.

    Refused and slow requests are logged at INFO, the others at DEBUG: at 2,000 requests a second a line
    for each would cost more than the requests. The path is logged without its query, which may hold keys.
    """

    def __init__(self, counters: Counters, *, everything: bool) -> None:
        """Begin.

        Args:
            counters: Where requests are measured.
            everything: Whether anybody wants those at DEBUG.
        """
        self._counters = counters
        self._everything = everything

    def begin(self, request: Request) -> None:
        """A request has arrived."""
        request.ctx.began = perf_counter()

    def end(self, request: Request, response: Any) -> None:
        """Its answer is about to go out."""
        seconds = perf_counter() - getattr(request.ctx, "began", perf_counter())
        # A client may send any word; a label has few values.
        method = request.method if request.method in _METHODS else "other"
        path = request.route.path if request.route else None
        self._counters.observe(_METRIC, seconds, BOUNDS, _labels(method, path, response.status))
        is_news = response.status >= 400 or seconds >= _SLOW
        if not is_news and not self._everything:
            return
        write = log.info if is_news else log.debug
        write(
            "request",
            method=request.method,
            path=request.path,
            status=response.status,
            ms=round(seconds * 1000, 1),
            request_id=str(request.id),
            client=getattr(request.ctx, "client_address", request.ip),
        )


@lru_cache(maxsize=1024)
def _labels(method: str, path: str | None, status: int) -> Labels:
    route = "none" if path is None else f"/{path}"
    return ("method", method), ("route", route), ("status", str(status))
