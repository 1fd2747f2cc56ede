"""How often each kind happened lately."""

from retrospec.core.db import Database
from retrospec.issues.kinds import hour_of
from retrospec.issues.models import KindHour
from retrospec.issues.stats import issue_stats
from tests.client import Client, Json, marker, wire
from tests.issues.builders import PROJECT, A, B, ago, assert_kinds_exact, other_project, session, settle

HOUR = 3_600_000


async def test_failures_of_the_last_hours_are_counted_by_kind(database: Database) -> None:
    await session("s1", {A: [ago(hours=1), ago(hours=2)], B: [ago(hours=3)], "js_exception:1": [ago(hours=4)]})
    await session("s2", {A: [ago(hours=5)], "js_exception:1": [ago(hours=30)]})
    await session("s3", {"ui_no_effect:1": [ago(hours=25)]})
    other = await other_project()
    await session("s1", {"ui_no_effect:1": [ago(hours=1)]}, project_id=other)
    await settle()
    await settle(other)

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


async def test_a_session_counts_once_however_often_it_is_sent(client: Client) -> None:
    started = wire(ago(hours=30))
    await client.ingest("s1", marker("a"), marker("b", replayOffsetMs=HOUR), startedAt=started)
    await client.ingest("s1", marker("c", replayOffsetMs=29 * HOUR), startedAt=started)
    await client.ingest("s2", marker("a"), startedAt=started)

    assert await counted(client, hours=3) == {"api_error": (1, 1, 1)}
    assert await counted(client, hours=48) == {"api_error": (4, 2, 1)}
    await assert_kinds_exact()


async def test_a_marker_that_becomes_another_one_is_not_counted_twice(client: Client) -> None:
    started = wire(ago(hours=5))
    await client.ingest("s1", marker("a"), marker("b", replayOffsetMs=HOUR), startedAt=started)

    await client.ingest("s1", marker("b", replayOffsetMs=2 * HOUR, kind="js_exception"), startedAt=started)

    assert await counted(client) == {"api_error": (1, 1, 1), "js_exception": (1, 1, 1)}
    await assert_kinds_exact()


async def test_what_is_removed_merged_or_split_is_counted_as_it_is_then(client: Client) -> None:
    await client.ingest("s1", marker("a"), marker("b", label="GET /api/cart -> 404"), startedAt=wire(ago(hours=7)))
    latest = marker("a", replayOffsetMs=60_000)
    answer = await client.ingest("s2", latest, marker("b", label="GET /api/cart -> 404"), startedAt=wire(ago(hours=7)))
    await client.ingest("s3", latest, startedAt=wire(ago(hours=2)))
    one, other = sorted({shown["clusterKey"] for shown in answer["session"]["markers"]})

    await client.post("/v1/issues/merge", {"targetClusterKey": one, "sourceClusterKeys": [other]}, 202)
    assert await counted(client) == {"api_error": (5, 3, 1)}
    await client.post(f"/v1/issues/{one}/split", {"sessionIds": ["s3"]}, 202)
    assert await counted(client) == {"api_error": (5, 3, 2)}
    await assert_kinds_exact()

    await client.delete("/v1/sessions/s3")
    await client.delete("/v1/sessions/s2")
    assert await counted(client) == {"api_error": (2, 1, 1)}
    await assert_kinds_exact()


async def counted(client: Client, hours: int = 24) -> dict[str, tuple[int, int, int]]:
    """Markers, sessions and clusters by kind."""
    found: list[Json] = (await client.get("/v1/issues/stats", hours=hours))["stats"]
    return {one["kind"]: (one["markerCount"], one["sessionCount"], one["clusterCount"]) for one in found}


async def test_a_cleanup_forgets_the_hours_that_nobody_can_ask_for(client: Client) -> None:
    await client.ingest("old", marker("a"), startedAt=wire(ago(hours=722)))
    await client.ingest("new", marker("a"), startedAt=wire(ago(hours=719)))

    await client.post("/v1/maintenance/cleanup")

    assert [row.hour for row in await KindHour.all()] == [hour_of(ago(hours=719))]
    assert await counted(client, hours=720) == {"api_error": (1, 1, 1)}
