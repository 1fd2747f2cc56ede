"""Reading issues: the list, one of them, and its sessions."""

from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement, read_time
from retrospec.core.errors import Invalid
from retrospec.issues.lookup import find_issue
from retrospec.issues.models import ClusterDay, IssueActivity, IssueCluster
from retrospec.issues.mutes import end_mutes
from retrospec.issues.paging import Position, read_cursor, write_cursor
from retrospec.issues.schemas import (
    IssueDay,
    IssueDetail,
    IssueList,
    IssueSession,
    IssueSessions,
    IssuesQuery,
    SessionFilters,
    SessionsQuery,
    activity_of,
    issue_fields,
    issue_of,
)

STATES = {
    "": ("open", "acknowledged", "resolved", "muted"),
    "active": ("open", "acknowledged"),
}
_DAYS = 14
_ACTIVITIES = 100


async def list_issues(project_id: str, query: IssuesQuery, min_sessions: int) -> IssueList:
    """A page of a project's issues, latest seen first.

    The search ignores case: of every letter on PostgreSQL, of A to Z only on SQLite.

    Args:
        project_id: Whose issues.
        query: Which of them.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.

    Raises:
        Invalid: The cursor is none, or the search holds U+0000.
    """
    if "\0" in query.q:
        raise Invalid("query parameter q: holds U+0000", detail="q")
    after = read_cursor(query.cursor)
    await end_mutes(project_id)
    found: list[IssueCluster] = []
    # Each state by itself: the index gives its latest in order, so a page reads a page of each and no more.
    for state in STATES.get(query.state, (query.state,)):
        found += await page_of_state(project_id, state, query, after)
    found.sort(key=lambda issue: (issue.last_seen_at, issue.uid), reverse=True)
    page = found[: query.limit]
    more = len(found) > len(page)
    return IssueList(
        issues=[issue_of(issue, min_sessions) for issue in page],
        state=query.state,
        next_cursor=write_cursor(Position(page[-1].last_seen_at, page[-1].uid)) if more else "",
    )


def page_of_state(project_id: str, state: str, query: IssuesQuery, after: Position | None) -> QuerySet[IssueCluster]:
    """The issues of one state that follow a position, one more than the page holds."""
    issues = IssueCluster.filter(project_id=project_id, state=state)
    if after:
        # The first condition bounds the index; the second is exact.
        issues = issues.filter(last_seen_at__lte=after.last_seen_at).filter(
            Q(last_seen_at__lt=after.last_seen_at) | Q(uid__lt=after.uid)
        )
    if query.kind:
        issues = issues.filter(kind=query.kind)
    if query.q:
        issues = issues.filter(Q(symptom__icontains=query.q) | Q(key__icontains=query.q))
    return issues.order_by("-last_seen_at", "-uid").limit(query.limit + 1)


async def get_issue(project_id: str, cluster_key: str, min_sessions: int) -> IssueDetail:
    """One issue, its last 14 days and its latest activities.

    Raises:
        NotFound: The project has no issue of that key.
    """
    await end_mutes(project_id)
    issue = await find_issue(project_id, cluster_key)
    activity = IssueActivity.filter(project_id=project_id, cluster_key=issue.key)
    return IssueDetail(
        **issue_fields(issue, min_sessions),
        daily=await _daily(issue, now()),
        activity=[activity_of(row) for row in await activity.order_by("-created_at", "-uid").limit(_ACTIVITIES)],
    )


async def _daily(issue: IssueCluster, moment: datetime) -> list[IssueDay]:
    days = [moment.date() - timedelta(days=back) for back in reversed(range(_DAYS))]
    counted = await ClusterDay.filter(
        project_id=issue.project_id, cluster_key=issue.key, day__gte=days[0], day__lte=days[-1]
    )
    by_day = {row.day: IssueDay(row.day, row.marker_count, row.session_count) for row in counted}
    return [by_day.get(day) or IssueDay(day, 0, 0) for day in days]


SESSIONS = Statement("""
    SELECT m.session_id, m.project_id, s.site, s.route, s.started_at, s.duration_ms, m.last_observed_at,
           m.marker_count, coalesce(c.status, 'pending') AS report_status,
           coalesce(c.confidence, 0) AS report_confidence, coalesce(c.symptom, '') AS report_symptom
    FROM cluster_members m
    JOIN sessions s ON s.project_id = m.project_id AND s.session_id = m.session_id
    LEFT JOIN session_report_cards c ON c.project_id = m.project_id AND c.session_id = m.session_id
    WHERE m.project_id = $1 AND m.cluster_key = $2
      AND ($3 = '' OR coalesce(c.status, 'pending') = $3) AND coalesce(c.confidence, 0) >= $4
    ORDER BY m.last_observed_at DESC, m.uid DESC LIMIT $5
""")


async def list_sessions(database: Database, project_id: str, cluster_key: str, query: SessionsQuery) -> IssueSessions:
    """The sessions that hit an issue, latest first. One without a report card counts as pending, with confidence 0.

    Raises:
        NotFound: The project has no issue of that key.
    """
    issue = await find_issue(project_id, cluster_key)
    found = await SESSIONS.fetch(
        database.connection, project_id, issue.key, query.report_status, query.min_confidence, query.limit
    )
    times = ("started_at", "last_observed_at")
    sessions = [IssueSession(**row | {name: read_time(row[name]) for name in times}) for row in found]
    return IssueSessions(issue.key, query.limit, SessionFilters(query.report_status, query.min_confidence), sessions)
