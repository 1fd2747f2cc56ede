"""The wire's forms of rows as lists read them: by position, which takes half as long as by keywords."""

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from typing import Any

from retrospec.core.db import read_json, read_time, time_column
from retrospec.issues.paging import ListedRow
from retrospec.issues.schemas import Activity, Feedback, Issue, IssueSession, confidence

# The fields that have columns, in the order of rows, behind their `uid`. All rows of a list are of one project.
ISSUE_FIELDS = [name for name in Issue.__struct_fields__ if name not in ("project_id", "confidence")]
SESSION_FIELDS = [name for name in IssueSession.__struct_fields__ if name != "project_id"]
KEY, KIND, SYMPTOM, SESSIONS, LAST_SEEN = (
    1 + ISSUE_FIELDS.index(name) for name in ("key", "kind", "symptom", "session_count", "last_seen_at")
)
STATUS, SURE, LAST_OBSERVED = (
    1 + SESSION_FIELDS.index(name) for name in ("report_status", "report_confidence", "last_observed_at")
)
ACTIVITY_KIND, ACTIVITY_TIME = 4, 9

_TIMES = {"first_seen_at", "last_seen_at", "created_at", "muted_until", "state_updated_at"}
# Of a table or a subquery `c`.
ISSUE_COLUMNS = ", ".join(f"@time(c.{name})" if name in _TIMES else f"c.{name}" for name in ["uid", *ISSUE_FIELDS])
_REGRESSED = 1 + ISSUE_FIELDS.index("regressed")
# Where a struct has what is in no row.
_CONFIDENCE = Issue.__struct_fields__.index("confidence")
_ISSUE_TIMES = [1 + ISSUE_FIELDS.index(name) for name in ("first_seen_at", "last_seen_at", "created_at")]
_OPTIONAL_TIMES = [1 + ISSUE_FIELDS.index(name) for name in ("muted_until", "state_updated_at")]
_SESSION_TIMES = [1 + SESSION_FIELDS.index(name) for name in ("started_at", "last_observed_at")]


def issues_of_rows(rows: Sequence[ListedRow], project_id: str, min_sessions: int) -> list[Issue]:
    """The wire's form of stored issues.

    Args:
        rows: Of each the `ISSUE_COLUMNS`.
        project_id: Whose they are.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
    """
    columns = _columns(rows, _ISSUE_TIMES)
    if not columns:
        return []
    for place in _OPTIONAL_TIMES:
        columns[place] = _optional_times(columns[place])
    # SQLite has numbers for it.
    columns[_REGRESSED] = map(bool, columns[_REGRESSED])
    columns.insert(_CONFIDENCE, map(confidence, columns[SESSIONS], repeat(min_sessions)))
    return list(map(Issue, repeat(project_id), *columns[1:]))


def sessions_of_rows(rows: Sequence[ListedRow], project_id: str) -> list[IssueSession]:
    """The wire's form of sessions that hit an issue.

    Args:
        rows: Of each a `uid`, and its `SESSION_FIELDS`.
        project_id: Whose they are.
    """
    columns = _columns(rows, _SESSION_TIMES)
    if not columns:
        return []
    _, session_ids, *others = columns
    return list(map(IssueSession, session_ids, repeat(project_id), *others))


def _columns(rows: Sequence[ListedRow], times: Sequence[int]) -> list[Any]:
    """Rows, turned: 200 issues made column by column take half as long as one by one."""
    columns: list[Any] = list(zip(*rows, strict=True))
    for place in times if columns else ():
        columns[place] = time_column(columns[place])
    return columns


def _optional_times(column: Sequence[Any]) -> Sequence[datetime | None]:
    if not any(column):
        return column
    times = iter(time_column([value for value in column if value is not None]))
    return [None if value is None else next(times) for value in column]


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
