from datetime import UTC, datetime, timedelta

import pytest
from asyncpg.exceptions import PostgresError
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from retrospec.core.db import (
    Database,
    Statement,
    opened,
    read_time,
    reading,
    rows,
    sql_time,
    time_column,
    transact,
    transaction,
)
from retrospec.core.secrets import shared_secret
from retrospec.jobs.models import Job
from retrospec.projects.models import Project

INSERT = Statement("""
    INSERT INTO counter_totals (name, labels, value)
    SELECT r.name, r.labels, r.value FROM @rows($1: name text, labels text, value double precision) WHERE true
    ON CONFLICT (name, labels) DO UPDATE SET value = counter_totals.value + excluded.value
    RETURNING name, value
""")

ONE = rows([{"name": "a", "labels": "{}", "value": 1.5}])


async def test_one_statement_writes_many_rows_on_either_database(database: Database) -> None:
    batch = rows([{"name": "a", "labels": "{}", "value": 1.5}, {"name": "b", "labels": "{}", "value": 2}])
    await INSERT.fetch(database.connection, batch)

    again = await INSERT.fetch(database.connection, batch)

    assert sorted((row["name"], row["value"]) for row in again) == [("a", 3.0), ("b", 4.0)]


async def test_times_written_by_sql_and_by_models_are_the_same(database: Database) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 89, UTC)
    await Project.create(id="p1", name="n", site="s", created_at=moment)
    statement = Statement("SELECT id FROM projects WHERE created_at = (SELECT r.at FROM @rows($1: at timestamptz))")

    for at in (moment, sql_time(moment)):
        found = await statement.fetch(database.connection, rows([{"at": at}]))
        assert [row["id"] for row in found] == ["p1"]
    raw = await database.connection.execute_query_dict("SELECT created_at FROM projects WHERE id = 'p1'")
    assert read_time(raw[0]["created_at"]) == moment


@pytest.mark.parametrize(
    "times",
    [
        [],
        [datetime(1970, 1, 1, tzinfo=UTC)],
        [datetime(1970, 1, 1, 0, 0, 0, 1, UTC), datetime(2026, 3, 4, 5, 6, 7, 999_999, UTC)],
        # Where floats end to hold microseconds.
        [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=2**33, microseconds=n) for n in range(-50, 0)],
        [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=2**33, microseconds=n) for n in range(-50, 50)],
        [datetime(9998, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 3, 4, 5, 6, 7, 89, UTC)],
    ],
)
async def test_a_column_of_times_is_read_to_the_microsecond(database: Database, times: list[datetime]) -> None:
    given = rows([{"n": number, "at": sql_time(time)} for number, time in enumerate(times)])
    statement = Statement("SELECT @time(r.at) FROM @rows($1: n integer, at timestamptz) WHERE r.n >= 0 ORDER BY r.n")

    found = await reading(lambda db: statement.select(db, given))

    column = [row[0] for row in found]
    assert time_column(column) == [read_time(value) for value in column] == times
    assert all(time.tzinfo is UTC for time in time_column(column))


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    async def twice() -> None:
        async with transaction() as db:
            for _ in range(2):
                await Project.create(id="p2", name="n", site="s", created_at=datetime.now(UTC), using_db=db)

    with pytest.raises(IntegrityError):
        await twice()

    assert await Project.filter(id="p2").count() == 0


async def test_a_transaction_is_told_how_many_rows_its_opening_gave(database: Database) -> None:
    opening = Statement("SELECT id FROM projects WHERE id IN ('proj_default', 'proj_missing') @lock(FOR KEY SHARE)")

    async def work(db: BaseDBAsyncClient) -> int:
        await INSERT.fetch(db, ONE)
        return opened(db)

    assert await transact(work, opening) == 1
    assert await transact(work) == 0
    assert await _value(database) == 3.0


@pytest.mark.parametrize("opening", [None, "SELECT id FROM projects", "SELECT of_nothing"])
async def test_a_transaction_that_fails_anywhere_leaves_nothing_and_a_connection_that_is_fit_for_the_next(
    database: Database, opening: str | None
) -> None:
    async def fail(db: BaseDBAsyncClient) -> None:
        await INSERT.fetch(db, ONE)
        raise LookupError

    async def add(db: BaseDBAsyncClient) -> None:
        await INSERT.fetch(db, ONE)

    for _ in range(12):
        # More often than the pool has connections.
        with pytest.raises((LookupError, OperationalError, PostgresError)):
            await transact(fail, Statement(opening) if opening else None)

    assert await _value(database) is None
    await transact(add)
    assert await _value(database) == 1.5


async def _value(database: Database) -> float | None:
    found = await database.connection.execute_query_dict("SELECT value FROM counter_totals WHERE name = 'a'")
    return found[0]["value"] if found else None


async def test_a_shared_secret_is_made_once(database: Database) -> None:
    assert await shared_secret("x") == await shared_secret("x")
    assert await shared_secret("x") != await shared_secret("y")


async def test_the_default_project_comes_with_the_schema(database: Database) -> None:
    project = await Project.get(id="proj_default")

    assert (project.name, project.site) == ("Default Project", "default.local")
    assert await Job.all().count() == 0
