"""Writing down what happened to issues."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.ids import new_id
from retrospec.issues.models import IssueActivity

NOTE_LIMIT = 4_000
NAME_LIMIT = 200
# Who did it, when nobody did.
SERVER = "retrospec"


class Happening(msgspec.Struct, kw_only=True):
    """Something that happened to one cluster."""

    cluster_key: str
    kind: str
    session_id: str = ""
    note: str = ""
    metadata: dict[str, Any] = {}
    created_by: str = SERVER


def note_of(text: str | None) -> str:
    """A note as it is kept: stripped, and cut after 4,000 characters."""
    return (text or "").strip()[:NOTE_LIMIT]


def name_of(text: str | None, default: str = "") -> str:
    """A person's name as it is kept: stripped, and cut after 200 characters."""
    return (text or "").strip()[:NAME_LIMIT] or default


async def record(
    db: BaseDBAsyncClient, project_id: str, happenings: Sequence[Happening], now: datetime
) -> list[IssueActivity]:
    """Write what happened to clusters of a project.

    Args:
        db: The transaction in which it happened.
        project_id: Whose clusters.
        happenings: In order.
        now: When.
    """
    rows = [
        IssueActivity(id=new_id("act"), project_id=project_id, created_at=now, **msgspec.structs.asdict(happening))
        for happening in happenings
    ]
    if rows:
        await IssueActivity.bulk_create(rows, using_db=db)
    return rows
