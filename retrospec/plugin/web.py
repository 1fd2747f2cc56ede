"""Routes that a plugin adds under `/v1/x/{plugin}`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec


@dataclass(frozen=True, slots=True)
class PluginRequest:
    """A request as a plugin's handler gets it: admitted, read whole, inflated.

    Attributes:
        project_id: The project of the key; empty on an `admin` route. Touch nothing of another project.
        method: In capitals.
        path: Below `/v1/x/{plugin}`, decoded, e.g. `/boards/7`.
        parameters: What stands in the path for each `{name}`, decoded.
        query: The query's parameters, decoded; of one given twice the last.
        headers: By their names in lower case, without the server's own keys.
        body: At most `MAX_BODY_BYTES`, after inflation.
        id: Names the request in the log and in `X-Request-Id`.
    """

    project_id: str
    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    id: str


@dataclass(frozen=True, slots=True)
class PluginResponse:
    """What a handler answers.

    Attributes:
        body: The bytes, or a text that goes out in UTF-8.
        status: 200 to 599.
        content_type: Of the body.
        headers: Further ones. `Content-Length`, `Connection`, `Transfer-Encoding`, `Set-Cookie`, those of CORS and
            `X-Request-Id` are the server's, and left out.
    """

    body: bytes | str = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "PluginResponse":
        """Answer in JSON.

        Args:
            value: Anything that msgspec encodes: lists, dicts, dataclasses, times.
            status: Of the answer.
        """
        return cls(msgspec.json.encode(value), status)


RouteHandler = Callable[[PluginRequest], Awaitable[PluginResponse]]


@dataclass(frozen=True, slots=True)
class PluginRoute:
    """One route of a plugin.

    Attributes:
        method: `GET`, `POST`, `PATCH` or `DELETE`. What answers GET answers HEAD.
        path: Below `/v1/x/{plugin}`, e.g. `/boards/{board_id}`: letters, digits, `.`, `_`, `~`, `-`, and parameters.
        handler: Called with each request, many at once, in the plugin's own event loop, within
            `PLUGIN_TIMEOUT_SECONDS`.
        summary: One line for the documentation.
        description: More of it.
        access: Which key opens it: `project`, a project's, where one of scope `read` may only GET; `upload`, one of
            scope `ingest` too; `admin`, the operator's.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    handler: RouteHandler
    summary: str
    description: str = ""
    access: Literal["project", "upload", "admin"] = "project"
