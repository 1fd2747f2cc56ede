"""The OpenAPI document of some made-up routes."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta
from openapi_spec_validator import validate

from retrospec.core.openapi import About, document, path_template
from retrospec.core.routing import Access, Routes


class Wheel(msgspec.Struct, rename="camel", omit_defaults=True):
    """A wheel.

    Round, mostly.
    """

    wheel_size: Annotated[int, Meta(ge=10, le=30, description="Inches")]
    made_at: datetime
    made_on: date | None = None
    bigger: "Wheel | None" = None
    facts: dict[str, object] = {}


class Bicycle(msgspec.Struct, rename="camel"):
    """A bicycle."""

    owner_name: str
    wheels: list[Wheel]
    load: Annotated[msgspec.Raw, Meta(description="Anything")]
    kind: Literal["", "city", "race"] = "city"


class Optional(msgspec.Struct):
    """A body that may be left out."""

    note: str | None = None


class Search(msgspec.Struct, rename="camel"):
    """Which bicycles to show. `maxAge` counts in years."""

    kind: Literal["", "city", "race"] = ""
    max_age: Annotated[int, Meta(ge=0, le=99, description="At the most")] = 7
    owner_name: str | msgspec.UnsetType = msgspec.UNSET


class Health(msgspec.Struct):
    """Whether it rolls."""

    rolls: bool


toys = Routes("toys", tag="Toys")
repairs = Routes("repairs", tag="Bicycle repairs")


@toys.get("/v1/bicycles")
async def list_bicycles(query: Search) -> Bicycle:
    """List bicycles."""
    raise NotImplementedError


@toys.post("/v1/bicycles/<owner_name:str>/wheels/<wheel_no:int>", status=201)
async def change(owner_name: str, wheel_no: str, body: Bicycle) -> Wheel:
    """Change a wheel.

    Answers 409 while it turns. In 2024 there were none.
    """
    raise NotImplementedError


@repairs.post("/v1/admin/repairs", access=Access.ADMIN, status=204)
async def change_all(body: Optional) -> None:
    """Repair everything."""


def _of_another_module() -> None:
    @repairs.post("/v1/uploads", access=Access.UPLOAD)
    async def change(body: Optional) -> Health:
        """Upload."""
        raise NotImplementedError


_of_another_module()


@repairs.get("/v1/pictures/<owner_name:str>", access=Access.ARTIFACT, media_type="image/png")
async def show_picture(owner_name: str) -> None:
    """Show a picture."""


@repairs.get("/health", access=Access.PUBLIC, produces=Health)
async def health() -> None:
    """Tell whether it rolls. Else 503."""


ABOUT = About(
    title="Toys",
    version="1.2.3",
    tags={"Toys": "To play with."},
    parameters={"ownerName": "Who has it."},
    samples={
        "ownerName": "Anna",
        "Bicycle.load": ["bread"],
        "kind": "no such kind",
        "show_picture": "(a picture)",
        "health.503": {"rolls": False},
    },
)


@pytest.fixture
def made() -> dict[str, Any]:
    made = document((*toys.endpoints, *repairs.endpoints), ABOUT)
    # As a client sees it: through JSON.
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return decoded


def operation(made: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = made["paths"][path][method]
    return found


def test_the_document_is_valid_openapi(made: dict[str, Any]) -> None:
    validate(made)
    assert made["openapi"] == "3.1.0"


def test_paths_are_named_as_on_the_wire() -> None:
    assert path_template("/v1/a/<cluster_key:str>/b/<plain>") == "/v1/a/{clusterKey}/b/{plain}"


def test_every_route_is_an_operation(made: dict[str, Any]) -> None:
    assert {(method, path) for path, item in made["paths"].items() for method in item} == {
        ("get", "/v1/bicycles"),
        ("post", "/v1/bicycles/{ownerName}/wheels/{wheelNo}"),
        ("post", "/v1/admin/repairs"),
        ("post", "/v1/uploads"),
        ("get", "/v1/pictures/{ownerName}"),
        ("get", "/health"),
    }


def test_handlers_of_one_name_get_different_ids(made: dict[str, Any]) -> None:
    ids = [operation["operationId"] for item in made["paths"].values() for operation in item.values()]
    assert ids == ["listBicycles", "toysChange", "changeAll", "bicycleRepairsChange", "showPicture", "health"]


def test_docstrings_are_the_words(made: dict[str, Any]) -> None:
    change_wheel = operation(made, "post", "/v1/bicycles/{ownerName}/wheels/{wheelNo}")
    assert change_wheel["summary"] == "Change a wheel"
    assert change_wheel["description"] == "Answers 409 while it turns. In 2024 there were none."
    # The first sentence of a query names the struct; the others explain its fields.
    assert operation(made, "get", "/v1/bicycles")["description"] == "`maxAge` counts in years."
    assert made["components"]["schemas"]["Wheel"]["description"] == "A wheel.\n\nRound, mostly."
    assert made["tags"] == [{"name": "Toys", "description": "To play with."}, {"name": "Bicycle repairs"}]


def test_the_fields_of_a_query_are_parameters(made: dict[str, Any]) -> None:
    assert operation(made, "get", "/v1/bicycles")["parameters"] == [
        {
            "name": "kind",
            "in": "query",
            "required": False,
            "description": "",
            "schema": {"enum": ["", "city", "race"], "default": ""},
            "example": "city",
        },
        {
            "name": "maxAge",
            "in": "query",
            "required": False,
            "description": "At the most",
            "schema": {"type": "integer", "minimum": 0, "maximum": 99, "default": 7},
            "example": 7,
        },
        {
            "name": "ownerName",
            "in": "query",
            "required": False,
            "description": "",
            "schema": {"type": "string"},
            "example": "Anna",
        },
    ]
    assert "Search" not in made["components"]["schemas"]


def test_path_parameters_are_described_and_required(made: dict[str, Any]) -> None:
    owner, wheel = operation(made, "post", "/v1/bicycles/{ownerName}/wheels/{wheelNo}")["parameters"]
    assert (owner["name"], owner["in"], owner["required"]) == ("ownerName", "path", True)
    assert (owner["description"], owner["example"]) == ("Who has it.", "Anna")
    assert wheel["name"] == "wheelNo"


def test_a_body_is_required_when_one_of_its_fields_is(made: dict[str, Any]) -> None:
    body = operation(made, "post", "/v1/bicycles/{ownerName}/wheels/{wheelNo}")["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Bicycle"}
    assert operation(made, "post", "/v1/admin/repairs")["requestBody"]["required"] is False


def test_examples_fit_what_decodes_them(made: dict[str, Any]) -> None:
    body = operation(made, "post", "/v1/bicycles/{ownerName}/wheels/{wheelNo}")["requestBody"]
    example = body["content"]["application/json"]["example"]

    assert example["ownerName"] == "Anna"
    assert example["load"] == ["bread"]
    assert example["kind"] == "city"
    # A wheel within a wheel would never end.
    assert "bigger" not in example["wheels"][0]
    decoded = msgspec.convert(example["wheels"], list[Wheel])
    assert decoded[0].wheel_size == 10
    assert decoded[0].made_at.tzinfo is not None
    assert decoded[0].made_on == date(2026, 3, 4)


def test_times_are_said_to_be_times(made: dict[str, Any]) -> None:
    properties = made["components"]["schemas"]["Wheel"]["properties"]
    assert properties["madeAt"] == {"type": "string", "format": "date-time"}
    assert properties["wheelSize"] == {"type": "integer", "minimum": 10, "maximum": 30, "description": "Inches"}


def test_the_good_answer_has_its_status_and_type(made: dict[str, Any]) -> None:
    answers = operation(made, "post", "/v1/bicycles/{ownerName}/wheels/{wheelNo}")["responses"]
    assert answers["201"]["description"] == "A wheel."
    assert answers["201"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Wheel"}
    assert "content" not in operation(made, "post", "/v1/admin/repairs")["responses"]["204"]
    picture = operation(made, "get", "/v1/pictures/{ownerName}")["responses"]["200"]
    assert picture["content"] == {"image/png": {"schema": {}, "example": "(a picture)"}}


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/v1/bicycles", {"200", "400", "401", "403", "429", "503"}),
        (
            "post",
            "/v1/bicycles/{ownerName}/wheels/{wheelNo}",
            {"201", "400", "401", "403", "404", "409", "413", "415", "429", "503"},
        ),
        ("post", "/v1/admin/repairs", {"204", "400", "401", "403", "413", "415", "429", "503"}),
        ("get", "/health", {"200", "503"}),
    ],
)
def test_errors_follow_from_what_is_taken_and_what_is_written(
    made: dict[str, Any], method: str, path: str, statuses: set[str]
) -> None:
    assert set(operation(made, method, path)["responses"]) == statuses


def test_an_error_says_its_code_and_when_to_come_again(made: dict[str, Any]) -> None:
    refused = operation(made, "get", "/v1/bicycles")["responses"]["429"]
    assert refused == {"$ref": "#/components/responses/RateLimited"}
    error = made["components"]["responses"]["RateLimited"]
    assert error["content"]["application/json"]["example"]["code"] == "rate_limited"
    assert "Retry-After" in error["headers"]


def test_health_answers_in_its_own_shape_when_it_is_bad(made: dict[str, Any]) -> None:
    bad = operation(made, "get", "/health")["responses"]["503"]["content"]["application/json"]
    assert bad == {"schema": {"$ref": "#/components/schemas/Health"}, "example": {"rolls": False}}


@pytest.mark.parametrize(
    ("method", "path", "security", "scopes"),
    [
        ("get", "/v1/bicycles", [{"projectKey": []}, {}], ["full", "read"]),
        ("post", "/v1/admin/repairs", [{"adminKey": []}], None),
        ("post", "/v1/uploads", [{"projectKey": []}, {}], ["full", "ingest"]),
        (
            "get",
            "/v1/pictures/{ownerName}",
            [{"projectKey": []}, {"artifactToken": []}, {"keyInQuery": []}, {}],
            ["full", "read"],
        ),
        ("get", "/health", [], None),
    ],
)
def test_each_operation_says_which_key_opens_it(
    made: dict[str, Any], method: str, path: str, security: list[Any], scopes: list[str] | None
) -> None:
    found = operation(made, method, path)
    assert found["security"] == security
    assert found.get("x-scopes") == scopes
