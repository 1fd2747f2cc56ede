"""Which clusters become issues, and when."""

import pytest

from retrospec.core.clock import now
from retrospec.core.db import transaction
from retrospec.issues.models import IssueActivity, IssueCluster
from retrospec.issues.promotion import STEP, projects_to_promote, promote
from retrospec.issues.schemas import confidence, issue_of
from tests.issues.builders import MOMENT, PROJECT, A, B, C, happened, issue, other_project

pytestmark = pytest.mark.usefixtures("database")


async def promoted(project_id: str = PROJECT, min_sessions: int = 2) -> list[tuple[str, str]]:
    async with transaction() as db:
        found = await promote(db, project_id=project_id, min_sessions=min_sessions, now=now())
    return [(cluster.project_id, cluster.key) for cluster in found]


async def candidate(key: str, sessions: int, project_id: str = PROJECT) -> None:
    await issue(
        key, sessions=sessions, project_id=project_id, state="candidate", promoted_at=None, promoted_session_count=0
    )


async def test_a_candidate_that_enough_sessions_hit_becomes_an_open_issue_once() -> None:
    await candidate(A, 2)
    await candidate(B, 1)

    assert await promoted() == [(PROJECT, A)]
    assert await promoted() == []

    raised, waiting = await IssueCluster.get(key=A), await IssueCluster.get(key=B)
    assert (raised.state, raised.promoted_session_count, waiting.state) == ("open", 2, "candidate")
    assert raised.promoted_at is not None
    assert await happened(A) == ["promoted"]
    activity = await IssueActivity.get(cluster_key=A)
    assert (activity.session_id, activity.metadata) == (f"{A}-s1", {"sessionCount": 2})


async def test_an_issue_with_new_sessions_is_updated_and_keeps_its_state() -> None:
    await issue(A, sessions=3, state="resolved", promoted_session_count=2)

    assert await promoted() == [(PROJECT, A)]

    cluster = await IssueCluster.get(key=A)
    assert (cluster.state, cluster.promoted_session_count, cluster.promoted_at) == ("resolved", 3, MOMENT)
    assert await happened(A) == []


async def test_the_projects_in_which_there_is_something_to_promote_are_known() -> None:
    other, quiet = await other_project(), await other_project("proj_quiet")
    await candidate(A, 2, other)
    await candidate(B, 2)
    await candidate(C, 2)
    await candidate(A, 1, quiet)

    assert await projects_to_promote(2) == sorted([PROJECT, other])
    assert await promoted() == [(PROJECT, B), (PROJECT, C)]
    assert await projects_to_promote(2) == [other]
    assert await promoted(other) == [(other, A)]
    assert await happened(A, other) == ["promoted"]
    assert await projects_to_promote(2) == []


async def test_a_call_takes_a_step_at_the_most() -> None:
    await IssueCluster.bulk_create(
        IssueCluster(
            project_id=PROJECT,
            key=f"k{number:04}",
            kind="api_error",
            symptom="s",
            strategy="fingerprint",
            strategy_version=1,
            session_count=2,
            first_seen_at=MOMENT,
            last_seen_at=MOMENT,
            created_at=MOMENT,
        )
        for number in range(STEP + 1)
    )

    assert await promoted() == [(PROJECT, f"k{number:04}") for number in range(STEP)]
    assert await promoted() == [(PROJECT, f"k{STEP:04}")]


async def test_confidence_grows_with_sessions_up_to_one() -> None:
    assert [confidence(count, 2) for count in (0, 1, 2, 3, 9)] == [0, 1 / 3, 2 / 3, 1, 1]
    assert issue_of(await issue(A, sessions=2), 2).confidence == 2 / 3
