"""Ingesting over HTTP: what is stored, what is counted, and what the same request does a second time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.client import Client, MakeClient, marker, wire


async def test_a_session_comes_back_as_it_was_sent(client: Client) -> None:
    key = await client.upload("s1")

    answer = await client.ingest("s1", marker(), eventsObjectKey=key, release="1.2", tags={"plan": "pro", "beta": True})

    session = answer["session"]
    assert (session["id"], session["projectId"], session["route"]) == ("s1", "proj_default", "/checkout")
    assert (session["durationMs"], session["eventsObjectKey"]) == (4200, key)
    assert session["tags"] == {"plan": "pro", "beta": True}
    assert session["artifacts"] == []
    assert session["reportCard"]["status"] == "pending"
    stored = (await client.get("/v1/sessions/s1"))["session"]
    assert stored["markers"] == session["markers"]
    assert stored["createdAt"] == session["createdAt"]


async def test_the_answer_names_every_field_of_the_contract(client: Client) -> None:
    answer = await client.ingest("s1")

    assert set(answer) == {
        "session",
        "queueError",
        "analysisQueueError",
        "promotedCount",
        "promoteError",
        "alertsSent",
        "alertErrors",
    }
    assert (answer["queueError"], answer["promoteError"], answer["promotedCount"]) == ("", "", 0)


async def test_the_same_request_again_changes_nothing(make_client: MakeClient) -> None:
    client = await make_client(embedded_worker=False)
    markers = [marker("a"), marker("b", label="TypeError: x is undefined", kind="js_exception", replayOffsetMs=5)]
    for number in range(3):
        await client.recorded(f"s{number}", *markers, userId=f"u{number}")
    started = wire(datetime.now(UTC) - timedelta(minutes=9))
    key = await client.upload("again")
    sent = {"startedAt": started, "eventsObjectKey": key, "userId": "u1"}
    first = await client.ingest("again", *markers, **sent)
    before = await client.get("/v1/issues")
    health = await client.admin("GET", "/v1/admin/queue-health")

    second = await client.ingest("again", *markers, **sent)

    assert second["session"]["markers"] == first["session"]["markers"]
    assert second["promotedCount"] == 0
    assert await client.get("/v1/issues") == before
    assert (await client.admin("GET", "/v1/admin/queue-health"))["replay"] == health["replay"]


async def test_markers_without_ids_are_not_doubled_by_sending_them_again(client: Client) -> None:
    unnamed = {name: value for name, value in marker().items() if name != "id"}
    await client.ingest("s1", unnamed, unnamed)

    again = await client.ingest("s1", unnamed, unnamed)

    assert len(again["session"]["markers"]) == 2


async def test_a_later_flush_replaces_fields_and_adds_markers(client: Client) -> None:
    await client.ingest("s1", marker("a"), durationMs=1000, route="/a")

    later = await client.ingest("s1", marker("b", replayOffsetMs=100), durationMs=61_000, route="/b")

    session = later["session"]
    assert (session["durationMs"], session["route"]) == (61_000, "/b")
    assert [one["id"] for one in session["markers"]] == ["b", "a"]


async def test_a_later_flush_without_a_recording_keeps_the_one_there_is(client: Client) -> None:
    first = await client.recorded("s1", marker())

    later = await client.ingest("s1", eventsObjectKey="")

    assert later["session"]["eventsObjectKey"] == first["session"]["eventsObjectKey"]


async def test_a_marker_whose_failure_changes_moves_to_the_other_cluster(client: Client) -> None:
    other = marker("m1", label="GET /api/cart -> 404")
    for session in ("s1", "s2"):
        await client.ingest(session, marker("m1"))
    old = (await client.get("/v1/issues"))["issues"][0]["key"]

    for session in ("s1", "s2"):
        await client.ingest(session, other)

    issues = {issue["key"]: issue for issue in (await client.get("/v1/issues"))["issues"]}
    assert issues[old]["sessionCount"] == 0
    assert sorted(issue["sessionCount"] for issue in issues.values()) == [0, 2]


async def test_two_sessions_make_an_issue(client: Client) -> None:
    first = await client.ingest("s1", marker())

    second = await client.ingest("s2", marker())

    assert (first["promotedCount"], second["promotedCount"]) == (0, 1)
    (issue,) = (await client.get("/v1/issues"))["issues"]
    assert (issue["sessionCount"], issue["state"], issue["symptom"]) == (2, "open", "POST /api/orders -> 500")
    assert issue["confidence"] == pytest.approx(2 / 3)
    assert issue["key"] == second["session"]["markers"][0]["clusterKey"]


async def test_without_promotion_on_ingest_nothing_is_an_issue_until_asked(make_client: MakeClient) -> None:
    client = await make_client(auto_promote_on_ingest=False)
    for session in ("s1", "s2"):
        assert (await client.ingest(session, marker()))["promotedCount"] == 0
    assert (await client.get("/v1/issues"))["issues"] == []

    promoted = await client.post("/v1/issues/promote")

    assert [issue["sessionCount"] for issue in promoted["promoted"]] == [2]
    assert (await client.post("/v1/issues/promote"))["promoted"] == []


async def test_users_are_counted_once_and_named_to_nobody(client: Client) -> None:
    for number, user in enumerate(["ann@example.com", "ann@example.com", "bob@example.com"]):
        await client.ingest(f"s{number}", marker(), userId=user)

    (issue,) = (await client.get("/v1/issues"))["issues"]

    assert (issue["sessionCount"], issue["userCount"]) == (3, 2)
    assert "ann@example.com" not in str(await client.get("/v1/sessions/s0"))


async def test_a_user_named_by_a_later_flush_is_counted(client: Client) -> None:
    await client.ingest("s1", marker())
    await client.ingest("s2", marker(), userId="ann")

    await client.ingest("s1", userId="bob")

    assert (await client.get("/v1/issues"))["issues"][0]["userCount"] == 2


async def test_many_flushes_of_many_sessions_at_once_are_all_counted(client: Client) -> None:
    async def visit(number: int) -> None:
        for flush in range(3):
            await client.ingest(f"s{number}", marker(f"m{flush}", replayOffsetMs=flush), userId=f"u{number % 5}")

    await asyncio.gather(*(visit(number) for number in range(20)))

    (issue,) = (await client.get("/v1/issues"))["issues"]
    assert (issue["sessionCount"], issue["userCount"], issue["markerCount"]) == (20, 5, 60)
    detail = (await client.get(f"/v1/issues/{issue['key']}"))["issue"]
    assert sum(day["markerCount"] for day in detail["daily"]) == 60
    assert sum(day["sessionCount"] for day in detail["daily"]) == 20


async def test_a_session_that_is_sent_every_minute_has_one_waiting_job_in_each_queue(make_client: MakeClient) -> None:
    client = await make_client(embedded_worker=False)
    for flush in range(4):
        await client.recorded("s1", marker(f"m{flush}", replayOffsetMs=flush * 1000))

    health = await client.admin("GET", "/v1/admin/queue-health")

    assert (health["replay"]["streamDepth"], health["analysis"]["streamDepth"]) == (1, 1)


async def test_a_session_without_a_recording_or_without_failures_queues_nothing(make_client: MakeClient) -> None:
    client = await make_client(embedded_worker=False)
    await client.ingest("s1", marker())
    await client.recorded("s2")

    health = await client.admin("GET", "/v1/admin/queue-health")

    assert health["replay"]["streamDepth"] == 0
    assert "reportCard" not in (await client.get("/v1/sessions/s1"))["session"]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"kind": "nonsense"}, {"kind": "ui_no_effect"}),
        ({"kind": None, "label": ""}, {"kind": "ui_no_effect", "label": "ui_no_effect"}),
        ({"label": "x" * 900}, {"label": "x" * 500}),
        ({"evidence": "y " * 4000}, {"evidence": ("y " * 4000)[:4000]}),
        ({"replayOffsetMs": -5}, {"replayOffsetMs": 0}),
        ({"replayOffsetMs": 12.7}, {"replayOffsetMs": 12}),
    ],
)
async def test_markers_are_put_right_and_never_refused(
    client: Client, sent: dict[str, object], stored: dict[str, object]
) -> None:
    answer = await client.ingest("s1", marker() | sent)

    (found,) = answer["session"]["markers"]
    assert {name: found[name] for name in stored} == stored


@pytest.mark.parametrize(
    ("session", "field"),
    [
        ({"durationMs": -1}, "durationMs"),
        ({"durationMs": "long"}, "durationMs"),
        ({"startedAt": "yesterday"}, "startedAt"),
        ({"startedAt": "2026-01-01T00:00:00"}, "startedAt"),
        ({"startedAt": "0001-01-01T00:00:00+23:00"}, "startedAt"),
        ({"id": "../up"}, "session.id"),
        ({"id": ".."}, "session.id"),
        ({"id": "x" * 129}, "session.id"),
        ({"eventsObjectKey": "session-events/proj_other/2026/01/01/x/s1.json"}, "eventsObjectKey"),
        ({"eventsObjectKey": "session-events/proj_default/../proj_other/s1.json"}, "eventsObjectKey"),
        ({"eventsObjectKey": "/etc/passwd"}, "eventsObjectKey"),
        ({"tags": {"a": {"b": 1}}}, "tags"),
        ({"tags": {str(number): 1 for number in range(65)}}, "tags"),
    ],
)
async def test_what_the_client_must_change_is_named(client: Client, session: dict[str, object], field: str) -> None:
    sent = {"id": "s1", "site": "shop.example", "route": "/"} | session

    answer = await client.post("/v1/ingest/session", {"session": sent, "markers": [marker()]}, 400)

    assert field in answer["error"] + answer.get("detail", "")
    assert (await client.get("/v1/issues/stats"))["stats"] == []


async def test_more_than_a_thousand_markers_are_too_many(client: Client) -> None:
    body = {"session": {"id": "s1"}, "markers": [marker(str(number)) for number in range(1001)]}

    await client.post("/v1/ingest/session", body, 413)

    await client.get("/v1/sessions/s1", 404)


async def test_a_request_without_a_session_is_refused(client: Client) -> None:
    answer = await client.post("/v1/ingest/session", {"markers": []}, 400)

    assert answer["error"] == "invalid payload"
    assert "session" in answer["detail"]


async def test_without_an_id_the_server_makes_one_and_without_a_time_it_counts_back(client: Client) -> None:
    before = datetime.now(UTC)

    session = (await client.post("/v1/ingest/session", {"session": {"durationMs": 60_000}}, 202))["session"]

    assert len(session["id"]) == 36
    began = datetime.fromisoformat(session["startedAt"])
    assert abs((before - timedelta(minutes=1)) - began) < timedelta(seconds=10)


async def test_a_resolved_issue_that_is_seen_again_is_open_and_regressed(client: Client) -> None:
    key = await client.issue()
    await client.post(f"/v1/issues/{key}/state", {"state": "resolved"})

    await client.ingest("later", marker())

    issue = (await client.get(f"/v1/issues/{key}"))["issue"]
    assert (issue["state"], issue["regressed"]) == ("open", True)
    assert "regressed" in [one["kind"] for one in issue["activity"]]


async def test_a_mute_ends_by_its_number_of_sessions(client: Client) -> None:
    key = await client.issue()
    await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedSessions": 2})

    await client.ingest("one", marker())
    assert (await client.get(f"/v1/issues/{key}"))["issue"]["state"] == "muted"
    await client.ingest("two", marker())

    issue = (await client.get(f"/v1/issues/{key}"))["issue"]
    assert (issue["state"], issue["regressed"]) == ("open", False)
    assert issue["activity"][0]["kind"] == "unmuted"


async def test_a_merge_holds_for_markers_that_arrive_later(client: Client) -> None:
    source = await client.issue(label="GET /api/a -> 500")
    target = await client.issue(label="GET /api/b -> 500")
    await client.post("/v1/issues/merge", {"targetClusterKey": target, "sourceClusterKeys": [source]}, 202)

    answer = await client.ingest("later", marker(label="GET /api/a -> 500"))

    assert answer["session"]["markers"][0]["clusterKey"] == target
    (issue,) = (await client.get("/v1/issues"))["issues"]
    assert issue["sessionCount"] == 5


async def test_alerts_go_out_when_the_confidence_is_reached_and_rest_between(make_client: MakeClient) -> None:
    client = await make_client(alert_sinks=("log",))

    sent = [(await client.ingest(f"s{number}", marker()))["alertsSent"] for number in range(4)]

    assert sent == [0, 0, 1, 0]


async def test_muted_issues_stay_silent(make_client: MakeClient) -> None:
    client = await make_client(alert_sinks=("log",))
    key = await client.issue(sessions=2)
    await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedSessions": 10})

    assert (await client.ingest("another", marker()))["alertsSent"] == 0


async def test_a_split_holds_when_its_sessions_are_sent_again(client: Client) -> None:
    key = await client.issue(sessions=3, label="GET /api/split -> 500")
    sessions = [one["sessionId"] for one in (await client.get(f"/v1/issues/{key}/sessions"))["sessions"]]
    split = (await client.post(f"/v1/issues/{key}/split", {"sessionIds": sessions[:2]}, 202))["result"]

    again = await client.ingest(sessions[0], marker(label="GET /api/split -> 500"))

    assert again["session"]["markers"][0]["clusterKey"] == split["newClusterKey"]
    assert (await client.get(f"/v1/issues/{split['newClusterKey']}"))["issue"]["sessionCount"] == 2


async def test_a_session_counts_on_the_first_of_its_days_whatever_the_order_of_its_flushes(client: Client) -> None:
    now = datetime.now(UTC)
    await client.ingest("other", marker())
    await client.ingest("s1", marker("late"), startedAt=wire(now))
    await client.ingest("s1", marker("early"), startedAt=wire(now - timedelta(days=2)))

    (issue,) = (await client.get("/v1/issues"))["issues"]
    daily = {day["day"]: day for day in (await client.get(f"/v1/issues/{issue['key']}"))["issue"]["daily"]}

    assert sum(day["sessionCount"] for day in daily.values()) == 2
    assert daily[(now - timedelta(days=2)).date().isoformat()]["sessionCount"] == 1
