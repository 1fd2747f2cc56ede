"""JSON schemas of the structs that go over the wire."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.inspect import CollectionType, DateTimeType, DictType, Metadata, StructType, Type, UnionType

from retrospec.core.openapi_samples import ref_name

Json = dict[str, Any]
REFS = "#/components/schemas/{name}"


class Shapes:
    """The schemas of structs, and of all structs within them.

    Attributes:
        components: The schemas by name.
    """

    def __init__(self, named: Iterable[type]) -> None:
        structs: dict[type, StructType] = {}
        for shape in named:
            _collect(msgspec.inspect.type_info(shape), structs)
        schemas, components = msgspec.json.schema_components(structs, schema_hook=_any, ref_template=REFS)
        self._refs: dict[type, Json] = dict(zip(structs, schemas, strict=True))
        self.components: dict[str, Json] = {name: _clean(schema) for name, schema in components.items()}
        for shape, struct in structs.items():
            _mark_times(self.fields(shape), struct)

    def of(self, shape: type) -> Json:
        """The schema of a struct: a reference."""
        return dict(self._refs[shape])

    def fields(self, shape: type) -> Json:
        """The schema of a struct: itself."""
        return self.components[self.name(shape)]

    def name(self, shape: type) -> str:
        """What a struct is called among the components."""
        return ref_name(self._refs[shape])


def _any(kind: type) -> Json:
    """The schema of `object`."""
    if kind is object:
        return {"description": "Any JSON value"}
    raise NotImplementedError


def _collect(kind: Type, structs: dict[type, StructType]) -> None:
    if isinstance(kind, StructType):
        if kind.cls in structs:
            return
        structs[kind.cls] = kind
    for part in _parts(kind):
        _collect(part, structs)


def _parts(kind: Type) -> Iterator[Type]:
    match kind:
        case StructType():
            yield from (field.type for field in kind.fields)
        case UnionType():
            yield from kind.types
        case CollectionType():
            yield kind.item_type
        case DictType():
            yield kind.value_type
        case Metadata():
            yield kind.type


def _mark_times(schema: Json, struct: StructType) -> None:
    """Say of times that they are: the library leaves that out where a time may come without its offset."""
    for field in struct.fields:
        if any(isinstance(kind, DateTimeType) for kind in _alternatives(field.type)):
            for option in _options(schema["properties"][field.encode_name]):
                option["format"] = "date-time"


def _alternatives(kind: Type) -> Iterator[Type]:
    match kind:
        case UnionType() | Metadata():
            for part in _parts(kind):
                yield from _alternatives(part)
        case _:
            yield kind


def _options(schema: Json) -> Iterator[Json]:
    yield from (option for option in schema.get("anyOf", [schema]) if option.get("type") == "string")


def _clean(schema: Any) -> Any:
    """The same schema, its docstrings without their indentation."""
    if isinstance(schema, list):
        return [_clean(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: inspect.cleandoc(part) if key == "description" and isinstance(part, str) else _clean(part)
        for key, part in schema.items()
    }
