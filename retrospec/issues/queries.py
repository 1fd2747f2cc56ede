"""Reading issues: the list, one of them, and its sessions."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Row, Statement, reading
from retrospec.core.errors import Invalid
from retrospec.issues.listed import (
    ISSUE_COLUMNS,
    ISSUE_FIELDS,
    KEY,
    KIND,
    LAST_OBSERVED,
    LAST_SEEN,
    STATUS,
    SURE,
    SYMPTOM,
    activity_of_row,
    issues_of_rows,
    sessions_of_rows,
)
from retrospec.issues.lookup import check_key, read_issue, read_key
from retrospec.issues.mutes import NEVER, NONE_OVER, end_mutes, reading_after_mutes
from retrospec.issues.paging import START, ListedRow, Page, Position, read_cursor, read_page
from retrospec.issues.schemas import (
    Issue,
    IssueDay,
    IssueDetail,
    IssueList,
    IssueSessions,
    IssuesQuery,
    SessionFilters,
    SessionsQuery,
)
from retrospec.plugin.observers import NOBODY, Observers

_EACH = ("open", "acknowledged", "resolved", "muted")
_STATES = {"": _EACH, "active": ("open", "acknowledged"), **{state: (state,) for state in _EACH}}
_DAYS = 14
_ACTIVITIES = 100
_STORED = ", ".join(f"c.{name}" for name in ["uid", *ISSUE_FIELDS])


def _listing(states: Sequence[str]) -> Statement:
    # Each state by itself: the index gives its latest in order, so a page reads a page of each and no more.
    parts = [
        f"""SELECT * FROM (
            SELECT {_STORED} FROM issue_clusters c
            WHERE c.project_id = $1 AND c.state = '{state}' AND (c.last_seen_at, c.uid) < ($2, $3)
            ORDER BY c.last_seen_at DESC, c.uid DESC LIMIT $4) AS of_{state}"""  # noqa: S608 (states are our own)
        for state in states
    ]
    return Statement(f"""
        SELECT {ISSUE_COLUMNS} FROM ({" UNION ALL ".join(parts)}) AS c
        WHERE {NONE_OVER} ORDER BY c.last_seen_at DESC, c.uid DESC LIMIT $4
    """)  # noqa: S608


LISTINGS = {
    state: _listing(_STATES.get(state, (state,)))
    for state in ("", "active", "open", "acknowledged", "resolved", "muted")
}

# To PostgreSQL `'' || …` is a column of which it knows nothing. Of `session_id` alone it expects that the same sessions
# come again, and keeps each in a hash table (Memoize), in vain: 200 of 1,500 µs.
SESSIONS = Statement("""
    SELECT m.uid, s.session_id, s.site, s.route, @time(s.started_at), s.duration_ms, @time(m.last_observed_at),
           m.marker_count, coalesce(s.report_status, 'pending'), coalesce(s.report_confidence, 0),
           coalesce(s.report_symptom, '')
    FROM (
        SELECT uid, '' || session_id AS session_id, last_observed_at, marker_count FROM cluster_members
        WHERE project_id = $1 AND cluster_key = $2 AND (last_observed_at, uid) < ($3, $4)
          AND EXISTS (SELECT 1 FROM issue_clusters WHERE project_id = $1 AND key = $2 AND state <> 'candidate')
        ORDER BY last_observed_at DESC, uid DESC LIMIT $5) AS m
    JOIN sessions s ON s.project_id = $1 AND s.session_id = m.session_id
    ORDER BY m.last_observed_at DESC, m.uid DESC
""")

DAYS = Statement("""
    SELECT day, marker_count, session_count FROM cluster_days
    WHERE project_id = $1 AND cluster_key = $2 AND day >= $3 AND day <= $4
""")

ACTIVITIES = Statement("""
    SELECT uid, id, project_id, cluster_key, kind, session_id, note, metadata, created_by, created_at
    FROM issue_activities WHERE project_id = $1 AND cluster_key = $2 AND (created_at, uid) < ($3, $4)
    ORDER BY created_at DESC, uid DESC LIMIT $5
""")


async def list_issues(
    project_id: str, query: IssuesQuery, min_sessions: int, observers: Observers = NOBODY
) -> IssueList:
    """A page of a project's issues, latest seen first.

    Args:
        project_id: Whose issues.
        query: Which of them.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
        observers: Who hears of mutes that this finds to be over.

    Raises:
        Invalid: The cursor is none, or the search holds U+0000.
    """
    if "\0" in query.q:
        raise Invalid("query parameter q: holds U+0000", detail="q")
    after, listing = read_cursor(query.cursor), LISTINGS[query.state]

    async def work(db: BaseDBAsyncClient, over: datetime) -> Page:
        async def fetch(position: Position, count: int) -> Sequence[ListedRow]:
            # Once is enough, and what follows must not look like the end.
            moment = over if position == after else NEVER
            return await listing.select(db, project_id, position.at, position.uid, count, moment)

        return await read_page(fetch, _fits(query), time=LAST_SEEN, after=after, limit=query.limit)

    page = await reading(partial(work, over=now()))
    if not page.rows and not page.next_cursor:
        await end_mutes(project_id, observers)
        page = await reading(partial(work, over=NEVER))
    shown = issues_of_rows(page.rows, project_id, min_sessions)
    return IssueList(issues=shown, state=query.state, next_cursor=page.next_cursor)


def _fits(query: IssuesQuery) -> Callable[[ListedRow], bool] | None:
    kind, sought = query.kind, query.q.casefold()
    if not kind and not sought:
        return None
    return lambda row: (
        (not kind or row[KIND] == kind) and (sought in row[SYMPTOM].casefold() or sought in row[KEY].casefold())
    )


async def get_issue(project_id: str, cluster_key: str, min_sessions: int, observers: Observers = NOBODY) -> IssueDetail:
    """One issue, its last 14 days and its latest activities.

    Raises:
        NotFound: The project has no issue of that key.
    """
    today = now().date()
    first = today - timedelta(days=_DAYS - 1)

    async def work(db: BaseDBAsyncClient) -> tuple[Issue, list[Row], Sequence[ListedRow]]:
        found = await read_issue(db, project_id, cluster_key)
        (issue,) = issues_of_rows([found], project_id, min_sessions)
        days = await DAYS.fetch(db, project_id, issue.key, first, today)
        return issue, days, await ACTIVITIES.select(db, project_id, issue.key, START.at, START.uid, _ACTIVITIES)

    issue, days, activities = await reading_after_mutes(project_id, work, observers)
    return IssueDetail(
        **msgspec.structs.asdict(issue),
        daily=_daily(days, first),
        activity=[activity_of_row(activity) for activity in activities],
    )


def _daily(counted: Sequence[Row], first: date) -> list[IssueDay]:
    by_day = {str(row["day"])[:10]: row for row in counted}
    days = [first + timedelta(days=number) for number in range(_DAYS)]
    none = {"marker_count": 0, "session_count": 0}
    found = [(day, by_day.get(day.isoformat(), none)) for day in days]
    return [IssueDay(day, row["marker_count"], row["session_count"]) for day, row in found]


async def list_sessions(project_id: str, cluster_key: str, query: SessionsQuery) -> IssueSessions:
    """The sessions that hit an issue, latest first. One without a report card counts as pending, with confidence 0.

    Raises:
        Invalid: The cursor is none.
        NotFound: The project has no issue of that key.
    """
    after, filters = read_cursor(query.cursor), SessionFilters(query.report_status, query.min_confidence)

    fits = _reported(query) if query.report_status or query.min_confidence else None
    check_key(cluster_key)

    async def work(db: BaseDBAsyncClient) -> tuple[str, Page]:
        async def page_of(key: str) -> Page:
            async def fetch(position: Position, count: int) -> Sequence[ListedRow]:
                return await SESSIONS.select(db, project_id, key, position.at, position.uid, count)

            return await read_page(fetch, fits, time=LAST_OBSERVED, after=after, limit=query.limit)

        # Mostly the key is the issue's own, and then one statement does.
        page = await page_of(cluster_key)
        if page.rows or page.next_cursor:
            return cluster_key, page
        key = await read_key(db, project_id, cluster_key)
        return key, page if key == cluster_key else await page_of(key)

    key, page = await reading(work)
    return IssueSessions(
        cluster_key=key,
        limit=query.limit,
        filters=filters,
        sessions=sessions_of_rows(page.rows, project_id),
        next_cursor=page.next_cursor,
    )


def _reported(query: SessionsQuery) -> Callable[[ListedRow], bool]:
    status, least = query.report_status, query.min_confidence
    return lambda row: (not status or row[STATUS] == status) and row[SURE] >= least
