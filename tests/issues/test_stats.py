"""How often each kind happened lately."""

from retrospec.core.db import Database
from retrospec.issues.stats import issue_stats
from tests.issues.builders import PROJECT, A, B, ago, other_project, session


async def test_failures_of_the_last_hours_are_counted_by_kind(database: Database) -> None:
    await session("s1", {A: [ago(hours=1), ago(hours=2)], B: [ago(hours=3)], "js_exception:1": [ago(hours=4)]})
    await session("s2", {A: [ago(hours=5)], "js_exception:1": [ago(hours=30)]})
    await session("s3", {"ui_no_effect:1": [ago(hours=25)]})
    await session("s1", {"ui_no_effect:1": [ago(hours=1)]}, project_id=await other_project())

    found = await issue_stats(database, PROJECT, 24)

    assert found.lookback_hours == 24
    assert [
        (one.kind, one.marker_count, one.session_count, one.cluster_count, one.last_seen_at) for one in found.stats
    ] == [("api_error", 4, 2, 2, ago(hours=1)), ("js_exception", 1, 1, 1, ago(hours=4))]
    assert [one.kind for one in (await issue_stats(database, PROJECT, 48)).stats] == [
        "api_error",
        "js_exception",
        "ui_no_effect",
    ]


async def test_a_project_without_failures_has_none(database: Database) -> None:
    assert (await issue_stats(database, PROJECT, 24)).stats == []
