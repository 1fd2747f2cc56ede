"""Splitting: two issues of one, both exact."""

import re

import pytest

from retrospec.core.errors import Conflict, Invalid, NotFound
from retrospec.issues import merging, splitting
from retrospec.issues.models import IssueCluster
from retrospec.issues.schemas import MergeOrder, SplitOrder, SplitResult
from tests.issues.builders import PROJECT, A, B, ago, assert_exact, happened, issue, other_project, session, settle

pytestmark = pytest.mark.usefixtures("database")


async def split(key: str, *sessions: str, name: str | None = None, project_id: str = PROJECT) -> SplitResult:
    return await splitting.split(project_id, key, SplitOrder(list(sessions), name, "two causes", "ben"), 2)


async def test_a_split_moves_the_sessions_and_counts_both_exactly() -> None:
    await session("s1", {A: [ago(days=3), ago(days=2)], B: [ago(days=3)]}, user="u1")
    await session("s2", {A: [ago(hours=3)]}, user="u1")
    await session("s3", {A: [ago(hours=2)]}, user="u2")
    await session("s4", {A: [ago(hours=1)]}, recorded=False)
    await settle(state="acknowledged", assignee="anna")

    result = await split(A, "s1", "s3", "s1", "unknown")

    assert re.fullmatch(re.escape(A) + r":split:[0-9a-f]{12}", result.new_cluster_key)
    assert (result.source_cluster_key, result.moved_marker_count) == (A, 3)
    source, new = result.source_cluster, result.new_cluster
    assert (source.session_count, source.user_count, source.marker_count, source.state) == (2, 1, 2, "acknowledged")
    assert (new.session_count, new.user_count, new.marker_count, new.state) == (2, 2, 3, "open")
    assert (source.first_seen_at, new.last_seen_at) == (ago(hours=3), ago(hours=2))
    assert (new.kind, new.symptom, new.strategy) == ("api_error", f"{A} in s1", "fingerprint")
    await assert_exact()


async def test_both_issues_learn_of_a_split() -> None:
    await issue(A, sessions=3)

    result = await split(A, f"{A}-s0", name="my.key")

    assert result.new_cluster_key == "my.key"
    assert await happened(A) == await happened("my.key") == ["split"]


async def test_a_split_is_no_news_for_the_next_promotion() -> None:
    await issue(A, sessions=3, muted_until_sessions=5)

    await split(A, f"{A}-s0", name="new")

    counts = await IssueCluster.all().order_by("key").values_list("key", "session_count", "promoted_session_count")
    assert list(counts) == [(A, 2, 2), ("new", 1, 1)]
    assert (await IssueCluster.get(key=A)).muted_until_sessions == 4


async def test_a_source_from_which_everything_moved_stays_with_nothing_in_it() -> None:
    await issue(A, sessions=2, state="resolved")

    result = await split(A, f"{A}-s0", f"{A}-s1")

    source = result.source_cluster
    assert (source.session_count, source.marker_count, source.representative_session_id) == (0, 0, "")
    assert (source.state, result.new_cluster.session_count) == ("resolved", 2)
    await assert_exact(empty=(A,))


async def test_the_first_sighting_before_the_oldest_session_stays_with_the_source() -> None:
    await issue(A, sessions=2, first_seen_at=ago(days=90))

    result = await split(A, f"{A}-s0")

    assert result.source_cluster.first_seen_at == ago(days=90)
    assert result.new_cluster.first_seen_at > ago(hours=3)


async def test_sessions_that_did_not_hit_the_issue_are_refused_and_leave_nothing() -> None:
    await issue(A)
    await issue(B)

    with pytest.raises(Invalid, match="none of these sessions"):
        await split(A, f"{B}-s0", "unknown")

    assert await IssueCluster.all().count() == 2
    await assert_exact()


@pytest.mark.parametrize("name", [A, B, "gone"])
async def test_a_key_that_is_taken_is_a_conflict(name: str) -> None:
    await session("both", {A: [ago(days=1)], B: [ago(days=1)]})
    await issue(A)
    await issue("gone")
    await merging.merge(PROJECT, MergeOrder(B, ["gone"]), 2)

    with pytest.raises(Conflict, match="newClusterKey"):
        await split(A, f"{A}-s0", "both", name=name)

    await assert_exact()


@pytest.mark.parametrize("name", ["a/b", "..", "stats", "x" * 201, "grün", "a b", "a\n"])
async def test_a_key_that_cannot_be_one_is_refused(name: str) -> None:
    await issue(A)

    with pytest.raises(Invalid, match="newClusterKey"):
        await split(A, f"{A}-s0", name=name)


@pytest.mark.parametrize("count", [0, 1001])
async def test_no_session_or_too_many_are_refused(count: int) -> None:
    with pytest.raises(Invalid, match="sessionIds"):
        await split(A, *(str(number) for number in range(count)))


async def test_a_made_up_key_is_never_too_long() -> None:
    await issue("k" * 200)

    assert len((await split("k" * 200, f"{'k' * 100}-s0")).new_cluster_key) == 200


async def test_another_projects_issue_is_not_found() -> None:
    await issue(A, project_id=await other_project())

    with pytest.raises(NotFound, match="issue cluster not found"):
        await split(A, f"{A}-s0")
