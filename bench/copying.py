"""What PostgreSQL was filled with, copied into a SQLite file: the same rows for both databases."""

import sqlite3
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg

from retrospec.core.db import sql_time

TABLES = (
    "sessions",
    "error_markers",
    "cluster_members",
    "cluster_users",
    "cluster_days",
    "kind_hours",
    "issue_clusters",
    "session_report_cards",
    "session_artifacts",
    "stored_objects",
)
_PAGE = 5_000


async def copy(url: str, path: Path) -> None:
    """Copy every row of a project's tables into a SQLite file that has the schema."""
    source = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    target = sqlite3.connect(path)
    try:
        for table in TABLES:
            async with source.transaction():
                pages = await source.cursor(f"SELECT * FROM {table} ORDER BY uid")
                while page := await pages.fetch(_PAGE):
                    columns = ", ".join(f'"{name}"' for name in dict(page[0]))
                    marks = ", ".join("?" * len(page[0]))
                    rows = [tuple(map(_stored, row)) for row in page]
                    target.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
            target.commit()
        target.execute("ANALYZE")
        target.commit()
    finally:
        target.close()
        await source.close()


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return sql_time(value)
    return value.isoformat() if isinstance(value, date) else value
