"""A line and a measurement for every request."""

from time import perf_counter
from typing import Any

from sanic import Request, Sanic

from retrospec.core.counters import Counters, Labels
from retrospec.core.log import get_logger

log = get_logger("retrospec.access")
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = 1.0
_METHODS = frozenset(("GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD", "PUT"))


def install_access_log(app: Sanic[Any, Any], counters: Counters, *, everything: bool) -> None:
    """Log and measure every request of an application.

    Refused and slow requests are logged at INFO, the others at DEBUG: at 2,000 requests a second a line
    for each would cost more than the requests. The path is logged without its query, which may hold keys.

    Args:
        app: Not yet started.
        counters: Where requests are measured.
        everything: Whether anybody wants those at DEBUG.
    """

    async def begin(request: Request) -> None:
        request.ctx.began = perf_counter()

    async def end(request: Request, response: Any) -> None:
        seconds = perf_counter() - getattr(request.ctx, "began", perf_counter())
        counters.observe("retrospec_http_request_seconds", seconds, BOUNDS, _labels(request, response.status))
        is_news = response.status >= 400 or seconds >= _SLOW
        if not is_news and not everything:
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

    app.register_middleware(begin, "request", priority=100)
    app.register_middleware(end, "response")


def _labels(request: Request, status: int) -> Labels:
    # A client may send any word; a label has few values.
    method = request.method if request.method in _METHODS else "other"
    route = f"/{request.route.path}" if request.route else "none"
    return ("method", method), ("route", route), ("status", str(status))
