"""Columns, and how values of each type travel so that both databases read them alike."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from tortoise.fields import Field

from retrospec.core.db import read_time, sql_time


class Kind(NamedTuple):
    """How values of one type travel.

    Attributes:
        name: What archives call it.
        written: Their type in the archive.
        read: Makes one of what either driver gives.
        sqlite: Makes of one what SQLite stores.
        postgres: Makes of one what asyncpg takes.
    """

    name: str
    written: Any
    read: Callable[[Any], Any]
    sqlite: Callable[[Any], Any]
    postgres: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _raw(value: str) -> msgspec.Raw:
    return msgspec.Raw(value.encode())


def _text(value: msgspec.Raw) -> str:
    return bytes(value).decode()


def _day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


_BY_FIELD: Mapping[Any, Kind] = {
    int: Kind("integer", int, _same, _same, _same),
    float: Kind("number", float, _same, _same, _same),
    str: Kind("text", str, _same, _same, _same),
    bool: Kind("boolean", bool, bool, int, _same),
    datetime: Kind("time", datetime, read_time, sql_time, _same),
    date: Kind("date", date, _day, date.isoformat, _same),
    # JSON stays the text that it is: jsonb keeps numbers that a float does not hold.
    dict | list: Kind("json", msgspec.Raw, _raw, _text, _text),
}

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _BY_FIELD.values()}


class Column(NamedTuple):
    """A column, and how its values travel."""

    name: str
    kind: Kind
    nullable: bool

    @classmethod
    def of(cls, name: str, field: Field[Any]) -> "Column":
        """The column of a model's field.

        Raises:
            TypeError: Nobody has said yet how such values travel.
        """
        try:
            return cls(name, _BY_FIELD[field.field_type], field.null)
        except KeyError:
            raise TypeError(f"column {name}: retrospec.archive cannot write a {type(field).__name__} yet") from None
