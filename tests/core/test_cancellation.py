"""A client may hang up at any moment; what it had begun must not keep others waiting."""

import asyncio

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
