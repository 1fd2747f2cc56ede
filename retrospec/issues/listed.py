"""The wire's forms of rows as lists read them: by position, behind the time and the `uid` that each begins with."""

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


def _readers(shape: type[msgspec.Struct], omitted: str = "") -> list[Callable[[Any], Any]]:
    """How to make a struct's values of what SQLite has for them; PostgreSQL has them as they are."""
    known: list[tuple[Any, Callable[[Any], Any]]] = [
        (bool, bool),
        (datetime, read_time),
        (datetime | None, _optional_time),
    ]
    types = [field.type for field in msgspec.structs.fields(shape) if field.name != omitted]
    return [next((reader for kind, reader in known if kind == type_), _same) for type_ in types]


def _values(row: ListedRow, readers: Sequence[Callable[[Any], Any]]) -> Sequence[Any]:
    """What a row holds behind the time and the `uid` that it begins with."""
    if isinstance(row[0], datetime):
        return row[2:]
    return [reader(value) for reader, value in zip(readers, row[2:], strict=True)]


_OF_ISSUE, _OF_SESSION = _readers(Issue, omitted="confidence"), _readers(IssueSession)
_SESSIONS, _CONFIDENCE = (Issue.__struct_fields__.index(name) for name in ("session_count", "confidence"))


def issue_of_row(row: ListedRow, min_sessions: int) -> Issue:
    """The wire's form of a stored issue.

    Args:
        row: Its `lookup.ISSUE_COLUMNS`.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
    """
    values = _values(row, _OF_ISSUE)
    # By position: by keywords it takes twice as long, and lists have hundreds.
    sure = confidence(values[_SESSIONS], min_sessions)
    return Issue(*[*values[:_CONFIDENCE], sure, *values[_CONFIDENCE:]])


def session_of_row(row: ListedRow) -> IssueSession:
    """The wire's form of a row of `queries.SESSIONS`."""
    return IssueSession(*_values(row, _OF_SESSION))


def activity_of_row(row: ListedRow) -> Activity:
    """The wire's form of a row of `queries.ACTIVITIES`."""
    time, _, ident, _, _, kind, session_id, note, metadata, author = row
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
    _, _, _, project_id, key, *_ = row
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
