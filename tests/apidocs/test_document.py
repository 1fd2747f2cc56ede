"""The document of the whole server, against the server."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import validate

from retrospec.apidocs.routes import ApiDocument
from retrospec.apidocs.vocabulary import ABOUT
from retrospec.app import SLICES, endpoints, make_app
from retrospec.core.openapi import path_template
from retrospec.core.routing import Endpoint
from tests.client import ADMIN, INTERNAL, Client

Json = dict[str, Any]
CONTRACT = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /docs",
    "GET /docs/openapi.json",
    "POST /v1/admin/projects",
    "GET /v1/admin/projects",
    "GET /v1/admin/projects/{}",
    "PATCH /v1/admin/projects/{}",
    "DELETE /v1/admin/projects/{}",
    "POST /v1/admin/projects/{}/keys",
    "GET /v1/admin/projects/{}/keys",
    "POST /v1/admin/projects/{}/keys/{}/revoke",
    "GET /v1/admin/queue-health",
    "GET /v1/admin/queue-dead-letters",
    "POST /v1/admin/queue-dead-letters/purge",
    "POST /v1/admin/queue-redrive",
    "POST /v1/artifacts/session-events",
    "POST /v1/ingest/session",
    "POST /v1/issues/promote",
    "GET /v1/issues",
    "GET /v1/issues/{}",
    "GET /v1/issues/{}/sessions",
    "POST /v1/issues/{}/state",
    "POST /v1/issues/{}/feedback",
    "GET /v1/issues/{}/feedback",
    "POST /v1/issues/merge",
    "POST /v1/issues/{}/split",
    "GET /v1/issues/stats",
    "GET /v1/sessions/{}",
    "GET /v1/sessions/{}/events",
    "GET /v1/sessions/{}/artifacts/{}/token",
    "GET /v1/sessions/{}/artifacts/{}",
    "DELETE /v1/sessions/{}",
    "POST /v1/internal/replay-results",
    "POST /v1/internal/analysis-reports",
    "POST /v1/maintenance/cleanup",
}
ENDPOINTS = endpoints()


@pytest.fixture(scope="module")
def made() -> Json:
    decoded: Json = msgspec.json.decode(ApiDocument(ENDPOINTS).openapi)
    return decoded


def operations(made: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in made["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def contents(made: Json) -> Iterator[tuple[str, Json]]:
    """Every body and answer, with the name of its operation."""
    for method, path, operation in operations(made):
        answers = [*operation["responses"].values(), operation.get("requestBody", {})]
        for answer in answers:
            for content in answer.get("content", {}).values():
                yield f"{method} {path}", content
    for name, answer in made["components"]["responses"].items():
        yield name, answer["content"]["application/json"]


def test_the_document_is_valid_openapi(made: Json) -> None:
    validate(made)


def test_every_endpoint_of_the_contract_is_documented(made: Json) -> None:
    names = {
        part: "{}" for endpoint in ENDPOINTS for part in (path_template(f"<{n}:str>") for n in endpoint.parameters)
    }
    documented = set()
    for method, path, _ in operations(made):
        for name, blank in names.items():
            path = path.replace(name, blank)  # noqa: PLW2901
        documented.add(f"{method} {path}")

    assert CONTRACT - documented == set()


async def test_what_is_routed_is_documented_and_what_is_documented_is_routed(client: Client) -> None:
    app = make_app(client.listening.server)
    routed = {
        (method, path_template(f"/{route.path}"))
        for route in app.router.routes
        for method in route.methods
        if method not in {"OPTIONS", "HEAD"}
    }

    served = await client.get("/docs/openapi.json", 200)

    assert {(method, path) for method, path, _ in operations(served)} == routed


async def test_the_examples_are_answered_as_the_document_says(client: Client) -> None:
    key = (await client.project()).key
    headers = {"X-Retrospec-Key": key, "X-Retrospec-Admin": ADMIN, "X-Retrospec-Internal": INTERNAL}
    served = await client.get("/docs/openapi.json", 200)

    odd = {}
    for method, path, operation in operations(served):
        url, query = path, {}
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                url = url.replace(f"{{{parameter['name']}}}", parameter["example"])
            elif parameter["required"]:
                query[parameter["name"]] = parameter["example"]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        answer = await client.http.request(method, url, params=query, json=body, headers=headers)
        if str(answer.status_code) not in operation["responses"] or "there is nothing at this path" in answer.text:
            odd[f"{method} {path}"] = f"{answer.status_code} {answer.text[:300]}"

    assert odd == {}


def test_every_operation_has_words_an_example_and_a_described_tag(made: Json) -> None:
    described = {tag["name"] for tag in made["tags"] if tag.get("description")}

    for method, path, operation in operations(made):
        name = f"{method} {path}"
        assert operation["summary"], name
        assert set(operation["tags"]) <= described, name
        for parameter in operation.get("parameters", ()):
            assert parameter["example"] not in ("", None), f"{name} {parameter['name']}"
            assert parameter["in"] == "query" or parameter["description"], f"{name} {parameter['name']}"
    assert [name for name, content in contents(made) if "example" not in content] == []


def test_every_schema_says_what_it_is(made: Json) -> None:
    assert [name for name, schema in made["components"]["schemas"].items() if not schema.get("description")] == []


def test_every_example_fits_its_schema(made: Json) -> None:
    wrong = [
        f"{name}: {error.json_path} {error.message}"
        for name, content in contents(made)
        for error in OAS31Validator(
            {**content["schema"], "components": made["components"]}, format_checker=oas31_format_checker
        ).iter_errors(content["example"])
    ]

    assert wrong == []


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.body], ids=lambda e: f"{e.method} {e.path}")
def test_what_the_example_shows_is_what_decodes(made: Json, endpoint: Endpoint) -> None:
    operation = made["paths"][path_template(endpoint.path)][endpoint.method.lower()]
    example = operation["requestBody"]["content"]["application/json"]["example"]

    assert endpoint.body is not None
    msgspec.json.decode(msgspec.json.encode(example), type=endpoint.body)


def test_every_word_of_the_vocabulary_is_about_something_that_is_there(made: Json) -> None:
    fields = {(name, field) for name, schema in made["components"]["schemas"].items() for field in schema["properties"]}
    parameters = [one for _, _, operation in operations(made) for one in operation.get("parameters", ())]
    plain = {field for _, field in fields} | {field.removesuffix("s") for _, field in fields}
    known = {f"{name}.{field}" for name, field in fields} | plain | {one["name"] for one in parameters}
    handlers = {name for endpoint in ENDPOINTS for name in (endpoint.name, f"{endpoint.name}.503")}

    assert set(ABOUT.samples) - known - handlers - set(made["components"]["schemas"]) == set()
    assert set(ABOUT.tags) == {endpoint.tag for endpoint in ENDPOINTS}
    assert set(ABOUT.parameters) == {one["name"] for one in parameters if one["in"] == "path"}


def test_operations_are_told_apart_by_their_ids(made: Json) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(made)]

    assert len(ids) == len(set(ids)) == len(ENDPOINTS) == sum(len(routes.endpoints) for routes in SLICES)
