"""Routes made from signatures: what a handler takes and returns is what is read, written and documented.

A handler names what it needs: path parameters by their names, `body` and `query` as msgspec structs, and
anything else by its type: what the application was composed of (`app.ctx.components`), or what a
middleware found out about the request (`request.ctx.given`).
"""

import inspect
import math
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from retrospec.core.body import read_body
from retrospec.core.errors import Invalid
from retrospec.core.http import answer
from retrospec.core.ijson import decode
from retrospec.core.settings import Settings

Handler = Callable[..., Awaitable[Any]]
Wrapped = TypeVar("Wrapped", bound=Handler)
_PARAMETER = re.compile(r"<(\w+)(?::\w+)?>")
# Few shapes, and asked for by every request with a query.
_fields = cache(msgspec.structs.fields)


class Access(Enum):
    """Who may call a route."""

    PUBLIC = "public"
    ADMIN = "admin"
    INTERNAL = "internal"
    # With a project's key; reading or writing by the method.
    PROJECT = "project"
    # As PROJECT, and open to keys of scope `ingest`.
    UPLOAD = "upload"
    # As PROJECT, with `?key=` accepted and artifact tokens checked by the handler.
    ARTIFACT = "artifact"


# Equal to itself only: Sanic hashes what a route carries, and a dict in it cannot be hashed.
@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """What is known of a route: enough to authenticate, to read, and to document it."""

    method: str
    path: str
    name: str
    tag: str
    access: Access
    status: int
    summary: str
    description: str
    body: type | None
    query: type | None
    answer: type | None
    media_type: str
    parameters: tuple[str, ...]
    components: dict[str, type] = field(default_factory=dict)
    takes_request: bool = False


class Routes:
    """The routes of a slice."""

    def __init__(self, name: str, *, tag: str) -> None:
        self.blueprint = Blueprint(name)
        self.endpoints: list[Endpoint] = []
        self._tag = tag

    def get(self, path: str, **options: Any) -> Callable[[Wrapped], Wrapped]:
        """Answer GET on a path; options as for `_add`."""
        return self._add("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[Wrapped], Wrapped]:
        """Answer POST on a path; options as for `_add`."""
        return self._add("POST", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[Wrapped], Wrapped]:
        """Answer PATCH on a path; options as for `_add`."""
        return self._add("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[Wrapped], Wrapped]:
        """Answer DELETE on a path; options as for `_add`."""
        return self._add("DELETE", path, **options)

    def mount(
        self, endpoint: Endpoint, handler: Callable[[Request, Mapping[str, str]], Awaitable[HTTPResponse]]
    ) -> None:
        """Register a route that somebody else describes, with a handler that reads and answers by itself.

        Args:
            endpoint: The description.
            handler: Is given the request, its body not yet read, and the path's parameters.
        """

        async def serve(request: Request, **parameters: str) -> HTTPResponse:
            return await handler(request, parameters)

        self.endpoints.append(endpoint)
        self._route(serve, endpoint)

    def _route(self, serve: Callable[..., Coroutine[Any, Any, HTTPResponse | None]], endpoint: Endpoint) -> None:
        method = endpoint.method
        self.blueprint.add_route(
            serve,
            endpoint.path,
            # Whoever watches a server may ask without wanting the answer's body; Sanic leaves it out.
            methods=["GET", "HEAD"] if method == "GET" else [method],
            name=endpoint.name,
            stream=method in {"POST", "PATCH"},
            unquote=True,
            ctx_endpoint=endpoint,
        )

    def _add(
        self,
        method: str,
        path: str,
        *,
        access: Access = Access.PROJECT,
        status: int = 200,
        produces: type | None = None,
        reads: type | None = None,
        media_type: str = "application/json",
    ) -> Callable[[Wrapped], Wrapped]:
        """Register a handler.

        Args:
            method: In capitals.
            path: In Sanic's notation.
            access: Who may call it.
            status: Of a good answer.
            produces: Shape of the answer, for handlers that write the response themselves.
            reads: Shape of the body, for handlers that read it themselves.
            media_type: Of the answer.
        """

        def register(handler: Wrapped) -> Wrapped:
            endpoint = _describe(
                handler,
                method=method,
                path=path,
                tag=self._tag,
                access=access,
                status=status,
                produces=produces,
                reads=reads,
                media_type=media_type,
            )
            self.endpoints.append(endpoint)
            self._route(_serve(handler, endpoint, reads is not None), endpoint)
            return handler

        return register


def _describe(
    handler: Handler,
    *,
    method: str,
    path: str,
    tag: str,
    access: Access,
    status: int,
    produces: type | None,
    reads: type | None,
    media_type: str,
) -> Endpoint:
    hints = get_type_hints(handler)
    returned = hints.pop("return", None)
    parameters = tuple(_PARAMETER.findall(path))
    summary, _, description = (inspect.getdoc(handler) or "").partition("\n")
    special = {"request", "body", "query", *parameters}
    return Endpoint(
        method=method,
        path=path,
        name=handler.__name__,
        tag=tag,
        access=access,
        status=status,
        summary=summary.rstrip("."),
        description=description.strip(),
        body=reads or hints.get("body"),
        query=hints.get("query"),
        answer=produces or (returned if isinstance(returned, type) and issubclass(returned, msgspec.Struct) else None),
        media_type=media_type,
        parameters=parameters,
        components={name: kind for name, kind in hints.items() if name not in special},
        takes_request="request" in hints,
    )


def _serve(
    handler: Handler, endpoint: Endpoint, reads_itself: bool
) -> Callable[..., Coroutine[Any, Any, HTTPResponse | None]]:
    decoded_body = None if reads_itself else endpoint.body

    async def serve(request: Request, **path: str) -> HTTPResponse | None:
        taken: dict[str, Any] = path
        if endpoint.takes_request:
            taken["request"] = request
        if endpoint.query is not None:
            taken["query"] = read_query(request, endpoint.query)
        if decoded_body is not None:
            taken["body"] = await _read(request, decoded_body)
        elif not reads_itself and request.stream is not None:
            # Nobody asks what it says, but what is not read would be taken for the next request.
            await _read_bytes(request)
        given, composed = request.ctx.given, request.app.ctx.components
        for name, kind in endpoint.components.items():
            taken[name] = given[kind] if kind in given else composed[kind]
        result = await handler(**taken)
        if result is None or isinstance(result, HTTPResponse):
            return result
        return answer(result, endpoint.status)

    return serve


async def _read(request: Request, shape: type) -> Any:
    # Where every field has a default, no body says the same as an empty object.
    return decode(await _read_bytes(request) or b"{}", shape)


async def _read_bytes(request: Request) -> bytes:
    settings: Settings = request.app.ctx.components[Settings]
    return await read_body(request, limit=settings.max_body_bytes, timeout=settings.request_read_timeout_seconds)


def read_query(request: Request, shape: type) -> Any:
    """Read the query's parameters into a struct. An empty one counts as absent.

    Raises:
        Invalid: Names the parameter.
    """
    given = {name: values[-1] for name, values in request.args.items() if values}
    try:
        query: Any = msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as mistake:
        said, _, place = str(mistake).partition(" - at `$.")
        name = place.rstrip("`")
        raise Invalid(f"query parameter {name or '?'}: {said}{_allowed(shape, name)}", detail=name) from mistake
    for parameter in _fields(shape):
        value, name = getattr(query, parameter.name), parameter.encode_name
        # Neither below nor above any limit, so msgspec lets it pass.
        if isinstance(value, float) and not math.isfinite(value):
            raise Invalid(f"query parameter {name}: Expected a finite number", detail=name)
    return query


def _allowed(shape: type, name: str) -> str:
    """The values that a parameter may have, where they are few."""
    wire_name = {field.encode_name: field for field in _fields(shape)}
    kinds = [kind for field in [wire_name.get(name)] if field for kind in (field.type, *get_args(field.type))]
    values = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind) if value]
    return f"; allowed are {', '.join(map(str, values))}" if values else ""
