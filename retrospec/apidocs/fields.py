"""Schemas as lists of fields; structs within structs open on a click."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from html5tagger import Builder, E

from retrospec.apidocs.prose import inline, paragraphs
from retrospec.core.openapi_samples import ref_name, without_null

Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]

_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} entries",
    "pattern": "matches {}",
}


def fields(schema: Schema, schemas: Schemas, within: tuple[str, ...] = (), *, opened: bool = False) -> Builder:
    """What a schema says, and each of its fields.

    Args:
        schema: Of an object, or a reference to one.
        schemas: The document's components.
        within: Names of the structs that this one is shown in.
        opened: Whether the structs directly within it are open from the start.
    """
    name = ref_name(schema)
    whole = schemas[name] if name else schema
    required = whole.get("required", ())
    inside = (*within, name)
    items = [
        _item(field, part, field in required, part.get("description", ""), _nested(part, schemas, inside, opened))
        for field, part in whole.get("properties", {}).items()
    ]
    shown = paragraphs(whole.get("description", ""))
    return shown.ul(*items, class_="fields") if items else shown


def parameters(listed: Sequence[Schema]) -> Builder:
    """Path and query parameters, as the same kind of list."""
    return E.ul(
        *(_item(one["name"], one["schema"], one["required"], one["description"], None) for one in listed),
        class_="fields",
    )


def _item(name: str, schema: Schema, required: bool, said: str, nested: Builder | None) -> Builder:
    limits = [*_limits(schema)]
    return E.li(
        E.div(
            E.code(name, class_="name"),
            E.span(type_words(schema), class_="type"),
            E.span("required", class_="required") if required else None,
            class_="head",
        ),
        E.div(inline(said), class_="said") if said else None,
        E.div(inline(", ".join(limits)), class_="limits") if limits else None,
        nested,
    )


def _nested(schema: Schema, schemas: Schemas, within: tuple[str, ...], opened: bool) -> Builder | None:
    name = _struct(schema)
    if not name or name in within:
        return None
    return E.details(E.summary("Fields of ", E.code(name)), fields({"$ref": f"/{name}"}, schemas, within), open=opened)


def _struct(schema: Schema) -> str:
    """The struct that a field holds, one or many of."""
    inner = without_null(schema)
    for part in (inner, inner.get("items"), inner.get("additionalProperties")):
        if isinstance(part, Mapping) and ref_name(part):
            return ref_name(part)
    return ""


def type_words(schema: Schema) -> str:
    """The type of a value, in words: `array of Marker`, `string (date-time) or null`."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_words(option) for option in schema["anyOf"]))
    if name := ref_name(schema):
        return name
    if "enum" in schema:
        return "string" if all(isinstance(value, str) for value in schema["enum"]) else "value"
    kind = str(schema.get("type", "any JSON value"))
    if kind == "array" and schema.get("items"):
        return f"array of {type_words(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {type_words(schema['additionalProperties'])}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _limits(schema: Schema) -> Iterator[str]:
    inner = without_null(schema)
    if "enum" in inner:
        yield "one of " + " ".join(f"`{value}`" for value in inner["enum"] if value != "")
    for key, words in _LIMITS.items():
        if key in inner:
            yield words.format(f"{inner[key]:,}" if isinstance(inner[key], int | float) else f"`{inner[key]}`")
    if schema.get("default") not in (None, "", [], {}):
        default = schema["default"]
        yield f"default `{str(default).lower() if isinstance(default, bool) else default}`"
