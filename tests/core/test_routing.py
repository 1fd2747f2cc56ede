"""Routes made from signatures: what a handler asks for is what it gets, and what is documented."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

import httpx
import msgspec
import pytest
from sanic import Request

from retrospec.core.db import Database
from retrospec.core.routing import Access, Routes
from retrospec.core.settings import Settings
from tests.projects.serving import served


class Note(msgspec.Struct, rename="camel"):
    """A note."""

    some_text: str = "nothing"
    size: Annotated[int, msgspec.Meta(ge=1)] = 1


class Search(msgspec.Struct, rename="camel"):
    """What to look for."""

    min_size: Annotated[int, msgspec.Meta(ge=1, le=9)] = 3
    kind: Literal["", "a", "b"] = ""
    ratio: float = 0.5
    q: str = ""


class Answer(msgspec.Struct, rename="camel", omit_defaults=True):
    """What came of it."""

    said: str
    more_text: str = ""


class Voice:
    """A component."""

    def say(self, text: str) -> str:
        """Say it loud."""
        return text.upper()


def make_routes() -> Routes:
    routes = Routes("notes", tag="Notes")

    @routes.post("/notes/<name:str>", access=Access.PUBLIC, status=201)
    async def write_note(name: str, body: Note, voice: Voice) -> Answer:
        """Write a note.

        It is said
        aloud.
        """
        return Answer(voice.say(f"{name} {body.some_text} {body.size}"))

    @routes.get("/notes", access=Access.PUBLIC)
    async def find_notes(query: Search, request: Request) -> Answer:
        """Find notes."""
        return Answer(f"{query.min_size} {query.kind} {query.ratio} {query.q}", request.method)

    return routes


@pytest.fixture
def dialect() -> str:
    """No matter of the database."""
    return "sqlite"


@pytest.fixture
async def http(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with these routes."""
    settings = Settings(rate_limit_burst=0)
    async with served(database, settings, [make_routes()], {Voice: Voice()}) as server:
        yield server.client


async def test_a_handler_gets_path_body_and_components_and_its_answer_is_serialised(http: httpx.AsyncClient) -> None:
    answer = await http.post("/notes/a%2Fb%3Ac", json={"someText": "hello", "size": 2, "unknown": [1]})

    assert (answer.status_code, answer.json()) == (201, {"said": "A/B:C HELLO 2"})
    assert answer.headers["content-type"] == "application/json"


async def test_where_all_has_a_default_no_body_is_an_empty_object(http: httpx.AsyncClient) -> None:
    assert (await http.post("/notes/x")).json() == {"said": "X NOTHING 1"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "3  0.5 "),
        ("?minSize=9&kind=b&ratio=1e-1&q=a%20b+c", "9 b 0.1 a b c"),
        ("?minSize=&kind=&ratio=&q=", "3  0.5 "),
        ("?minSize=1&minSize=2", "2  0.5 "),
        ("?unknown=1", "3  0.5 "),
        ("?q=%C3%A4&q=", "3  0.5 ä"),
    ],
)
async def test_a_query_is_read_into_its_struct(http: httpx.AsyncClient, query: str, said: str) -> None:
    assert (await http.get(f"/notes{query}")).json() == {"said": said, "moreText": "GET"}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("minSize=0", "minSize"),
        ("minSize=10", "minSize"),
        ("minSize=1.5", "minSize"),
        ("minSize=x", "minSize"),
        ("kind=c", "kind"),
        ("ratio=x", "ratio"),
        ("ratio=NaN", "ratio"),
        ("ratio=Infinity", "ratio"),
    ],
)
async def test_a_wrong_parameter_is_named(http: httpx.AsyncClient, query: str, name: str) -> None:
    answer = await http.get(f"/notes?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["error"].startswith(f"query parameter {name}: ")
    assert answer.json()["detail"].startswith(name)


def test_an_endpoint_says_what_its_signature_says() -> None:
    write, find = make_routes().endpoints

    assert (write.method, write.path, write.name, write.status, write.tag) == (
        "POST",
        "/notes/<name:str>",
        "write_note",
        201,
        "Notes",
    )
    assert (write.summary, write.description) == ("Write a note", "It is said\naloud.")
    assert (write.body, write.query, write.answer, write.parameters) == (Note, None, Answer, ("name",))
    assert (write.components, write.takes_request) == ({"voice": Voice}, False)
    assert (find.body, find.query, find.takes_request, find.components) == (None, Search, True, {})
