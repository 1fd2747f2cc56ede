"""One operation of the API as a section of the page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from html5tagger import Builder, E

from retrospec.apidocs.curl import curl
from retrospec.apidocs.fields import fields, parameters
from retrospec.apidocs.prose import json_block, paragraphs
from retrospec.core.openapi_samples import ref_name

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation object, and where it stands in its document."""

    method: str
    path: str
    object: Json
    document: Json

    @property
    def id(self) -> str:
        """Its place on the page."""
        return str(self.object["operationId"])

    @property
    def _schemas(self) -> Json:
        schemas: Json = self.document["components"]["schemas"]
        return schemas

    def link(self) -> Builder:
        """Its line in the index."""
        return E.a(
            badge(self.method),
            E.span(*_breakable(self.path), class_="path"),
            href=f"#{self.id}",
            title=self.object["summary"],
        )

    def section(self, address: str) -> Builder:
        """Everything about it. `address` is where its example says that the server is."""
        words = E.div(
            E.h3(E.a(self.object["summary"], href=f"#{self.id}")),
            E.div(badge(self.method), E.code(*_marked_path(self.path), class_="path"), class_="endpoint"),
            paragraphs(self.object.get("description", "")),
            self._keys(),
            *self._taken(),
            *self._given(),
            class_="words",
        )
        return E.section(words, E.div(*self._examples(address), class_="examples"), class_="operation", id=self.id)

    def _keys(self) -> Builder:
        schemes = self.document["components"]["securitySchemes"]
        named = [schemes[name] for one in self.object["security"] for name in one]
        if not named:
            return E.div(E.span("open to all", class_="chip open"), class_="chips")
        chips = [
            E.span(E.code(scheme["name"] if scheme["in"] == "header" else f"?{scheme['name']}="), class_="chip key")
            for scheme in named
        ]
        scopes = [E.span("scope ", E.code(scope), class_="chip") for scope in self.object.get("x-scopes", ())]
        return E.div(*chips, *scopes, class_="chips")

    def _taken(self) -> Iterator[Builder]:
        listed = self.object.get("parameters", ())
        for place, title in (("path", "In the path"), ("query", "In the query")):
            if found := [one for one in listed if one["in"] == place]:
                yield E.h4(title)
                yield parameters(found)
        for media_type, content in self.object.get("requestBody", {}).get("content", {}).items():
            yield E.details(
                E.summary("Body ", E.code(ref_name(content["schema"])), E.span(media_type, class_="media")),
                fields(content["schema"], self._schemas, opened=True),
                open=True,
            )

    def _given(self) -> Iterator[Builder]:
        refused = []
        for status, answer in self.object["responses"].items():
            if "$ref" in answer:
                refused.append(E.a(E.code(status), href=f"#error-{status}", class_="chip"))
                continue
            yield from self._answer(status, answer)
        if refused:
            yield E.h4("May be refused with")
            yield E.div(*refused, class_="chips")

    def _answer(self, status: str, answer: Json) -> Iterator[Builder]:
        for media_type, content in answer.get("content", {"": {"schema": {}}}).items():
            name = ref_name(content["schema"])
            summary = E.summary(
                "Answer ", E.code(status), E.code(name) if name else None, E.span(media_type, class_="media")
            )
            inside = fields(content["schema"], self._schemas) if name else E.p(answer["description"])
            yield E.details(summary, inside)

    def _examples(self, address: str) -> Iterator[Builder]:
        schemes = self.document["components"]["securitySchemes"]
        command = curl(address, self.method, self.path, self.object, schemes)
        yield E.figure(E.figcaption("Request"), E.pre(E.code(command), tabindex="0"))
        status, answer = next(iter(self.object["responses"].items()))
        for content in answer.get("content", {}).values():
            example = content["example"]
            block = E.pre(E.code(example)) if isinstance(example, str) else json_block(example)
            yield E.figure(E.figcaption("Answer ", E.span(status, class_="status")), block)


def badge(method: str) -> Builder:
    """A method, to be coloured by the style sheet."""
    return E.span(method, class_=f"method {method.lower()}")


def _marked_path(path: str) -> Iterator[Builder | str]:
    for number, part in enumerate(re.split(r"(\{\w+\})", path)):
        yield E.span(part, class_="parameter") if number % 2 else part


def _breakable(path: str) -> Iterator[Builder | str]:
    """A path that a narrow column may break before its slashes."""
    for part in re.split(r"(?<=.)(?=/)", path):
        yield E.wbr
        yield part
