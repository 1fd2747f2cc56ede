"""Pieces of work whose statements go out side by side get what each would have got by itself."""

from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core import postgres
from retrospec.core.db import Database, Statement, rows, transact
from retrospec.core.together import together

_TABLE = Statement("CREATE TABLE things (name TEXT PRIMARY KEY, size INTEGER NOT NULL)")
_ADD = Statement("""
    INSERT INTO things (name, size) SELECT r.name, r.size FROM @rows($1: name text, size integer) WHERE true
    ON CONFLICT (name) DO UPDATE SET size = things.size + excluded.size
""")
_ADD_AND_TELL = Statement("""
    INSERT INTO things (name, size) SELECT r.name, r.size FROM @rows($1: name text, size integer) WHERE true
    ON CONFLICT (name) DO UPDATE SET size = things.size + excluded.size RETURNING name, size
""")
_LARGER = Statement("SELECT name, size FROM things WHERE size > $1 AND name <> $2 ORDER BY name")
_ALL = Statement("SELECT name, size FROM things ORDER BY name")


@pytest.fixture
async def things(database: Database) -> Database:
    await _TABLE.run(database.connection)
    await _ADD.run(database.connection, rows([{"name": "old", "size": 5}]))
    return database


async def add(db: BaseDBAsyncClient, name: str, size: int) -> str:
    await _ADD.run(db, rows([{"name": name, "size": size}]))
    return name


async def add_and_tell(db: BaseDBAsyncClient, name: str, size: int) -> int:
    (row,) = await _ADD_AND_TELL.fetch(db, rows([{"name": name, "size": size}]))
    return int(row["size"])


async def larger(db: BaseDBAsyncClient, than: int, other: str) -> list[str]:
    return [row["name"] for row in await _LARGER.fetch(db, than, other)]


async def nothing(_: BaseDBAsyncClient) -> str:
    return "nothing"


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What PostgreSQL is sent in transactions."""
    sent: list[str] = []
    for name in ("execute_query", "execute_query_dict"):
        real = getattr(postgres.Held, name)

        async def noted(self: object, query: str, values: Any = (), real: Any = real) -> Any:
            sent.append(query)
            return await real(self, query, values)

        monkeypatch.setattr(postgres.Held, name, noted)
    return sent


async def test_each_piece_of_work_gets_its_own_rows_and_values(things: Database, statements: list[str]) -> None:
    async def work(db: BaseDBAsyncClient) -> list[Any]:
        return await together(
            db,
            lambda side: add(side, "one", 1),
            lambda side: add_and_tell(side, "old", 10),
            nothing,
            lambda side: larger(side, 4, "none"),
            lambda side: add_and_tell(side, "two", 2),
        )

    told = await transact(work)

    found = [(row["name"], row["size"]) for row in await _ALL.fetch(things.connection)]
    assert found == [("old", 15), ("one", 1), ("two", 2)]
    assert told == ["one", 15, "nothing", ["old"], 2]
    assert len(statements) == (0 if things.is_sqlite else 1)


async def test_second_statements_go_together_too_and_so_does_what_is_nested(
    things: Database, statements: list[str]
) -> None:
    async def twice(side: BaseDBAsyncClient) -> int:
        await add(side, "one", 1)
        return await add_and_tell(side, "one", 1)

    async def nested(side: BaseDBAsyncClient) -> list[Any]:
        return await together(side, twice, lambda inner: add_and_tell(inner, "old", 1), nothing)

    async def work(db: BaseDBAsyncClient) -> list[Any]:
        return await together(db, nested, lambda side: add(side, "three", 3), nothing)

    told = await transact(work)

    assert told == [[2, 6, "nothing"], "three", "nothing"]
    # Three statements, and then the one that has a second.
    assert len(statements) == (0 if things.is_sqlite else 2)


async def test_a_statement_that_fails_fails_the_whole_transaction(things: Database) -> None:
    async def work(db: BaseDBAsyncClient) -> list[Any]:
        return await together(
            db, lambda side: add(side, "one", 1), lambda side: Statement("INSERT INTO nowhere VALUES (1)").run(side)
        )

    with pytest.raises(Exception, match="nowhere"):
        await transact(work)

    assert [row["name"] for row in await _ALL.fetch(things.connection)] == ["old"]


async def test_what_a_piece_of_work_raises_is_raised(things: Database) -> None:
    async def fail(side: BaseDBAsyncClient) -> None:
        await add(side, "one", 1)
        raise ValueError("no more")

    async def work(db: BaseDBAsyncClient) -> list[Any]:
        return await together(db, fail, lambda side: add(side, "two", 2))

    with pytest.raises(ValueError, match="no more"):
        await transact(work)

    assert [row["name"] for row in await _ALL.fetch(things.connection)] == ["old"]


async def test_no_work_is_no_statement(things: Database) -> None:
    assert await transact(together) == []
    assert await transact(lambda db: together(db, nothing)) == ["nothing"]


async def test_what_raises_at_once_leaves_no_work_behind_that_was_never_begun(things: Database) -> None:
    async def fail(_: BaseDBAsyncClient) -> None:
        raise ValueError("at once")

    with pytest.raises(ValueError, match="at once"):
        await transact(lambda db: together(db, fail, lambda side: add(side, "two", 2), nothing))
