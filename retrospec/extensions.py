"""The routes that plugins add, under `/v1/x/{plugin}`: admitted, limited and documented like all others."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from sanic import HTTPResponse, Request

from retrospec.core.body import read_body
from retrospec.core.errors import RetrospecError, TooLarge, Unavailable
from retrospec.core.routing import Access, Endpoint, Routes
from retrospec.core.settings import Settings
from retrospec.plugin import PluginRequest, PluginResponse, PluginRoute
from retrospec.plugin.faults import Faults
from retrospec.plugin.guard import Guard
from retrospec.plugin.manager import PluginHost
from retrospec.projects.auth import Caller

_ACCESS: Mapping[str, Access] = {"project": Access.PROJECT, "upload": Access.UPLOAD, "admin": Access.ADMIN}
_PARAMETER = re.compile(r"\{(\w+)\}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff\t]*")
_KEYS = frozenset({"x-retrospec-key", "x-retrospec-admin", "x-retrospec-internal"})
_OURS = frozenset(
    {"content-length", "content-type", "connection", "keep-alive", "transfer-encoding", "upgrade", "set-cookie"}
    | {"x-request-id", "alt-svc", "vary"}
)
# What a plugin shows stands on the server's own origin, beside the dashboard: unless it says how far its page may go,
# it may do nothing.
_HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


class PluginFailure(Unavailable):
    """The plugin behind this path failed; try again later."""

    code = "plugin_failed"


class PluginTimeout(RetrospecError):
    """The plugin behind this path did not answer in time."""

    status = 504
    code = "plugin_timeout"


class Extensions:
    """The routes of all plugins that have some."""

    def __init__(self, host: PluginHost, settings: Settings, faults: Faults) -> None:
        """Make them; one event loop for each plugin begins with its first request.

        Args:
            host: Knows the plugins.
            settings: How long a handler may take, and how large a body may be.
            faults: Notes what goes wrong.
        """
        self._settings = settings
        self._guards: dict[str, Guard] = {}
        self.slices: list[Routes] = []
        for record in host.records:
            if record.routes and not record.error:
                guard = Guard("routes", record.name, faults, timeout=settings.plugin_timeout_seconds, patient=True)
                self._guards[record.name] = guard
                self.slices.append(self._routes(record.name, record.routes, guard))

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What is known of each route, for the documentation."""
        return tuple(endpoint for routes in self.slices for endpoint in routes.endpoints)

    async def stop(self) -> None:
        """End the plugins' threads."""
        for guard in self._guards.values():
            await guard.stop()

    def _routes(self, plugin: str, offered: list[PluginRoute], guard: Guard) -> Routes:
        routes = Routes(f"x-{re.sub('[^a-z0-9]', '-', plugin)}", tag=f"Plugin {plugin}")
        for number, route in enumerate(offered):
            routes.mount(_endpoint(plugin, route, number), self._handler(plugin, route, guard))
        return routes

    def _handler(
        self, plugin: str, route: PluginRoute, guard: Guard
    ) -> Callable[[Request, Mapping[str, str]], Awaitable[HTTPResponse]]:
        async def serve(request: Request, parameters: Mapping[str, str]) -> HTTPResponse:
            asked = PluginRequest(
                project_id=_project(request),
                method=request.method,
                path=_path(route.path, parameters),
                parameters=parameters,
                query={name: values[-1] for name, values in request.args.items() if values},
                headers={name: value for name, value in request.headers.items() if name not in _KEYS},
                body=await self._body(request),
                id=str(request.id),
            )
            return await _answer(guard, route, asked)

        return serve

    async def _body(self, request: Request) -> bytes:
        limit = self._settings.max_body_bytes
        if request.stream is not None:
            return await read_body(request, limit=limit, timeout=self._settings.request_read_timeout_seconds)
        if len(request.body) > limit:
            raise TooLarge(f"the body has more than {limit} bytes")
        return request.body


def _project(request: Request) -> str:
    caller: Caller | None = request.ctx.given.get(Caller)
    return caller.project_id if caller else ""


def _path(template: str, parameters: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda match: parameters[match[1]], template)


async def _answer(guard: Guard, route: PluginRoute, asked: PluginRequest) -> HTTPResponse:
    async def answering() -> HTTPResponse:
        return _response(await route.handler(asked))

    try:
        return await guard.call(answering, doing=f"{route.method} {route.path}")
    except TimeoutError as cause:
        raise PluginTimeout from cause
    # What it says is for the operator: its guard has noted it.
    except Exception as cause:
        raise PluginFailure from cause


def _response(given: object) -> HTTPResponse:
    if not isinstance(given, PluginResponse) or not isinstance(given.body, bytes | str):
        raise TypeError(f"a handler returned a {type(given).__name__}")
    if not isinstance(given.status, int) or not HTTPStatus.OK <= given.status <= 599:
        raise ValueError(f"a handler answered with status {given.status!r}")
    headers = {name: value for name, value in given.headers.items() if _is_theirs(name)}
    for name, value in [*headers.items(), ("Content-Type", given.content_type)]:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"a handler answered with a header {name[:50]!r} that cannot be sent")
    known = {name.lower() for name in headers}
    headers |= {name: value for name, value in _HARMLESS.items() if name.lower() not in known}
    return HTTPResponse(given.body, given.status, headers, given.content_type)


def _is_theirs(name: str) -> bool:
    return name.lower() not in _OURS and not name.lower().startswith("access-control-")


def _endpoint(plugin: str, route: PluginRoute, number: int) -> Endpoint:
    below = "" if route.path == "/" else _PARAMETER.sub(r"<\1:str>", route.path)
    words = re.findall("[a-z0-9]+", f"{plugin} {route.path}".lower())
    return Endpoint(
        method=route.method,
        path=f"/v1/x/{plugin}{below}",
        name="_".join(["x", route.method.lower(), *words, str(number)]),
        tag=f"Plugin {plugin}",
        access=_ACCESS[route.access],
        status=200,
        summary=route.summary.strip().rstrip("."),
        description=route.description.strip(),
        body=None,
        query=None,
        answer=None,
        media_type="application/json",
        parameters=tuple(_PARAMETER.findall(route.path)),
    )
