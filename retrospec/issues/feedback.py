"""What people think of an issue."""

from collections.abc import Sequence
from typing import get_args

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import reading, transaction
from retrospec.core.errors import Invalid, NotFound
from retrospec.core.ijson import steady
from retrospec.issues.activity import Happening, name_of, note_of, record
from retrospec.issues.listed import ACTIVITY_KIND, ACTIVITY_TIME, feedback_of_row
from retrospec.issues.lookup import find_issue, read_key
from retrospec.issues.paging import ListedRow, Page, Position, read_cursor, read_page
from retrospec.issues.queries import ACTIVITIES
from retrospec.issues.schemas import (
    Feedback,
    FeedbackGiven,
    FeedbackKind,
    FeedbackList,
    FeedbackQuery,
    feedback_of,
)
from retrospec.sessions.models import Session

KINDS: tuple[str, ...] = get_args(FeedbackKind)
_METADATA_LIMIT = 65_536
_SESSION_ID_LIMIT = 128


async def give_feedback(project_id: str, cluster_key: str, given: FeedbackGiven) -> Feedback:
    """Write feedback down.

    Raises:
        Invalid: The metadata is larger than 64 KiB.
        NotFound: The project has no issue of that key, or no session of that id.
    """
    metadata = steady(given.metadata or {})
    if len(msgspec.json.encode(metadata)) > _METADATA_LIMIT:
        raise Invalid("metadata is larger than 64 KiB", detail="metadata")
    async with transaction() as db:
        # Locked, so that a merge that runs now cannot leave this behind.
        issue = await find_issue(project_id, cluster_key, lock=db)
        if given.session_id and not await _is_known(db, project_id, given.session_id):
            raise NotFound("session not found", detail="sessionId")
        happening = Happening(
            cluster_key=issue.key,
            kind=given.kind,
            session_id=given.session_id or "",
            note=note_of(given.note),
            metadata=metadata,
            created_by=name_of(given.created_by, "dashboard"),
        )
        (row,) = await record(db, project_id, [happening], now())
    return feedback_of(row)


async def _is_known(db: BaseDBAsyncClient, project_id: str, session_id: str) -> bool:
    # Tortoise refuses to look for a text that is longer than the column.
    if len(session_id) > _SESSION_ID_LIMIT:
        return False
    return await Session.filter(project_id=project_id, session_id=session_id).using_db(db).exists()


async def list_feedback(project_id: str, cluster_key: str, query: FeedbackQuery) -> FeedbackList:
    """The latest feedback on an issue, newest first.

    Raises:
        Invalid: The cursor is none.
        NotFound: The project has no issue of that key.
    """
    after = read_cursor(query.cursor)

    async def work(db: BaseDBAsyncClient) -> tuple[str, Page]:
        key = await read_key(db, project_id, cluster_key)

        async def fetch(position: Position, count: int) -> Sequence[ListedRow]:
            return await ACTIVITIES.select(db, project_id, key, position.at, position.uid, count)

        # What happened by itself stands among it, and is no feedback.
        page = await read_page(fetch, _is_feedback, time=ACTIVITY_TIME, after=after, limit=query.limit)
        return key, page

    key, page = await reading(work)
    events = [feedback_of_row(row) for row in page.rows]
    return FeedbackList(cluster_key=key, limit=query.limit, events=events, next_cursor=page.next_cursor)


def _is_feedback(row: ListedRow) -> bool:
    return row[ACTIVITY_KIND] in KINDS
