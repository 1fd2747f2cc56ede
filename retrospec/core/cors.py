"""Cross-origin requests: which web pages may call, and read the answers."""

import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from sanic import HTTPResponse, Request
from sanic.response import BaseHTTPResponse, ResponseStream

from retrospec.core.errors import Invalid, SettingsError
from retrospec.core.settings import Settings

Origins = frozenset[str]

ANY = "*"
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LENGTH = 300
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Content-Type, Content-Encoding, "
        "X-Retrospec-Key, X-Retrospec-Admin, X-Retrospec-Internal"
    ),
    "Access-Control-Max-Age": "300",
}
_EXPOSED = "Retry-After, X-Request-Id, Content-Range, Accept-Ranges"


def checked_origins(origins: Iterable[str], field: str) -> tuple[str, ...]:
    """Bring origins to the form in which browsers send them, each once.

    Args:
        origins: Each `scheme://host[:port]`, or `*` for any.
        field: What to call them in the error.

    Raises:
        Invalid: One of them is neither.
    """
    return tuple(dict.fromkeys(_checked(origin.strip(), field) for origin in origins))


def _checked(origin: str, field: str) -> str:
    if origin == ANY:
        return origin
    match = _ORIGIN.fullmatch(origin.lower()) if len(origin) <= _MAX_LENGTH else None
    if match is None or not 0 < int(match[4] or 1) <= 65535:
        raise Invalid(f"{field}: {origin[:100]!r} is not an origin; allowed are scheme://host[:port] and *")
    port = int(match[4]) if match[4] else None
    return f"{match[1]}://{match[2]}" + (f":{port}" if port and port != _DEFAULT_PORTS.get(match[1]) else "")


class Cors:
    """Answers preflights, and marks every answer with who may read it.

    Which origins may read an answer depends on whose it is. Whoever admits the request puts them into
    `request.ctx.origins`. A preflight names no key, and a refused request nobody: these are open to every
    origin that any project allows.
    """

    def __init__(self, allowed: Origins, projects: Callable[[], Awaitable[Origins]]) -> None:
        """Take in the origins.

        Args:
            allowed: For requests of projects that name none of their own.
            projects: Finds those that any project names.
        """
        self.allowed = allowed
        self._projects = projects

    @classmethod
    def of(cls, settings: Settings, projects: Callable[[], Awaitable[Origins]]) -> "Cors":
        """Make it from `CORS_ALLOWED_ORIGINS`.

        Raises:
            SettingsError: One of the origins is none.
        """
        try:
            return cls(frozenset(checked_origins(settings.cors_allowed_origins, "CORS_ALLOWED_ORIGINS")), projects)
        except Invalid as mistake:
            raise SettingsError(str(mistake)) from mistake

    def preflight(self, request: Request) -> HTTPResponse | None:
        """Answer OPTIONS on whatever path; None for any other method."""
        return HTTPResponse(status=204, headers=dict(_PREFLIGHT)) if request.method == "OPTIONS" else None

    def mark(self, request: Request, response: BaseHTTPResponse | ResponseStream) -> Coroutine[Any, Any, None] | None:
        """Say in an answer's headers whether the page that asked may read it.

        Returns:
            None where that is done; else what to wait for.
        """
        allowed: Origins | None = getattr(request.ctx, "origins", None)
        if not allowed:
            if ANY not in self.allowed:
                return self._mark_for_all(request, response)
            allowed = self.allowed
        _mark(request, response, allowed)
        return None

    async def _mark_for_all(self, request: Request, response: BaseHTTPResponse | ResponseStream) -> None:
        _mark(request, response, self.allowed | await self._projects())


def _mark(request: Request, response: BaseHTTPResponse | ResponseStream, allowed: Origins) -> None:
    headers = response.headers
    if ANY in allowed:
        headers["Access-Control-Allow-Origin"] = ANY
    else:
        # Also where there is no Origin: a cache must not hand this answer to a page that sends one.
        headers.add("Vary", "Origin")
        origin = request.headers.get("origin", "")
        if origin not in allowed:
            return
        headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = _EXPOSED
