"""What people think of issues, kept as they said it."""

import pytest

from retrospec.core.errors import Invalid, NotFound
from retrospec.issues import merging, splitting
from retrospec.issues.feedback import KINDS, give_feedback, list_feedback
from retrospec.issues.models import IssueActivity
from retrospec.issues.schemas import FeedbackGiven, FeedbackQuery, MergeOrder, SplitOrder
from tests.issues.builders import PROJECT, A, B, issue, other_project

pytestmark = pytest.mark.usefixtures("database")


async def test_feedback_is_kept_as_given() -> None:
    await issue(A)
    metadata = {"b": [1, {"deep": None}], "a": 1e308, "big": 10**30, "ü": "😀", "half": -0.5}
    given = FeedbackGiven("false_positive", f"{A}-s0", "  not ours ", metadata, " anna ")

    answer = await give_feedback(PROJECT, A, given)

    assert (await list_feedback(PROJECT, A, FeedbackQuery(50))).events == [answer]
    assert (answer.project_id, answer.cluster_key, answer.session_id) == (PROJECT, A, f"{A}-s0")
    assert (answer.feedback_kind, answer.note, answer.created_by) == ("false_positive", "not ours", "anna")
    assert answer.metadata == metadata
    assert list(answer.metadata) == list(metadata)


async def test_what_is_absent_is_empty_and_the_dashboard_said_it() -> None:
    await issue(A)

    answer = await give_feedback(PROJECT, A, FeedbackGiven("invalid", created_by="  "))

    assert (answer.session_id, answer.note, answer.metadata, answer.created_by) == ("", "", {}, "dashboard")


async def test_long_texts_are_cut() -> None:
    await issue(A)

    answer = await give_feedback(PROJECT, A, FeedbackGiven("invalid", note="n" * 5000, created_by="c" * 300))

    assert (len(answer.note), len(answer.created_by)) == (4000, 200)


async def test_metadata_has_a_limit() -> None:
    await issue(A)

    with pytest.raises(Invalid, match="metadata"):
        await give_feedback(PROJECT, A, FeedbackGiven("invalid", metadata={"a": "x" * 65_536}))

    assert not await IssueActivity.exists()


async def test_the_list_is_newest_first_and_holds_feedback_only() -> None:
    await issue(A, sessions=3)
    await issue(B)
    await IssueActivity.create(id="x", project_id=PROJECT, cluster_key=A, kind="regressed", created_at="2026-01-01")
    for kind in KINDS:
        await give_feedback(PROJECT, A, FeedbackGiven(kind))  # type: ignore[arg-type]
    await merging.merge(PROJECT, MergeOrder(A, [B]), 2)
    await splitting.split(PROJECT, A, SplitOrder([f"{A}-s0"]), 2)

    listed = await list_feedback(PROJECT, A, FeedbackQuery(200))

    assert [one.feedback_kind for one in listed.events] == ["split", "merge", *reversed(KINDS)]
    first = await list_feedback(PROJECT, A, FeedbackQuery(2))
    assert first.events == listed.events[:2]
    assert (await list_feedback(PROJECT, A, FeedbackQuery(200, first.next_cursor))).events == listed.events[2:]
    assert (listed.cluster_key, listed.limit) == (A, 200)


async def test_feedback_about_an_unknown_session_or_issue_is_not_found() -> None:
    other = await other_project()
    await issue(A)
    await issue(B, project_id=other)

    for session_id in (f"{B}-s0", "x" * 129):
        with pytest.raises(NotFound, match="session not found"):
            await give_feedback(PROJECT, A, FeedbackGiven("invalid", session_id))
    with pytest.raises(NotFound, match="issue cluster not found"):
        await give_feedback(PROJECT, B, FeedbackGiven("invalid"))
    with pytest.raises(NotFound, match="issue cluster not found"):
        await list_feedback(PROJECT, B, FeedbackQuery(50))
