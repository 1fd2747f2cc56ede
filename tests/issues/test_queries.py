"""Reading issues: what is shown, in which order, and in which pages."""

from datetime import timedelta
from itertools import pairwise

import pytest

from retrospec.core.db import Database
from retrospec.core.errors import Invalid, NotFound
from retrospec.issues import queries
from retrospec.issues.models import ClusterDay, IssueActivity
from retrospec.issues.schemas import IssueSession, IssuesQuery, SessionsQuery
from tests.issues.builders import PROJECT, A, B, C, ago, card, issue, other_project, session, settle

pytestmark = pytest.mark.usefixtures("database")


async def keys(project_id: str = PROJECT, **query: object) -> list[str]:
    found = await queries.list_issues(project_id, IssuesQuery(**query), 2)  # type: ignore[arg-type]
    return [one.key for one in found.issues]


async def some_issues() -> None:
    for hours, (key, state) in enumerate(
        [("a:1", "open"), ("b:2", "resolved"), ("a:3", "acknowledged"), ("a:4", "muted"), ("a:5", "open")], start=1
    ):
        await issue(key, state=state, last_seen_at=ago(hours=hours))
    await issue("a:6", state="candidate", promoted_at=None)


async def test_issues_come_latest_seen_first_and_candidates_never() -> None:
    await some_issues()

    assert await keys() == ["a:1", "b:2", "a:3", "a:4", "a:5"]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("open", ["a:1", "a:5"]),
        ("acknowledged", ["a:3"]),
        ("resolved", ["b:2"]),
        ("muted", ["a:4"]),
        ("active", ["a:1", "a:3", "a:5"]),
    ],
)
async def test_a_state_shows_its_issues_and_is_echoed(state: str, shown: list[str]) -> None:
    await some_issues()

    found = await queries.list_issues(PROJECT, IssuesQuery(state=state), 2)  # type: ignore[arg-type]

    assert ([one.key for one in found.issues], found.state) == (shown, state)


@pytest.mark.parametrize("state", ["", "active", "open"])
async def test_pages_show_every_issue_once_also_those_seen_at_the_same_moment(state: str) -> None:
    for number in range(7):
        await issue(f"x:{number}", state="open" if number % 2 else "acknowledged", last_seen_at=ago(hours=number // 3))
    whole = await keys(state=state)
    seen, cursor, pages = [], "", 0

    while True:
        query = IssuesQuery(state=state, limit=2, cursor=cursor)  # type: ignore[arg-type]
        page = await queries.list_issues(PROJECT, query, 2)
        seen += [one.key for one in page.issues]
        cursor, pages = page.next_cursor, pages + 1
        if not cursor:
            break

    assert seen == whole
    assert len(set(seen)) == (3 if state == "open" else 7)
    assert pages == (len(seen) + 1) // 2


@pytest.mark.parametrize("cursor", ["x", "!!!", "MjAyNg", "ünicode", "MjAyNi0wMS0wMXwx" * 40, "MjAyNi0wMS0wMXwx"])
async def test_what_is_no_cursor_is_refused_by_name(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        await keys(cursor=cursor)


async def test_the_search_finds_parts_of_symptom_and_key_and_takes_wildcards_as_letters() -> None:
    await issue("a:1", symptom="Paying 100% failed_now \\ again")
    await issue("b:2", symptom="Überweisung abgelehnt", last_seen_at=ago(days=1))

    for text in ("PAYING", "100%", "d_n", "\\ a", "A:1"):
        assert await keys(q=text) == ["a:1"], text
    for text in ("überweisung", "ÜBER", "B:"):
        assert await keys(q=text) == ["b:2"], text
    for text in ("1%f", "a_1", "%%", "nowhere"):
        assert await keys(q=text) == [], text


async def test_a_search_that_no_database_can_hold_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="parameter q"):
        await keys(q="a\0b")


async def test_issues_of_one_kind_can_be_asked_for() -> None:
    await issue(A)
    await issue("js_exception:1")

    assert await keys(kind="js_exception") == ["js_exception:1"]


async def test_an_issue_shows_its_last_fourteen_days_with_the_empty_ones() -> None:
    await session("old", {A: [ago(days=20), ago(days=3), ago(days=3)]})
    await session("new", {A: [ago(days=3)]})
    await settle()
    await ClusterDay.create(project_id=PROJECT, cluster_key=B, day=ago(days=1).date(), marker_count=9, session_count=9)

    daily = (await queries.get_issue(PROJECT, A, 2)).daily

    assert len(daily) == 14
    assert all(later.day - earlier.day == timedelta(days=1) for earlier, later in pairwise(daily))
    assert [(one.day, one.marker_count, one.session_count) for one in daily if one.marker_count] == [
        (ago(days=3).date(), 3, 1)
    ]


async def test_an_issue_shows_its_latest_hundred_activities_newest_first() -> None:
    await issue(A)
    await issue(B)
    for number in range(102):
        await IssueActivity.create(
            id=str(number), project_id=PROJECT, cluster_key=A, kind="regressed", created_at=ago(hours=200 - number)
        )
    await IssueActivity.create(id="other", project_id=PROJECT, cluster_key=B, kind="regressed", created_at=ago(hours=1))

    activity = (await queries.get_issue(PROJECT, A, 2)).activity

    assert [one.id for one in activity] == [str(number) for number in range(101, 1, -1)]


@pytest.mark.parametrize("key", [C, "", "a\0b", "x" * 5000, "%"])
async def test_an_unknown_key_is_not_found(key: str) -> None:
    await issue(A)

    with pytest.raises(NotFound, match="issue cluster not found"):
        await queries.get_issue(PROJECT, key, 2)


async def test_a_candidate_is_no_issue_yet() -> None:
    await issue(A, state="candidate")

    with pytest.raises(NotFound):
        await queries.get_issue(PROJECT, A, 2)


async def test_two_projects_never_see_each_others_issues(database: Database) -> None:
    other = await other_project()
    await issue(A)
    await issue(A, project_id=other, symptom="theirs", sessions=3)
    await issue(B, project_id=other)

    assert await keys() == [A]
    assert (await queries.get_issue(PROJECT, A, 2)).session_count == 2
    assert len((await queries.list_sessions(PROJECT, A, SessionsQuery())).sessions) == 2
    with pytest.raises(NotFound):
        await queries.get_issue(PROJECT, B, 2)


class TestSessionsOfAnIssue:
    """`GET /v1/issues/{clusterKey}/sessions`."""

    @pytest.fixture(autouse=True)
    async def _sessions(self, database: Database) -> None:
        self.database = database
        for hours, session_id in enumerate(["none", "waiting", "ready", "doubtful", "failed"], start=1):
            await session(session_id, {A: [ago(days=1), ago(hours=hours)]})
        await session("elsewhere", {B: [ago(hours=1)]})
        await settle()
        await card("waiting", "pending", 0)
        await card("ready", "ready", 0.9)
        await card("doubtful", "discarded", 0.4)
        await card("failed", "failed", 0)

    async def listed(self, **query: object) -> list[IssueSession]:
        found = await queries.list_sessions(PROJECT, A, SessionsQuery(**query))  # type: ignore[arg-type]
        return found.sessions

    async def test_they_come_latest_first_with_their_reports(self) -> None:
        found = await self.listed()

        assert [one.session_id for one in found] == ["none", "waiting", "ready", "doubtful", "failed"]
        first, third = found[0], found[2]
        assert (first.report_status, first.report_confidence, first.report_symptom) == ("pending", 0, "")
        assert (third.report_status, third.report_confidence) == ("ready", 0.9)
        assert third.report_symptom == "report of ready"
        assert (third.marker_count, third.last_observed_at) == (2, ago(hours=3))
        assert (third.site, third.route, third.duration_ms) == ("shop.example", "/checkout", 1_000)
        assert third.started_at == ago(days=1)

    async def test_one_without_a_card_counts_as_pending(self) -> None:
        assert [one.session_id for one in await self.listed(report_status="pending")] == ["none", "waiting"]

    @pytest.mark.parametrize(("least", "shown"), [(0.0, 5), (0.01, 2), (0.4, 2), (0.41, 1), (0.9, 1), (1.0, 0)])
    async def test_the_least_confidence_is_included(self, least: float, shown: int) -> None:
        assert len(await self.listed(min_confidence=least)) == shown

    async def test_filters_and_limit_apply_together(self) -> None:
        assert await self.listed(report_status="ready", min_confidence=0.95) == []
        assert [one.session_id for one in await self.listed(limit=1)] == ["none"]

    async def test_the_filters_are_echoed(self) -> None:
        query = SessionsQuery(limit=7, report_status="ready", min_confidence=0.5)

        found = await queries.list_sessions(PROJECT, A, query)

        assert (found.cluster_key, found.limit) == (A, 7)
        assert (found.filters.report_status, found.filters.min_confidence) == ("ready", 0.5)

    async def test_pages_follow_each_other_with_the_same_filters(self) -> None:
        first = await queries.list_sessions(PROJECT, A, SessionsQuery(limit=2))
        second = await queries.list_sessions(PROJECT, A, SessionsQuery(limit=2, cursor=first.next_cursor))
        third = await queries.list_sessions(PROJECT, A, SessionsQuery(limit=2, cursor=second.next_cursor))

        pages = [[one.session_id for one in page.sessions] for page in (first, second, third)]
        assert pages == [["none", "waiting"], ["ready", "doubtful"], ["failed"]]
        assert third.next_cursor == ""

        pending = await queries.list_sessions(PROJECT, A, SessionsQuery(limit=1, report_status="pending"))
        rest = SessionsQuery(limit=5, report_status="pending", cursor=pending.next_cursor)
        found = await queries.list_sessions(PROJECT, A, rest)
        assert ([one.session_id for one in found.sessions], found.next_cursor) == (["waiting"], "")

    async def test_what_is_no_cursor_is_refused_by_name(self) -> None:
        with pytest.raises(Invalid, match="cursor"):
            await self.listed(cursor="x")
