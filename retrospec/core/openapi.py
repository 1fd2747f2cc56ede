"""The OpenAPI document, made of what the routes' signatures say.

The schemas come from the structs that decode requests and encode answers, so that what is documented is
what happens.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from retrospec.core import errors
from retrospec.core.http import ErrorAnswer
from retrospec.core.openapi_samples import Sampler
from retrospec.core.openapi_schemas import REFS, Json, Shapes
from retrospec.core.routing import Access, Endpoint

_PATH_PARAMETER = re.compile(r"<(\w+)(?::\w+)?>")
_FIRST_SENTENCE = re.compile(r"^[^.]*(?:\.(?!\s|$)[^.]*)*\.?\s*")
_STATUS = re.compile(r"\b[45]\d\d\b")
_ERRORS: Mapping[str, tuple[type[errors.RetrospecError], str]] = {
    "400": (errors.Invalid, "The request is not what this takes; the text names the field or parameter."),
    "401": (errors.Unauthorized, "The key is missing, unknown, revoked or expired."),
    "403": (errors.Forbidden, "The key does not allow this, or these endpoints are switched off."),
    "404": (errors.NotFound, "There is no such thing in this project."),
    "409": (errors.Conflict, "This contradicts what is already there."),
    "413": (errors.TooLarge, "The body is larger than this server takes."),
    "415": (errors.UnsupportedEncoding, "The body's `Content-Encoding` is not one that this server reads."),
    "416": (errors.RangeNotSatisfiable, "The range lies outside of the object."),
    "429": (errors.RateLimited, "Too many requests; `Retry-After` says when to come again."),
    "503": (errors.Unavailable, "A backing service is down; `Retry-After` says when to come again."),
}
_SECURITY: Mapping[str, Json] = {
    "projectKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Retrospec-Key",
        "description": "A project's API key. Without one a request belongs to the default project, where the setting "
        "`ANONYMOUS_ACCESS` allows that.",
    },
    "adminKey": {"type": "apiKey", "in": "header", "name": "X-Retrospec-Admin", "description": "`ADMIN_API_KEY`."},
    "internalKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Retrospec-Internal",
        "description": "`INTERNAL_API_KEY`, for workers.",
    },
    "artifactToken": {
        "type": "apiKey",
        "in": "query",
        "name": "artifactToken",
        "description": "A signed token for one artifact, for a while.",
    },
    "keyInQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "A project's API key, where a header cannot be set.",
    },
}
# An empty requirement means that none of them is needed.
_REQUIRED: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [],
    Access.ADMIN: [{"adminKey": []}],
    Access.INTERNAL: [{"internalKey": []}],
    Access.PROJECT: [{"projectKey": []}, {}],
    Access.UPLOAD: [{"projectKey": []}, {}],
    Access.ARTIFACT: [{"projectKey": []}, {"artifactToken": []}, {"keyInQuery": []}, {}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the document says beside what the routes say.

    Attributes:
        title: Of the API.
        version: Of the server.
        description: Paragraphs for the document's head.
        tags: Descriptions by tag.
        parameters: Descriptions of path parameters, by wire name.
        samples: Values for examples: by wire name, by struct and wire name, by struct, by the name of a handler.
    """

    title: str
    version: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[str, Any] = field(default_factory=dict)


def document(endpoints: Sequence[Endpoint], about: About) -> Json:
    """The OpenAPI 3.1 document of some routes, as JSON can hold it.

    Args:
        endpoints: What is documented, in this order.
        about: What else the document says.
    """
    shapes, sampler = _shapes(endpoints, about)
    paths: dict[str, Json] = {}
    for endpoint, name in zip(endpoints, _operation_ids(endpoints), strict=True):
        operation = _Operation(endpoint, name, shapes, sampler, about).describe()
        paths.setdefault(path_template(endpoint.path), {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": about.title,
            "version": about.version,
            "description": about.description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": tag, **({"description": about.tags[tag]} if tag in about.tags else {})}
            for tag in dict.fromkeys(endpoint.tag for endpoint in endpoints)
        ],
        "paths": paths,
        "components": {
            "schemas": _shown(shapes, endpoints),
            "responses": {_error_name(status): _error_answer(status) for status in _ERRORS},
            "securitySchemes": dict(_SECURITY),
        },
    }


def path_template(path: str) -> str:
    """A path of Sanic's in OpenAPI's notation: `/v1/sessions/<session_id:str>` is `/v1/sessions/{sessionId}`."""
    return _PATH_PARAMETER.sub(lambda match: f"{{{camel(match[1])}}}", path)


def camel(name: str) -> str:
    """A Python name as it stands on the wire."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _operation_ids(endpoints: Sequence[Endpoint]) -> list[str]:
    """The handlers' names; with their tag where two slices use the same one."""
    often = Counter(endpoint.name for endpoint in endpoints)
    return [
        camel(endpoint.name if often[endpoint.name] == 1 else f"{_word(endpoint.tag)}_{endpoint.name}")
        for endpoint in endpoints
    ]


def _word(tag: str) -> str:
    return re.sub(r"\W+", "_", tag.lower())


def _shapes(endpoints: Sequence[Endpoint], about: About) -> tuple[Shapes, Sampler]:
    named = (shape for endpoint in endpoints for shape in (endpoint.body, endpoint.answer, endpoint.query))
    shapes = Shapes([*filter(None, named), ErrorAnswer])
    return shapes, Sampler(shapes.components, about.samples)


def _shown(shapes: Shapes, endpoints: Iterable[Endpoint]) -> dict[str, Json]:
    """All schemas but those of queries: their fields stand with the operation, as its parameters."""
    queries = {shapes.name(endpoint.query) for endpoint in endpoints if endpoint.query}
    return {name: schema for name, schema in shapes.components.items() if name not in queries}


class _Operation:
    """One route."""

    def __init__(self, endpoint: Endpoint, name: str, shapes: Shapes, sampler: Sampler, about: About) -> None:
        self._endpoint = endpoint
        self._name = name
        self._shapes = shapes
        self._sampler = sampler
        self._about = about

    def describe(self) -> Json:
        """Its operation object. `x-scopes` names the scopes of project keys that may call it."""
        endpoint = self._endpoint
        described: Json = {"tags": [endpoint.tag], "operationId": self._name, "summary": endpoint.summary}
        if text := self._description():
            described["description"] = text
        if parameters := [*self._path_parameters(), *self._query_parameters()]:
            described["parameters"] = parameters
        if endpoint.body is not None:
            described["requestBody"] = self._body(endpoint.body)
        described["responses"] = {str(endpoint.status): self._good_answer(), **self._errors()}
        described["security"] = _REQUIRED[endpoint.access]
        if scopes := _scopes(endpoint):
            described["x-scopes"] = scopes
        return described

    def _description(self) -> str:
        """The handler's docstring, and what the query's says after its first sentence, which names the struct."""
        query = self._endpoint.query
        said: str = self._shapes.fields(query).get("description", "") if query else ""
        more = _FIRST_SENTENCE.sub("", said, count=1)
        return "\n\n".join(filter(None, (self._endpoint.description, more)))

    def _path_parameters(self) -> Iterable[Json]:
        for name in map(camel, self._endpoint.parameters):
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": self._about.parameters.get(name, ""),
                "schema": {"type": "string"},
                "example": self._sampler.sample({"type": "string"}, name),
            }

    def _query_parameters(self) -> Iterable[Json]:
        if self._endpoint.query is None:
            return
        shape = self._shapes.fields(self._endpoint.query)
        for name, field_schema in shape["properties"].items():
            schema = dict(field_schema)
            yield {
                "name": name,
                "in": "query",
                "required": name in shape.get("required", ()),
                "description": schema.pop("description", ""),
                "schema": schema,
                "example": self._sampler.sample(schema, name),
            }

    def _body(self, shape: type) -> Json:
        schema = self._shapes.of(shape)
        return {
            "required": bool(self._shapes.fields(shape).get("required")),
            "content": {"application/json": {"schema": schema, "example": self._sampler.sample(schema)}},
        }

    def _good_answer(self) -> Json:
        endpoint = self._endpoint
        if endpoint.answer is None:
            return {"description": "Done", **({} if endpoint.status == 204 else {"content": self._loose_content()})}
        said: str = self._shapes.fields(endpoint.answer).get("description", "")
        return {"description": said.partition("\n")[0] or "Done", "content": self._content(endpoint.answer)}

    def _content(self, shape: type, example: Any = None) -> Json:
        schema = self._shapes.of(shape)
        return {self._endpoint.media_type: {"schema": schema, "example": example or self._sampler.sample(schema)}}

    def _loose_content(self) -> Json:
        """Of an answer that no struct describes."""
        media_type = self._endpoint.media_type
        schema: Json = {"type": "object"} if media_type == "application/json" else {}
        if media_type.startswith("text/"):
            schema = {"type": "string"}
        example = self._about.samples.get(self._endpoint.name, {} if schema.get("type") == "object" else "…")
        return {media_type: {"schema": schema, "example": example}}

    def _errors(self) -> Json:
        found = {status: {"$ref": f"#/components/responses/{_error_name(status)}"} for status in self._error_statuses()}
        endpoint = self._endpoint
        if "503" in found and endpoint.access is Access.PUBLIC and endpoint.answer is not None:
            # Health says in its own shape that it is bad.
            content = self._content(endpoint.answer, self._about.samples.get(f"{endpoint.name}.503"))
            return {**found, "503": {"description": "It does not work", "content": content}}
        return dict(found)

    def _error_statuses(self) -> list[str]:
        """Those that follow from what the route takes, and those that its docstring names."""
        endpoint = self._endpoint
        statuses = set(_STATUS.findall(f"{endpoint.summary}\n{self._description()}")) & _ERRORS.keys()
        if endpoint.body is not None:
            statuses |= {"400", "413", "415"}
        if endpoint.query is not None or endpoint.parameters:
            statuses |= {"400"}
        if endpoint.parameters:
            statuses |= {"404"}
        if endpoint.access is not Access.PUBLIC:
            statuses |= {"401", "403", "429", "503"}
        return sorted(statuses)


def _scopes(endpoint: Endpoint) -> list[str]:
    if endpoint.access is Access.UPLOAD:
        return ["full", "ingest"]
    if endpoint.access in {Access.PROJECT, Access.ARTIFACT}:
        return ["full", "read"] if endpoint.method == "GET" else ["full"]
    return []


def _error_name(status: str) -> str:
    return _ERRORS[status][0].__name__


def _error_answer(status: str) -> Json:
    error, meaning = _ERRORS[status]
    example = ErrorAnswer(error.__doc__ or "", error.code, "7d4c3a52-9e0c-4b1d-8f59-2f6f5b0a1c11")
    answer: Json = {
        "description": meaning,
        "content": {
            "application/json": {
                "schema": {"$ref": REFS.format(name=ErrorAnswer.__name__)},
                "example": msgspec.to_builtins(example),
            }
        },
    }
    if status in {"429", "503"}:
        answer["headers"] = {
            "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
        }
    return answer
