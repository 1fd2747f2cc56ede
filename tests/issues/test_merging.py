"""Merging: one issue of several, exact, and for good."""

import pytest

from retrospec.core.db import Database
from retrospec.core.errors import Invalid, NotFound
from retrospec.issues import feedback, merging, queries
from retrospec.issues.models import ClusterAlias, IssueActivity, IssueCluster
from retrospec.issues.schemas import FeedbackGiven, MergeOrder, MergeResult
from tests.issues.builders import PROJECT, A, B, C, ago, assert_exact, happened, issue, other_project, session, settle

pytestmark = pytest.mark.usefixtures("database")


async def merge(target: str, *sources: str, project_id: str = PROJECT) -> MergeResult:
    return await merging.merge(project_id, MergeOrder(target, list(sources), note=" same cause "), 2)


async def test_a_merge_moves_everything_and_counts_exactly() -> None:
    await session("both", {A: [ago(days=3), ago(days=1)], B: [ago(days=2)]}, user="u1")
    await session("first", {A: [ago(hours=5)]}, user="u2")
    await session("second", {B: [ago(hours=2), ago(hours=1)]}, user="u2", recorded=False)
    await session("third", {C: [ago(days=5)], B: [ago(days=4)]}, user="u3")
    await settle()

    result = await merge(A, B, C)

    assert (result.target_cluster_key, result.source_cluster_keys, result.moved_marker_count) == (A, [B, C], 5)
    target = result.target_cluster
    assert (target.session_count, target.user_count, target.marker_count) == (4, 3, 8)
    assert (target.first_seen_at, target.last_seen_at) == (ago(days=5), ago(hours=1))
    assert target.representative_session_id == "first"
    await assert_exact()


async def test_the_target_keeps_its_triage_state_and_learns_of_the_merge() -> None:
    await issue(A, state="acknowledged", assignee="anna", state_note="looking")
    await issue(B, state="resolved")
    await feedback.give_feedback(PROJECT, B, FeedbackGiven("true_positive"))

    result = await merge(A, B)

    target = result.target_cluster
    assert (target.state, target.assignee, target.state_note) == ("acknowledged", "anna", "looking")
    assert await happened(A) == ["true_positive", "merge"]
    activity = await IssueActivity.get(kind="merge")
    assert (activity.note, activity.created_by) == ("same cause", "dashboard")
    assert activity.metadata == {"sources": [B], "movedMarkerCount": 2}


async def test_a_merged_key_means_the_target_also_over_several_merges() -> None:
    for key in (A, B, C):
        await issue(key)

    await merge(B, C)
    await merge(A, B)

    assert {alias.source_key: alias.target_key for alias in await ClusterAlias.all()} == {B: A, C: A}
    assert (await queries.get_issue(PROJECT, C, 2)).key == A
    assert (await merge(A, C)).moved_marker_count == 0
    assert await happened(A) == ["merge", "merge"]
    await assert_exact()


async def test_a_merge_into_a_merged_key_goes_to_its_target() -> None:
    for key in (A, B, C):
        await issue(key)
    await merge(A, B)

    assert (await merge(B, C)).target_cluster_key == A
    await assert_exact()


async def test_a_merge_is_no_reason_to_end_a_mute_or_to_promote_again() -> None:
    await issue(A, state="muted", muted_until_sessions=5)
    await issue(B, sessions=4)

    await merge(A, B)

    target = await IssueCluster.get(key=A)
    assert (target.session_count, target.muted_until_sessions, target.promoted_session_count) == (6, 9, 6)


async def test_candidates_become_an_issue_by_a_merge() -> None:
    for key in (A, B):
        await issue(key, sessions=1, state="candidate", promoted_at=None, promoted_session_count=0)

    target = (await merge(A, B, B)).target_cluster

    assert (target.state, target.session_count, target.confidence) == ("open", 2, 2 / 3)


async def test_the_first_sighting_may_lie_before_the_oldest_session_kept() -> None:
    await issue(A)
    await issue(B, first_seen_at=ago(days=90))

    assert (await merge(A, B)).target_cluster.first_seen_at == ago(days=90)


@pytest.mark.parametrize("sources", [[], [A], [B, A], [f"api_error:{n:016x}" for n in range(101)]])
async def test_no_source_the_target_itself_or_too_many_are_refused(sources: list[str]) -> None:
    for key in (A, B):
        await issue(key)

    with pytest.raises(Invalid, match="sourceClusterKeys"):
        await merge(A, *sources)

    await assert_exact()


@pytest.mark.parametrize(("target", "source"), [(A, C), (C, A), (A, "a\0b")])
async def test_an_unknown_key_is_not_found_and_nothing_moves(target: str, source: str) -> None:
    for key in (A, B):
        await issue(key)

    with pytest.raises(NotFound, match="issue cluster not found"):
        await merge(target, B, source)

    assert await IssueCluster.all().count() == 2
    await assert_exact()


async def test_merges_of_two_projects_never_meet(database: Database) -> None:
    other = await other_project()
    for project_id in (PROJECT, other):
        await issue(A, project_id=project_id)
        await issue(B, project_id=project_id)

    await merge(A, B, project_id=other)

    assert await IssueCluster.filter(project_id=PROJECT).count() == 2
    assert not await ClusterAlias.filter(project_id=PROJECT).exists()
    await assert_exact()
    await assert_exact(other)
