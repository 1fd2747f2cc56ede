"""SQLite's engine, where the file is not as it should be."""

import asyncio
from pathlib import Path

import pytest
from tortoise.exceptions import DBConnectionError

from retrospec.core.db import Database
from retrospec.core.errors import Unavailable
from retrospec.core.migrations import Migrations
from retrospec.schema import MODELS


@pytest.fixture
def not_a_folder(tmp_path: Path) -> str:
    (tmp_path / "file").write_text("no folder")
    return f"sqlite://{tmp_path / 'file' / 'x.db'}"


async def test_a_file_that_cannot_be_opened_fails_every_query_and_keeps_none_waiting(not_a_folder: str) -> None:
    async with asyncio.timeout(10):
        for work in (Migrations(not_a_folder, MODELS).upgrade, Migrations(not_a_folder, MODELS).status):
            with pytest.raises(DBConnectionError, match="unable to open database file"):
                await work()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("these are notes, and no database" * 200)
    with pytest.raises(Unavailable, match=r"notes\.db: file is not a database"):
        await Database(f"sqlite://{file}", MODELS).open()
