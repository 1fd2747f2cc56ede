"""What a table holds, in one number: to tell whether two databases hold the same."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from retrospec.archive.dump import dump
from retrospec.archive.link import Link
from retrospec.archive.tables import TABLES, Table, Tables

_DIGEST_BYTES = 16


class Digest:
    """The sum over all rows of a table: the same in any order, and on either database."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, table: Table, rows: Iterable[Any]) -> None:
        """Count rows in."""
        alike = [(one.name, _ALIKE[one.kind.written]) for one in table.columns if one.kind.written in _ALIKE]
        for row in rows:
            facts = msgspec.structs.asdict(row)
            facts |= {name: same(facts[name]) for name, same in alike if facts[name] is not None}
            line = msgspec.json.encode(facts, order="sorted")
            self._sum += int.from_bytes(hashlib.blake2b(line, digest_size=_DIGEST_BYTES).digest())
            self.rows += 1

    @property
    def value(self) -> tuple[int, int]:
        """How many rows, and what they are."""
        return self.rows, self._sum % 2 ** (8 * _DIGEST_BYTES)


def _number(value: float | str) -> float:
    """A number without the sign of zero: neither SQLite nor jsonb keeps it."""
    return float(value) + 0.0


def _json(raw: msgspec.Raw) -> str:
    """One text for one JSON value: jsonb changes the order of names, spaces, and how numbers are written."""
    return json.dumps(json.loads(bytes(raw), parse_int=_number, parse_float=_number), sort_keys=True)


_ALIKE: Mapping[Any, Callable[[Any], Any]] = {float: _number, msgspec.Raw: _json}


Digests = Mapping[str, Digest]


async def digests(link: Link, tables: Tables = TABLES) -> Digests:
    """What a database holds, by table. Within a snapshot or a transaction, or it is of no one moment."""
    found = {name: Digest() for name in tables}
    async for part in dump(link, tables=tables):
        table = tables[part.table]
        found[table.name].add(table, table.decode(part.lines))
    return found


def differing(one: Digests, other: Digests) -> list[str]:
    """The tables of which two databases hold different rows."""
    return [name for name in one if one[name].value != other[name].value]
