"""From a new project to an alerted, triaged issue with its evidence, and until all of it is gone again."""

import re
from datetime import UTC, datetime, timedelta

from retrospec.plugin.testing.receiver import Receiver
from retrospec.sessions.models import Session
from tests.client import Client, Json, MakeClient, eventually, marker
from tests.journeys.holdings import objects


async def metrics(client: Client) -> dict[str, float]:
    """Every sample without labels, or with its labels as they stand."""
    text = (await client.http.get("/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.M)}


async def finished(project: Client, session: str) -> Json:
    """The session, once its jobs are done."""

    async def check() -> Json | None:
        found: Json = (await project.get(f"/v1/sessions/{session}"))["session"]
        done = found["artifacts"] and found["reportCard"]["status"] != "pending"
        return found if done else None

    session_found: Json = await eventually(check)
    return session_found


async def test_the_whole_walk(make_client: MakeClient) -> None:
    async with Receiver() as receiver:
        client = await make_client(
            embedded_worker=True,
            alert_webhook_url=f"{receiver.url}/hook",
            alert_auth_header="Bearer of-the-receiver",
            alert_min_cluster_confidence=0.5,
        )
        project = await client.project("Shop", "Shop.Example")
        # One session is no issue.
        first = await project.recorded("visit-1", marker(evidence="status=500"), site="shop.example", userId="anna")
        assert (first["promotedCount"], first["alertsSent"]) == (0, 0)
        assert (await project.get("/v1/issues"))["issues"] == []
        # The second one makes it one, and tells about it.
        second = await project.recorded("visit-2", marker("other"), userId="bert")
        assert (second["promotedCount"], second["alertsSent"], second["alertErrors"]) == (1, 1, 0)
        (issue,) = (await project.get("/v1/issues"))["issues"]
        assert (issue["sessionCount"], issue["userCount"], issue["state"], issue["kind"]) == (2, 2, "open", "api_error")

        await receiver.until(1)
        alert = receiver.requests[0].json()
        assert receiver.requests[0].headers["authorization"] == "Bearer of-the-receiver"
        assert (alert["event"], alert["trigger"]) == ("issue_cluster_promoted", "ingest_auto_promote")
        assert (alert["projectId"], alert["cluster"]["key"]) == (issue["projectId"], issue["key"])
        assert alert["cluster"]["sessionCount"] == 2

        await check_evidence(project, issue["key"])
        await check_triage(project, issue["key"])
        await check_regression(project, issue["key"])
        await check_metrics(client)
        await check_cleanup(client, project)


async def check_evidence(project: Client, key: str) -> None:
    session = await finished(project, "visit-1")
    (artifact,) = session["artifacts"]
    assert (artifact["artifactType"], artifact["status"]) == ("analysis_json", "ready")
    assert artifact["windows"] == [{"startMs": 0, "endMs": 8900}]
    assert session["reportCard"]["status"] in {"ready", "discarded"}
    assert session["reportCard"]["symptom"]
    document = (await project.http.get("/v1/sessions/visit-1/artifacts/analysis_json")).json()
    assert (document["version"], document["sessionId"], document["triggerKind"]) == (1, "visit-1", "api_error")
    assert document["sourceEventsObjectKey"] == session["eventsObjectKey"]
    # As a page's <video> would: with a token, without a key, and only a part of it.
    token = (await project.get("/v1/sessions/visit-1/artifacts/analysis_json/token"))["token"]
    address = f"/v1/sessions/visit-1/artifacts/analysis_json?artifactToken={token}"
    part = await project.http.get(address, headers={"X-Retrospec-Key": "", "Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    events = (await project.get("/v1/sessions/visit-1/events"))["events"]
    assert [event["type"] for event in events] == [4, 2, 3]
    await finished(project, "visit-2")
    listed = (await project.get(f"/v1/issues/{key.replace(':', '%3A')}/sessions"))["sessions"]
    assert {one["sessionId"] for one in listed} == {"visit-1", "visit-2"}
    assert {one["reportStatus"] for one in listed} <= {"ready", "discarded"}


async def check_triage(project: Client, key: str) -> None:
    await project.post(f"/v1/issues/{key}/state", {"state": "acknowledged", "assignee": "carla"}, 200)
    assert [one["assignee"] for one in (await project.get("/v1/issues", state="active"))["issues"]] == ["carla"]
    await project.post(f"/v1/issues/{key}/feedback", {"kind": "true_positive", "note": "seen it too"}, 202)
    await project.post(f"/v1/issues/{key}/state", {"state": "resolved", "note": "fixed in 1.2"}, 200)
    assert (await project.get("/v1/issues", state="active"))["issues"] == []
    (feedback,) = (await project.get(f"/v1/issues/{key}/feedback"))["events"]
    assert (feedback["feedbackKind"], feedback["createdBy"]) == ("true_positive", "dashboard")


async def check_regression(project: Client, key: str) -> None:
    again = await project.ingest("visit-3", marker())
    # A resolved issue tells nobody that it is promoted; that it is back is other news.
    assert again["session"]["markers"][0]["clusterKey"] == key
    issue = (await project.get(f"/v1/issues/{key}"))["issue"]
    assert (issue["state"], issue["regressed"], issue["sessionCount"]) == ("open", True, 3)
    assert {one["kind"] for one in issue["activity"]} >= {"promoted", "state_changed", "regressed", "true_positive"}
    assert sum(day["sessionCount"] for day in issue["daily"]) == 3


async def check_metrics(client: Client) -> None:
    async def counted() -> bool:
        found = await metrics(client)
        return bool(found.get('retrospec_alert_sent_total{type="webhook"}', 0) >= 1)

    await eventually(counted)
    found = await metrics(client)
    assert found["retrospec_ingest_sessions_total"] == 3
    assert (found["retrospec_replay_artifacts_total"], found["retrospec_analysis_reports_total"]) == (2, 2)
    assert (found["retrospec_replay_queue_stream_depth"], found["retrospec_analysis_queue_failed_depth"]) == (0, 0)
    assert found["retrospec_uptime_seconds"] > 0


async def check_cleanup(client: Client, project: Client) -> None:
    await Session.filter(session_id__not="visit-3").update(created_at=datetime.now(UTC) - timedelta(days=8))
    result = await project.post("/v1/maintenance/cleanup", {})
    assert (result["deletedSessions"], result["deletedEventObjects"], result["deletedArtifactObjects"]) == (2, 2, 2)
    assert (result["failedEventObjectDelete"], result["failedArtifactObjectDelete"]) == (0, 0)
    assert [one for one in objects(client) if "visit-1" in one or "visit-2" in one] == []
    (issue,) = (await project.get("/v1/issues"))["issues"]
    assert (issue["sessionCount"], issue["representativeSessionId"]) == (1, "visit-3")

    await project.delete("/v1/sessions/visit-3")

    assert (await project.get("/v1/issues"))["issues"] == []
    assert await Session.all().count() == 0
