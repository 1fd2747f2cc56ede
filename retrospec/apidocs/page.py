"""The page that shows the OpenAPI document: whole as it is sent, without a script and without anything to load."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from html5tagger import Builder, Document, E

from retrospec.apidocs.fields import fields
from retrospec.apidocs.operation import Operation
from retrospec.apidocs.prose import inline, paragraphs

Json = Mapping[str, Any]

# A circle that turns back to its start.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M3 8a5 5 0 1 0 2-4M5 1v3h3' fill='none' stroke='%23c2410c' stroke-width='2' stroke-linecap='round'/%3E"
    "%3C/svg%3E"
)


def render(document: Json, *, address: str, style: str) -> str:
    """The page as HTML.

    Args:
        document: The OpenAPI document.
        address: Where the examples say that the server is.
        style: The style sheet; it stands in the page to the letter.
    """
    groups = _groups(document)
    title = f"{document['info']['title']} API"
    page = Document(title, lang="en", _viewport=True)
    page = page.link(rel="icon", href=_ICON).style(style)
    page = page.a("Skip to the content", href="#content", class_="skip")
    page = page.nav(*_index(document, title, groups), aria_label="Operations")
    return str(page.main(*_head(document, title), *_body(document, groups, address), id="content"))


def _groups(document: Json) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups[operation["tags"][0]].append(Operation(method.upper(), path, operation, document))
    return groups


def _index(document: Json, title: str, groups: Mapping[str, Sequence[Operation]]) -> Iterator[Builder]:
    yield E.a(title, E.span(document["info"]["version"], class_="version"), href="#content", class_="title")
    general = (("Keys", "#keys"), ("Errors", "#errors"), ("OpenAPI document", "/docs/openapi.json"))
    yield E.ul(*(E.li(E.a(words, href=href)) for words, href in general), class_="general")
    for tag, operations in groups.items():
        yield E.h2(tag)
        yield E.ul(*(E.li(operation.link()) for operation in operations))


def _head(document: Json, title: str) -> Iterator[Builder]:
    schemes = document["components"]["securitySchemes"].values()
    yield E.header(E.h1(title), paragraphs(document["info"]["description"]))
    yield E.section(
        E.h2("Keys"),
        E.table(
            E.tr(E.th("Where"), E.th("Name"), E.th("What it is")),
            *(E.tr(E.td(one["in"]), E.td(E.code(one["name"])), E.td(inline(one["description"]))) for one in schemes),
        ),
        id="keys",
        class_="general",
    )
    yield E.section(
        E.h2("Errors"),
        fields({"$ref": "/ErrorAnswer"}, document["components"]["schemas"]),
        E.table(E.tr(E.th("Status"), E.th("Code"), E.th("Meaning")), *_errors(document)),
        id="errors",
        class_="general",
    )


def _errors(document: Json) -> Iterator[Builder]:
    """The errors that operations refer to, by status."""
    named = {
        status: answer["$ref"].rpartition("/")[2]
        for item in document["paths"].values()
        for operation in item.values()
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    }
    for status, name in sorted(named.items()):
        error = document["components"]["responses"][name]
        example = error["content"]["application/json"]["example"]
        yield E.tr(
            E.td(E.code(status)),
            E.td(E.code(example["code"])),
            E.td(inline(error["description"])),
            id=f"error-{status}",
        )


def _body(document: Json, groups: Mapping[str, Sequence[Operation]], address: str) -> Iterator[Builder]:
    described = {tag["name"]: tag.get("description", "") for tag in document["tags"]}
    for tag, operations in groups.items():
        yield E.div(E.h2(tag), paragraphs(described[tag]), class_="tag")
        for operation in operations:
            yield operation.section(address)
