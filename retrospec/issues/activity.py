"""Writing down what happened to issues."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, rows, sql_time
from retrospec.core.ids import new_id
from retrospec.issues.models import IssueActivity

NOTE_LIMIT = 4_000
NAME_LIMIT = 200
# By a statement and not by the model: ingest calls this where models cannot go (`core.db.transact`).
_INSERT = Statement("""
    INSERT INTO issue_activities (id, project_id, cluster_key, kind, session_id, note, metadata, created_by, created_at)
    SELECT r.id, r.project_id, r.cluster_key, r.kind, r.session_id, r.note, r.metadata, r.created_by, r.created_at
    FROM @rows($1: id text, project_id text, cluster_key text, kind text, session_id text, note text, metadata text,
               created_by text, created_at timestamptz)
""")

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
    activities = [
        IssueActivity(id=new_id("act"), project_id=project_id, created_at=now, **msgspec.structs.asdict(happening))
        for happening in happenings
    ]
    if activities:
        await _INSERT.run(db, rows(map(_row, activities)))
    return activities


def _row(activity: IssueActivity) -> Row:
    return {
        "id": activity.id,
        "project_id": activity.project_id,
        "cluster_key": activity.cluster_key,
        "kind": activity.kind,
        "session_id": activity.session_id,
        "note": activity.note,
        "metadata": msgspec.json.encode(activity.metadata).decode(),
        "created_by": activity.created_by,
        "created_at": sql_time(activity.created_at),
    }
