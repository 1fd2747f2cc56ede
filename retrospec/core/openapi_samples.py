"""Examples for the OpenAPI document: a value that fits a schema and looks like what is really sent."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_BY_FORMAT = {
    "date-time": "2026-03-04T09:30:00Z",
    "date": "2026-03-04",
    "uuid": "6f1c1a0e-5f0b-4b8e-9a52-0d9b6b1b7c11",
    "uri": "https://shop.example/",
}


def resolve(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """The schema that a `$ref` points to, or the schema itself.

    Args:
        schema: Any.
        schemas: The document's components, by name.
    """
    return schemas[ref_name(schema)] if "$ref" in schema else schema


def ref_name(schema: Schema) -> str:
    """The name of the component that a schema refers to; empty when it refers to none."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def without_null(schema: Schema) -> Schema:
    """What a schema allows beside null: the one alternative, or the union of those that are left."""
    if "anyOf" not in schema:
        return schema
    left = [option for option in schema["anyOf"] if option.get("type") != "null"]
    around = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**around, **left[0]} if len(left) == 1 else {**around, "anyOf": left}


class Sampler:
    """Makes examples.

    A struct is what the vocabulary has for its name. Of anything else the first of these that fits is taken: what the
    vocabulary has for `Struct.field`, the schema's default unless it is empty, what the vocabulary has for `field`, the
    schema's own example, the first of its values that is not empty, something of its type.
    """

    def __init__(self, schemas: Mapping[str, Schema], vocabulary: Mapping[str, Any]) -> None:
        """Take what examples are made of.

        Args:
            schemas: The document's components, by name.
            vocabulary: Values by wire name (`sessionId`), by struct and wire name (`Marker.id`), or by struct.
        """
        self._schemas = schemas
        self._vocabulary = vocabulary

    def sample(self, schema: Schema, name: str = "") -> Any:
        """A value that fits a schema.

        Args:
            schema: What it must fit.
            name: What the value is called on the wire, where it has a name.
        """
        return self._value(schema, [name], ())

    def _value(self, schema: Schema, names: list[str], within: tuple[str, ...]) -> Any:
        schema = without_null(schema)
        if ref := ref_name(schema):
            if ref in self._vocabulary:
                return self._vocabulary[ref]
            # A struct within itself ends here: its optional fields are left out below.
            return {} if ref in within else self._object(ref, self._schemas[ref], (*within, ref))
        for value in self._ready(schema, names):
            if fits(value, schema):
                return value
        if "anyOf" in schema:
            return self._value(schema["anyOf"][0], names, within)
        if "enum" in schema:
            return next((value for value in schema["enum"] if value != ""), "")
        return self._of_type(schema, names, within)

    def _ready(self, schema: Schema, names: list[str]) -> Iterator[Any]:
        *precise, plain = names
        yield from (self._vocabulary[name] for name in precise if name in self._vocabulary)
        if schema.get("default") not in (None, "", [], {}):
            yield schema["default"]
        if plain in self._vocabulary:
            yield self._vocabulary[plain]
        yield from schema.get("examples", ())
        if "const" in schema:
            yield schema["const"]

    def _of_type(self, schema: Schema, names: list[str], within: tuple[str, ...]) -> Any:
        kind = schema.get("type")
        if kind == "object":
            return self._object("", schema, within)
        if kind == "array":
            items = schema.get("items")
            return [self._value(items, [name.removesuffix("s") for name in names], within)] if items else []
        if kind in {"integer", "number"}:
            least, most = schema.get("minimum", 1), schema.get("maximum", 2**53)
            return min(max(least, 1), most)
        if kind == "boolean":
            return True
        return _BY_FORMAT.get(schema.get("format", ""), "text") if kind == "string" else {}

    def _object(self, struct: str, schema: Schema, within: tuple[str, ...]) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        return {
            field: self._value(part, [f"{struct}.{field}", field], within)
            for field, part in schema.get("properties", {}).items()
            if field in required or not self._is_within(part, within)
        }

    def _is_within(self, schema: Schema, within: tuple[str, ...]) -> bool:
        """Whether a field would hold the struct that it is a field of."""
        inner = without_null(schema)
        return ref_name(inner) in within or ref_name(inner.get("items") or {}) in within


def fits(value: object, schema: Schema) -> bool:
    """Whether a value can stand where a schema says: by type, range and enumeration."""
    kind = schema.get("type")
    if kind is not None and not _is_a(value, kind):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str):
        return bool(len(value) <= schema.get("maxLength", len(value)))
    if isinstance(value, int | float):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return "anyOf" not in schema or any(fits(value, option) for option in schema["anyOf"])


def _is_a(value: object, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind == "boolean")
