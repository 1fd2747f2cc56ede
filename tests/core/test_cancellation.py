"""A client may hang up at any moment; what it had begun must not keep others waiting."""

import asyncio
import sqlite3

import pytest

from retrospec.core.db import Database, transaction
from retrospec.projects.models import Project


async def write(site: str) -> None:
    async with transaction() as db:
        await Project.filter(id="proj_default").using_db(db).update(site=site)


async def test_a_transaction_cancelled_at_any_moment_keeps_no_connection(database: Database) -> None:
    for steps in range(60):
        task = asyncio.create_task(write("cancelled"))
        for _ in range(steps):
            await asyncio.sleep(0.00005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        async with asyncio.timeout(10):
            await asyncio.gather(*(write(f"after {steps}") for _ in range(6)))

    assert (await Project.get(id="proj_default")).site == "after 59"


async def test_a_transaction_that_cannot_begin_keeps_no_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction() as db:
        kind = type(db)

    async def refuse(self: object) -> None:
        raise ConnectionError("not now")

    with monkeypatch.context() as patch:
        patch.setattr(kind, "begin", refuse)
        for _ in range(5):
            with pytest.raises(ConnectionError, match="not now"):
                await write("refused")

    async with asyncio.timeout(10):
        await write("written")
    assert (await Project.get(id="proj_default")).site == "written"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_commit_that_fails_leaves_nothing_open(database: Database) -> None:
    db = database.connection
    await db.execute_script(
        "CREATE TABLE a (id PRIMARY KEY); CREATE TABLE b (a REFERENCES a DEFERRABLE INITIALLY DEFERRED)"
    )

    async def commit_in_vain() -> None:
        async with transaction() as changes:
            await changes.execute_query("INSERT INTO b VALUES (1)")

    with pytest.raises(sqlite3.IntegrityError):
        await commit_in_vain()
    await db.execute_query("INSERT INTO a VALUES (2)")
    await write("written")

    assert await db.execute_query_dict("SELECT id FROM a") == [{"id": 2}]
    assert await db.execute_query_dict("SELECT * FROM b") == []
