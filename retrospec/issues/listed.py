"""The wire's forms of rows as lists read them: by position, which takes half as long as by keywords."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from retrospec.core.db import read_json, read_time
from retrospec.issues.paging import ListedRow
from retrospec.issues.schemas import Activity, Feedback, Issue, IssueSession, confidence


def _same(value: Any) -> Any:
    return value


def _optional_time(value: Any) -> datetime | None:
    return None if value is None else read_time(value)


Readers = Sequence[Callable[[Any], Any]]


def _readers(shape: type[msgspec.Struct], names: Sequence[str]) -> Readers:
    """How to make a struct's values of what SQLite has for them; PostgreSQL has them as they are."""
    known: list[tuple[Any, Callable[[Any], Any]]] = [
        (bool, bool),
        (datetime, read_time),
        (datetime | None, _optional_time),
    ]
    types = {field.name: field.type for field in msgspec.structs.fields(shape)}
    return [next((reader for kind, reader in known if kind == types[name]), _same) for name in names]


# The fields that have columns, in the order of rows, behind their `uid`.
ISSUE_FIELDS = [name for name in Issue.__struct_fields__ if name != "confidence"]
SESSION_FIELDS = IssueSession.__struct_fields__
KEY, KIND, SYMPTOM, SESSIONS, LAST_SEEN = (
    1 + ISSUE_FIELDS.index(name) for name in ("key", "kind", "symptom", "session_count", "last_seen_at")
)
STATUS, SURE, LAST_OBSERVED = (
    1 + SESSION_FIELDS.index(name) for name in ("report_status", "report_confidence", "last_observed_at")
)
ACTIVITY_KIND, ACTIVITY_TIME = 4, 9

_CONFIDENCE = 1 + Issue.__struct_fields__.index("confidence")
_OF_ISSUE, _OF_SESSION = _readers(Issue, ISSUE_FIELDS), _readers(IssueSession, SESSION_FIELDS)


def issue_of_row(row: ListedRow, min_sessions: int) -> Issue:
    """The wire's form of a stored issue.

    Args:
        row: Its `uid`, and its `ISSUE_FIELDS`.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
    """
    if not isinstance(row[LAST_SEEN], datetime):
        row = _read(row, _OF_ISSUE)
    return Issue(*[*row[1:_CONFIDENCE], confidence(row[SESSIONS], min_sessions), *row[_CONFIDENCE:]])


def session_of_row(row: ListedRow) -> IssueSession:
    """The wire's form of a session that hit an issue.

    Args:
        row: A `uid`, and its `SESSION_FIELDS`.
    """
    if not isinstance(row[LAST_OBSERVED], datetime):
        row = _read(row, _OF_SESSION)
    return IssueSession(*row[1:])


def _read(row: ListedRow, readers: Readers) -> ListedRow:
    return [row[0], *(reader(value) for reader, value in zip(readers, row[1:], strict=True))]


def activity_of_row(row: ListedRow) -> Activity:
    """The wire's form of a row of `queries.ACTIVITIES`."""
    _, ident, _, _, kind, session_id, note, metadata, author, time = row
    return Activity(
        id=ident,
        kind=kind,
        session_id=session_id,
        note=note,
        metadata=read_json(metadata, dict[str, Any]),
        created_by=author,
        created_at=read_time(time),
    )


def feedback_of_row(row: ListedRow) -> Feedback:
    """The wire's form of a row of `queries.ACTIVITIES` that is feedback."""
    _, _, project_id, key, *_ = row
    given = activity_of_row(row)
    return Feedback(
        id=given.id,
        project_id=project_id,
        cluster_key=key,
        session_id=given.session_id,
        feedback_kind=given.kind,
        note=given.note,
        metadata=given.metadata,
        created_by=given.created_by,
        created_at=given.created_at,
    )
