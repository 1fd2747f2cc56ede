"""Issues over HTTP, as dashboards in the field ask for them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.client import Client, Json, marker, wire

FIELDS = {
    "projectId", "key", "symptom", "sessionCount", "userCount", "representativeSessionId", "confidence", "lastSeenAt",
    "createdAt", "state", "assignee", "stateNote", "firstSeenAt", "kind", "regressed",
}  # fmt: skip
ADDED = {"markerCount", "strategy", "strategyVersion"}
SESSION_FIELDS = {
    "sessionId", "projectId", "site", "route", "startedAt", "durationMs", "lastObservedAt", "markerCount",
    "reportStatus", "reportConfidence", "reportSymptom",
}  # fmt: skip
OTHER: Json = {"label": "POST /api/coupon -> 500", "clusterKey": "api_error:POST:/api/coupon"}


async def one(client: Client, key: str) -> Json:
    """An issue as it is now."""
    found: Json = (await client.get(f"/v1/issues/{key}"))["issue"]
    return found


async def test_the_list_has_the_contracts_fields_and_leaves_out_what_is_empty(client: Client) -> None:
    key = await client.issue(sessions=2)

    answer = await client.get("/v1/issues")

    assert set(answer) == {"issues", "state"}
    (issue,) = answer["issues"]
    assert set(issue) == FIELDS | ADDED
    assert (issue["key"], issue["kind"], issue["symptom"]) == (key, "api_error", "POST /api/orders -> 500")
    assert (issue["sessionCount"], issue["markerCount"], issue["userCount"]) == (2, 2, 0)
    assert (issue["state"], issue["assignee"], issue["stateNote"], issue["regressed"]) == ("open", "", "", False)
    assert issue["confidence"] == pytest.approx(2 / 3)
    assert issue["lastSeenAt"].endswith("Z")


@pytest.mark.parametrize("encode", [quote, str], ids=["encoded", "bare"])
async def test_a_key_in_a_path_means_the_same_percent_encoded_and_bare(client: Client, encode: Any) -> None:
    key = await client.issue(sessions=2)

    issue = await one(client, encode(key, safe="") if encode is quote else key)

    assert issue["key"] == key
    assert set(issue) == FIELDS | ADDED | {"daily", "activity", "explanation"}
    assert len(issue["daily"]) == 14
    assert sum(day["markerCount"] for day in issue["daily"]) == 2
    assert [happened["kind"] for happened in issue["activity"]] == ["promoted"]


async def test_pages_follow_each_other_by_cursor(client: Client) -> None:
    for label in ("one", "two", "three"):
        await client.issue(sessions=2, label=label, clusterKey=label)

    first = await client.get("/v1/issues", limit=2)
    second = await client.get("/v1/issues", limit=2, cursor=first["nextCursor"])

    assert [issue["symptom"] for issue in first["issues"] + second["issues"]] == ["three", "two", "one"]
    assert "nextCursor" not in second


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/v1/issues", "state", "closed"),
        ("/v1/issues", "state", "candidate"),
        ("/v1/issues", "limit", "0"),
        ("/v1/issues", "limit", "501"),
        ("/v1/issues", "limit", "many"),
        ("/v1/issues", "cursor", "nonsense"),
        ("/v1/issues", "kind", "crash"),
        ("/v1/issues/stats", "hours", "0"),
        ("/v1/issues/stats", "hours", "721"),
        ("/v1/issues/KEY/sessions", "limit", "201"),
        ("/v1/issues/KEY/sessions", "reportStatus", "done"),
        ("/v1/issues/KEY/sessions", "minConfidence", "1.01"),
        ("/v1/issues/KEY/sessions", "minConfidence", "-0.1"),
        ("/v1/issues/KEY/sessions", "minConfidence", "nan"),
        ("/v1/issues/KEY/feedback", "limit", "0"),
    ],
)
async def test_a_parameter_outside_its_limits_is_named(client: Client, path: str, name: str, value: str) -> None:
    key = await client.issue(sessions=2) if "KEY" in path else ""

    answer = await client.get(path.replace("KEY", key), 400, **{name: value})

    assert name in answer["error"]


async def test_the_sessions_of_an_issue_have_the_contracts_fields(client: Client) -> None:
    key = await client.issue(sessions=2)

    answer = await client.get(f"/v1/issues/{key}/sessions", reportStatus="pending")

    assert set(answer) == {"clusterKey", "limit", "filters", "sessions"}
    assert (answer["clusterKey"], answer["limit"]) == (key, 30)
    assert answer["filters"] == {"reportStatus": "pending", "minConfidence": 0}
    assert [set(session) for session in answer["sessions"]] == [SESSION_FIELDS] * 2
    assert {session["reportStatus"] for session in answer["sessions"]} == {"pending"}


async def test_a_report_shows_in_the_list_and_an_older_one_does_not(client: Client) -> None:
    key = await client.issue(sessions=1)
    answer = await client.ingest("s1", marker())
    report = {"projectId": answer["session"]["projectId"], "sessionId": "s1", "confidence": 0.75}

    ready = {"status": "ready", "symptom": "The order is refused", "generatedAt": "2026-03-04T11:00:00Z"}
    await client.internal("/v1/internal/analysis-reports", report | ready, 202)
    older = {"status": "failed", "generatedAt": "2026-03-04T10:00:00Z"}
    await client.internal("/v1/internal/analysis-reports", report | older, 202)
    await client.ingest("s1", marker(), marker("m2"), route="/later")

    (found,) = (await client.get(f"/v1/issues/{key}/sessions", minConfidence=0.7))["sessions"]
    assert (found["sessionId"], found["route"], found["reportStatus"]) == ("s1", "/later", "ready")
    assert (found["reportConfidence"], found["reportSymptom"]) == (0.75, "The order is refused")


async def test_a_state_is_set_and_shown(client: Client) -> None:
    key = await client.issue(sessions=2)

    answer = await client.post(f"/v1/issues/{key}/state", {"state": "acknowledged", "assignee": "anna", "note": "soon"})

    state = answer["state"]
    assert set(state) == {
        "projectId", "clusterKey", "state", "assignee", "note", "createdAt", "updatedAt",
    }  # fmt: skip
    issue = await one(client, key)
    assert (issue["state"], issue["assignee"], issue["stateNote"]) == ("acknowledged", "anna", "soon")
    assert issue["stateUpdatedAt"] == state["updatedAt"]
    assert [found["key"] for found in (await client.get("/v1/issues", state="active"))["issues"]] == [key]


@pytest.mark.parametrize(
    "body", [{"state": "done"}, {"state": 1}, {"state": "muted"}, {"state": "muted", "mutedSessions": 0}]
)
async def test_a_state_that_cannot_be_is_refused(client: Client, body: Json) -> None:
    key = await client.issue(sessions=2)

    await client.post(f"/v1/issues/{key}/state", body, 400)

    assert (await one(client, key))["state"] == "open"


async def test_a_mute_shows_until_when(client: Client) -> None:
    key = await client.issue(sessions=2)
    until = wire((datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0))

    state = (await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedUntil": until}))["state"]

    assert (state["state"], state["mutedUntil"]) == ("muted", until)
    assert (await one(client, key))["mutedUntil"] == until


async def test_a_mute_ends_with_its_number_of_sessions(client: Client) -> None:
    key = await client.issue(sessions=2)
    await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedSessions": 2})

    await client.ingest("third", marker())
    assert (await one(client, key))["state"] == "muted"
    await client.ingest("fourth", marker())

    issue = await one(client, key)
    assert (issue["state"], issue["activity"][0]["kind"]) == ("open", "unmuted")


async def test_a_resolved_issue_that_is_seen_again_is_open_and_regressed(client: Client) -> None:
    key = await client.issue(sessions=2)
    await client.post(f"/v1/issues/{key}/state", {"state": "resolved"})

    await client.ingest("again", marker())

    issue = await one(client, key)
    assert (issue["state"], issue["regressed"]) == ("open", True)
    assert issue["activity"][0]["kind"] == "regressed"


async def test_feedback_is_accepted_and_listed(client: Client) -> None:
    key = await client.issue(sessions=2)
    body = {"kind": "false_positive", "note": "a test", "metadata": {"build": 7}, "createdBy": "anna"}

    given = (await client.post(f"/v1/issues/{key}/feedback", body, 202))["feedback"]
    listed = await client.get(f"/v1/issues/{key}/feedback")

    assert set(given) == {
        "id", "projectId", "clusterKey", "feedbackKind", "note", "metadata", "createdBy", "createdAt",
    }  # fmt: skip
    assert listed == {"clusterKey": key, "limit": 50, "events": [given]}
    await client.post(f"/v1/issues/{key}/feedback", {"kind": "meh"}, 400)
    await client.post(f"/v1/issues/{key}/feedback", {"kind": "invalid", "metadata": [1]}, 400)


async def test_a_merge_holds_for_markers_that_arrive_later(client: Client) -> None:
    target, source = await client.issue(sessions=2), await client.issue(sessions=2, **OTHER)

    body = {"targetClusterKey": target, "sourceClusterKeys": [source]}
    result = (await client.post("/v1/issues/merge", body, 202))["result"]
    later = await client.ingest("later", marker(**OTHER))

    assert set(result) == {"targetClusterKey", "sourceClusterKeys", "movedMarkerCount", "targetCluster"}
    assert (result["movedMarkerCount"], result["targetCluster"]["sessionCount"]) == (2, 4)
    assert [found["clusterKey"] for found in later["session"]["markers"]] == [target]
    assert [found["key"] for found in (await client.get("/v1/issues"))["issues"]] == [target]
    assert (await one(client, source))["sessionCount"] == 5


async def test_a_split_makes_a_second_issue_and_later_sessions_join_the_first(client: Client) -> None:
    key = await client.issue(sessions=3)
    sessions = (await client.get(f"/v1/issues/{key}/sessions"))["sessions"]

    result = (await client.post(f"/v1/issues/{key}/split", {"sessionIds": [sessions[0]["sessionId"]]}, 202))["result"]
    later = await client.ingest("later", marker())

    assert set(result) == {
        "sourceClusterKey", "newClusterKey", "movedMarkerCount", "sourceCluster", "newCluster",
    }  # fmt: skip
    assert result["newClusterKey"].startswith(f"{key}:split:")
    assert (result["sourceCluster"]["sessionCount"], result["newCluster"]["sessionCount"]) == (2, 1)
    assert [found["clusterKey"] for found in later["session"]["markers"]] == [key]
    assert (await one(client, quote(result["newClusterKey"], safe="")))["sessionCount"] == 1
    await client.post(f"/v1/issues/{key}/split", {"sessionIds": ["nobody"]}, 400)


async def test_stats_have_the_contracts_fields(client: Client) -> None:
    await client.issue(sessions=2)

    answer = await client.get("/v1/issues/stats")

    assert answer["lookbackHours"] == 24
    (kind,) = answer["stats"]
    assert set(kind) == {"kind", "markerCount", "sessionCount", "clusterCount", "lastSeenAt"}
    assert (kind["kind"], kind["markerCount"], kind["sessionCount"], kind["clusterCount"]) == ("api_error", 2, 2, 1)


@pytest.mark.parametrize("key", ["api_error:0000000000000000", "x" * 300, "%2e%2e", "%"])
async def test_an_unknown_issue_is_not_found_whatever_is_asked_of_it(client: Client, key: str) -> None:
    for path in ("", "/sessions", "/feedback"):
        assert (await client.get(f"/v1/issues/{key}{path}", 404))["error"] == "issue cluster not found"
    for path, body in (("state", {}), ("feedback", {"kind": "invalid"}), ("split", {"sessionIds": ["s"]})):
        assert (await client.post(f"/v1/issues/{key}/{path}", body, 404))["error"] == "issue cluster not found"


async def test_projects_never_see_each_others_issues(client: Client) -> None:
    mine, theirs = await client.project("Mine"), await client.project("Theirs")
    key = await mine.issue(sessions=2)

    assert (await theirs.get("/v1/issues"))["issues"] == []
    await theirs.get(f"/v1/issues/{key}", 404)
    await theirs.post("/v1/issues/merge", {"targetClusterKey": key, "sourceClusterKeys": ["x"]}, 404)
    assert await theirs.issue(sessions=3) == key

    assert (await one(mine, key))["sessionCount"] == 2
    assert (await one(theirs, key))["sessionCount"] == 3
