"""Where an issue stands, and how a mute ends."""

from datetime import timedelta
from typing import ClassVar

import pytest

from retrospec.core.clock import now
from retrospec.core.errors import Invalid, NotFound
from retrospec.issues import merging, queries, triage
from retrospec.issues.models import IssueActivity, IssueCluster
from retrospec.issues.mutes import end_mutes
from retrospec.issues.schemas import IssuesQuery, IssueState, MergeOrder, StateChange
from retrospec.plugin import IssueStateChanged
from retrospec.plugin.events import Event
from retrospec.plugin.observers import Observers
from tests.issues.builders import PROJECT, A, B, C, ago, happened, issue, other_project

pytestmark = pytest.mark.usefixtures("database")


async def set_state(key: str = A, **change: object) -> IssueState:
    return await triage.set_state(PROJECT, key, StateChange(**change))  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["open", "acknowledged", "resolved"])
async def test_a_state_is_kept_with_assignee_and_note(state: str) -> None:
    await issue(A)

    answer = await set_state(state=state, assignee="  anna ", note=" soon\n")

    stored = await IssueCluster.get(key=A)
    assert (answer.project_id, answer.cluster_key, answer.state) == (PROJECT, A, state)
    assert (answer.assignee, answer.note, answer.muted_until) == ("anna", "soon", None)
    assert (stored.state, stored.assignee, stored.state_note) == (state, "anna", "soon")
    assert stored.state_updated_at == answer.updated_at


@pytest.mark.parametrize("state", ["", None])
async def test_an_empty_state_means_open_and_what_is_absent_is_emptied(state: str | None) -> None:
    await issue(A, state="acknowledged", assignee="anna", state_note="soon")

    answer = await set_state(state=state)

    assert (answer.state, answer.assignee, answer.note) == ("open", "", "")


async def test_long_names_and_notes_are_cut() -> None:
    await issue(A)

    answer = await set_state(assignee="ä" * 300, note="n" * 5000)

    assert (len(answer.assignee), len(answer.note)) == (200, 4000)


async def test_a_change_is_recorded_with_what_was_before() -> None:
    await issue(A, state="resolved")

    await set_state(state="acknowledged", assignee="anna", note="again")

    activity = await IssueActivity.get(cluster_key=A)
    assert (activity.kind, activity.note) == ("state_changed", "again")
    assert activity.metadata == {"from": "resolved", "to": "acknowledged", "assignee": "anna"}


async def test_resolving_ends_regressed_and_acknowledging_does_not() -> None:
    await issue(A, regressed=True)

    await set_state(state="acknowledged")
    assert (await IssueCluster.get(key=A)).regressed

    await set_state(state="resolved")
    assert not (await IssueCluster.get(key=A)).regressed


async def test_a_mute_by_time_says_until_when() -> None:
    await issue(A)
    until = (now() + timedelta(hours=2)).replace(microsecond=0)

    answer = await set_state(state="muted", muted_until=until.isoformat().replace("+00:00", "Z"))

    assert (answer.state, answer.muted_until, answer.muted_until_sessions) == ("muted", until, None)


async def test_a_mute_by_sessions_counts_from_those_there_are() -> None:
    await issue(A, sessions=3)

    assert (await set_state(state="muted", muted_sessions=5)).muted_until_sessions == 8


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"muted_until": ""},
        {"muted_until": "2020-01-01T00:00:00Z"},
        {"muted_until": "tomorrow"},
        {"muted_until": "2090-01-01T00:00:00"},
        {"muted_until": "9999-12-31T23:59:59-14:00"},
    ],
)
async def test_a_mute_without_an_end_to_come_is_refused_by_name(change: dict[str, str]) -> None:
    await issue(A)

    with pytest.raises(Invalid, match="mutedUntil"):
        await set_state(state="muted", **change)

    assert (await IssueCluster.get(key=A)).state == "open"


async def test_leaving_a_mute_forgets_when_it_would_have_ended() -> None:
    await issue(A, state="muted", muted_until=ago(days=-1), muted_until_sessions=9)

    answer = await set_state(state="open", muted_until="2090-01-01T00:00:00Z", muted_sessions=3)

    stored = await IssueCluster.get(key=A)
    assert (answer.muted_until, stored.muted_until, stored.muted_until_sessions) == (None, None, None)


async def test_a_mute_whose_time_has_come_is_over_and_recorded() -> None:
    other = await other_project()
    await issue(A, state="muted", muted_until=ago(minutes=1))
    await issue(B, state="muted", muted_until=ago(days=-1))
    await issue("c", state="muted", muted_until_sessions=100)
    await issue(A, project_id=other, state="muted", muted_until=ago(minutes=1))

    assert await end_mutes(PROJECT) == 1
    assert (await IssueCluster.get(project_id=other, key=A)).state == "muted"
    assert await end_mutes() == 1
    assert await end_mutes() == 0

    states = await IssueCluster.all().order_by("uid").values_list("key", "state", "muted_until")
    assert [(key, state) for key, state, _ in states] == [(A, "open"), (B, "muted"), ("c", "muted"), (A, "open")]
    assert await happened(A) == await happened(A, other) == ["unmuted"]


async def test_observers_hear_of_each_move_to_another_state_and_of_no_other() -> None:
    class Listening(Observers):
        heard: ClassVar[list[Event]] = []

        def tell(self, event: Event) -> None:
            self.heard.append(event)

    listening = Listening()
    await issue(A, assignee="anna")
    await issue(B, state="muted", muted_until=ago(minutes=1))
    await triage.set_state(PROJECT, A, StateChange(state="acknowledged", assignee="ben"), listening)
    await triage.set_state(PROJECT, A, StateChange(state="acknowledged", note="still"), listening)
    await queries.list_issues(PROJECT, IssuesQuery(), 2, listening)

    moves = [event for event in listening.heard if isinstance(event, IssueStateChanged)]
    assert [(one.cluster_key, one.former, one.state, one.reason, one.assignee) for one in moves] == [
        (A, "open", "acknowledged", "set", "ben"),
        (B, "muted", "open", "mute_ended", ""),
    ]
    assert moves == listening.heard


async def test_reading_ends_mutes_that_are_over() -> None:
    await issue(A, state="muted", muted_until=ago(minutes=1))
    await issue(B, state="muted", muted_until=ago(minutes=1))

    listed = await queries.list_issues(PROJECT, IssuesQuery(state="open"), 2)
    await IssueCluster.filter(key=A).update(state="muted", muted_until=ago(minutes=1))
    read = await queries.get_issue(PROJECT, A, 2)

    assert {one.key for one in listed.issues} == {A, B}
    assert (read.state, read.muted_until) == ("open", None)


@pytest.mark.parametrize(
    "query",
    [IssuesQuery(), IssuesQuery(q="symptom"), IssuesQuery(kind="api_error"), IssuesQuery(state="active", limit=2)],
)
async def test_a_mute_that_is_over_hides_nothing_from_a_list(query: IssuesQuery) -> None:
    await issue(A, last_seen_at=ago(minutes=1))
    await issue(B, state="muted", muted_until=ago(minutes=1), last_seen_at=ago(minutes=2))

    listed = await queries.list_issues(PROJECT, query, 2)

    assert [(one.key, one.state) for one in listed.issues] == [(A, "open"), (B, "open")]


async def test_a_page_goes_on_where_a_mute_ended_meanwhile() -> None:
    for number, key in enumerate((A, B, C)):
        await issue(key, last_seen_at=ago(minutes=number))
    first = await queries.list_issues(PROJECT, IssuesQuery(limit=1), 2)
    await IssueCluster.filter(key=C).update(state="muted", muted_until=ago(minutes=1))

    rest = await queries.list_issues(PROJECT, IssuesQuery(cursor=first.next_cursor), 2)

    assert [one.key for one in rest.issues] == [B, C]


async def test_a_merged_key_sets_the_state_of_its_target() -> None:
    await issue(A)
    await issue(B)
    await merging.merge(PROJECT, MergeOrder(A, [B]), 2)

    assert (await set_state(B, state="resolved")).cluster_key == A


async def test_another_projects_issue_is_not_found() -> None:
    await issue(A, project_id=await other_project())

    with pytest.raises(NotFound, match="issue cluster not found"):
        await set_state(state="resolved")

    assert not await IssueActivity.exists()
