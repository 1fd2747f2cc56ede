"""Statements that do not ask for each other's results, in one round trip."""

import re
from collections.abc import Callable, Coroutine, Generator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, is_sqlite

Result = TypeVar("Result")
Work = Callable[[BaseDBAsyncClient], Coroutine[Any, Any, Any]]

_PLACEHOLDER = re.compile(r"\$(\d+)")
_decode = msgspec.json.Decoder(list[Row]).decode
_GIVES_ROWS = re.compile(r"\A\s*SELECT\b|\bRETURNING\b", re.IGNORECASE)


async def together(db: BaseDBAsyncClient, *works: Work) -> list[Any]:
    """Do several pieces of work of a transaction, whose statements go to PostgreSQL side by side.

    Each waits at its first statement until all have one; these are sent as one, as common table expressions; then the
    same with their second statements, and so on. So in one round no statement sees what another one writes, and which
    comes first is not known: whatever two transactions may both write must be in one statement of each, and in order.
    On SQLite, where a statement costs no round trip, one piece of work is done after the other.

    Args:
        db: A transaction, or what this has given to a piece of work: it may be used within one.
        works: Each gets the connection to use. It awaits nothing else, uses no models, and learns of no statement
            without rows how many it touched.

    Returns:
        What each piece of work returned.
    """
    if is_sqlite(db):
        return [await work(db) for work in works]
    bundle = cast("BaseDBAsyncClient", _Bundle(db))
    results: list[Any] = [None] * len(works)
    waiting = [_Waiting(place, work(bundle), None) for place, work in enumerate(works)]
    try:
        while waiting:
            waiting = await _round(db, waiting, results)
    finally:
        # After one has raised, nobody goes on with the others.
        for one in waiting:
            one.work.close()
    return results


class _Asked(NamedTuple):
    query: str
    values: Sequence[Any]


class _Waiting(NamedTuple):
    place: int
    work: Coroutine[list[_Asked], Any, Any]
    answer: Any


async def _round(db: BaseDBAsyncClient, waiting: list["_Waiting"], results: list[Any]) -> list["_Waiting"]:
    """Bring each piece of work to its next statement, and run these; those that have none left give their results."""
    asked: list[_Asked] = []
    shares: list[tuple[_Waiting, int]] = []
    for one in waiting:
        try:
            statements = one.work.send(one.answer)
        except StopIteration as end:
            results[one.place] = end.value
        else:
            asked += statements
            shares.append((one, len(statements)))
    answers = await _ask(db, asked) if asked else []
    going_on = []
    for one, count in shares:
        going_on.append(_Waiting(one.place, one.work, answers[:count]))
        answers = answers[count:]
    return going_on


class _Question:
    """What a piece of work awaits: hands its statements up, and gets their rows."""

    def __init__(self, statements: list[_Asked]) -> None:
        self._statements = statements

    def __await__(self) -> Generator[list[_Asked], list[list[Row]], list[list[Row]]]:
        return (yield self._statements)


class _Bundle:
    """Has of a connection what `Statement` needs."""

    def __init__(self, db: BaseDBAsyncClient) -> None:
        self.capabilities = db.capabilities

    async def execute_query(self, query: str, values: Sequence[Any] = ()) -> tuple[int, list[Row]]:
        """Run a statement."""
        await _Question([_Asked(query, values)])
        return 0, []

    async def execute_query_dict(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement, and return its rows; times in them are texts."""
        (rows,) = await _Question([_Asked(query, values)])
        return rows


async def _ask(db: BaseDBAsyncClient, asked: list[_Asked]) -> list[list[Row]]:
    if isinstance(db, _Bundle):
        return await _Question(asked)
    if len(asked) == 1:
        query, values = asked[0]
        if _GIVES_ROWS.search(query):
            return [await db.execute_query_dict(query, list(values))]
        await db.execute_query(query, list(values))
        return [[]]
    values = [value for one in asked for value in one.values]
    query, places = _combined(tuple((one.query, len(one.values)) for one in asked))
    answers: list[list[Row]] = [[] for _ in asked]
    (row,) = await db.execute_query_dict(query, values)
    for place in places:
        if (answer := row[f"s{place}"]) is not None:
            answers[place] = _decode(answer)
    return answers


@lru_cache(maxsize=256)
def _combined(queries: tuple[tuple[str, int], ...]) -> tuple[str, list[int]]:
    """One statement of several, and which of them give rows: each an array in the one row that comes back.

    A row for each row of theirs took twice as long to write, to send and to read.
    """
    parts, before = [], 0
    for place, (query, count) in enumerate(queries):
        parts.append(f"s{place} AS ({_renumbered(query, before)})")
        before += count
    places = [place for place, (query, _) in enumerate(queries) if _GIVES_ROWS.search(query)]
    picked = ", ".join(f"(SELECT json_agg(s{place}) FROM s{place}) AS s{place}" for place in places)  # noqa: S608
    return f"WITH {', '.join(parts)} SELECT {picked or 1}", places


def _renumbered(query: str, before: int) -> str:
    return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + before}", query)
