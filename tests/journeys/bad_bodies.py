"""Bodies that a server must refuse: JSON that is none or means different things, and fields of the wrong type."""

import json
from collections.abc import Iterator
from types import NoneType
from typing import Any, NamedTuple

from msgspec import inspect

Json = dict[str, Any]

# What stands in the place of a value, and what the refusal says of it.
VALUES: dict[str, tuple[bytes, str]] = {
    "NaN": (b"NaN", "NaN|invalid character|malformed"),
    "Infinity": (b"Infinity", "Infinity|invalid character|malformed"),
    "-Infinity": (b"-Infinity", "Infinity|invalid|malformed"),
    "a number beyond doubles": (b"1e999", "too large|out of range"),
    "a number of 5,000 digits": (b"9" * 5000, "too large|out of range"),
    "a fraction of 5,000 digits before the point": (b"9" * 5000 + b".5", "too large|out of range"),
    "minus 5,000 digits": (b"-" + b"9" * 5000, "too large|out of range"),
    "a number with a leading zero": (b"01", "Expecting|malformed|invalid"),
    "a plus sign": (b"+1", "Expecting|malformed|invalid"),
    "a hex number": (b"0x10", "Expecting|malformed|invalid"),
    "a comment": (b"1 /* one */", "Expecting|malformed|invalid"),
    "single quotes": (b"'x'", "Expecting|malformed|invalid"),
    "undefined": (b"undefined", "Expecting|malformed|invalid"),
    "U+0000": (rb'"a\u0000b"', r"U\+0000"),
    "U+0000 in a name": (rb'{"a\u0000b":1}', r"U\+0000"),
    "a high surrogate": (rb'"a\ud83d"', "surrogate"),
    "a low surrogate": (rb'"\ude00b"', "surrogate"),
    "a pair the wrong way round": (rb'"\ude00\ud83d"', "surrogate"),
    "two high surrogates": (rb'"\ud83d\ud83d"', "surrogate"),
    "a surrogate in a name": (rb'{"\ud83d":1}', "surrogate"),
    "a surrogate encoded in UTF-8": (b'"\xed\xa0\x80"', "UTF-8"),
    "a byte that is no UTF-8": (b'"\xff"', "UTF-8"),
    "an overlong encoding": (b'"\xc0\xaf"', "UTF-8"),
    "a cut off UTF-8 sequence": (b'"\xe2\x82"', "UTF-8"),
    "a raw newline": (b'"a\nb"', "control character|invalid"),
    "a raw NUL": (b'"a\0b"', "control character|invalid"),
    "an unknown escape": (rb'"\x41"', "escape"),
    "half an escape": (rb'"\u12"', "escape"),
    "a name twice": (b'{"a":1,"a":1}', "twice"),
    "a name twice, once escaped": (rb'{"a":1,"\u0061":2}', "twice"),
    "a comma too many": (b"[1,]", "Expecting|Illegal|malformed|invalid"),
    "a name without quotes": (b"{a:1}", "Expecting|malformed|invalid"),
    "100,000 brackets": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply|recursion"),
    "100,000 braces": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply|recursion"),
    "100,000 brackets, never closed": (b"[" * 100_000, "nested too deeply|recursion|cut off|truncated|Expecting"),
}

# Whole bodies, and what the refusal says of them.
BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "."),
    "white space": (b" \n\t ", "."),
    "null": (b"null", "Expected `object`|expected an object"),
    "an array": (b"[]", "Expected `object`|expected an object"),
    "a number": (b"1", "Expected `object`|expected an object"),
    "a text": (b'"session"', "Expected `object`|expected an object"),
    "an empty object": (b"{}", "missing required field"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "BOM|UTF-8|malformed|invalid|expected an object|Unexpected"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "UTF-8|malformed|invalid|expected an object|Expecting"),
    "random bytes": (bytes(range(256)), "UTF-8|malformed|invalid|expected an object|Expecting"),
    "a form": (b"session=1&markers=2", "malformed|invalid|expected an object|Expecting"),
    "brackets only": (b"[" * 100_000, "nested too deeply|recursion|expected an object"),
}


class Wrong(NamedTuple):
    """A field with a value of another type than its own.

    Attributes:
        path: Names from the outermost; `0` is the first of a list.
        value: What stands in its place.
    """

    path: tuple[str, ...]
    value: Any

    @property
    def place(self) -> str:
        """How a refusal calls the field: `$.markers[0].label`."""
        return "$" + "".join("[0]" if name == "0" else "[...]" if name == "*" else f".{name}" for name in self.path)

    def body(self, valid: Json) -> bytes:
        """A valid body with this in it."""
        changed: Any = json.loads(json.dumps(valid))
        inner = changed
        for name in self.path[:-1]:
            inner = inner[int(name)] if isinstance(inner, list) else inner.setdefault(name, {})
        last = self.path[-1]
        inner[0 if isinstance(inner, list) else "any" if last == "*" else last] = self.value
        return json.dumps(changed).encode()


_EVERY: tuple[Any, ...] = (None, True, 7, 1.5, "text", [], {})


def wrong_types(shape: type) -> Iterator[Wrong]:
    """Every field of a struct, and of those within it, with a value of every type that it does not take.

    Args:
        shape: The struct that decodes the body.
    """
    yield from _of_struct(inspect.type_info(shape), ())


def _of_struct(info: inspect.Type, path: tuple[str, ...]) -> Iterator[Wrong]:
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{info} is no struct")
    for field in info.fields:
        yield from _of_type(field.type, (*path, field.encode_name))


def _of_type(info: inspect.Type, path: tuple[str, ...]) -> Iterator[Wrong]:
    members = tuple(_members(info))
    yield from (Wrong(path, value) for value in _EVERY if not any(_takes(member, value) for member in members))
    for member in members:
        match member:
            case inspect.StructType():
                yield from _of_struct(member, path)
            case inspect.ListType() | inspect.VarTupleType():
                yield from _of_type(member.item_type, (*path, "0"))
            case inspect.DictType():
                yield from _of_type(member.value_type, (*path, "*"))


def _members(info: inspect.Type) -> Iterator[inspect.Type]:
    match info:
        case inspect.Metadata():
            yield from _members(info.type)
        case inspect.UnionType():
            for one in info.types:
                yield from _members(one)
        case _:
            yield info


_TAKEN: dict[type[inspect.Type], tuple[type, ...]] = {
    inspect.AnyType: (object,),
    inspect.RawType: (object,),
    inspect.NoneType: (NoneType,),
    inspect.BoolType: (bool,),
    inspect.IntType: (int,),
    inspect.FloatType: (int, float),
    inspect.StrType: (str,),
    inspect.ListType: (list,),
    inspect.VarTupleType: (list,),
    inspect.DictType: (dict,),
    # Which of its fields must be there is another matter.
    inspect.StructType: (dict,),
}


def _takes(kind: inspect.Type, value: Any) -> bool:
    taken = _TAKEN.get(type(kind), ())
    # Python counts True as a number; JSON does not.
    return isinstance(value, taken) and (not isinstance(value, bool) or bool in taken or object in taken)
