"""The log of deliveries, sending one again, and test alerts."""

from pathlib import Path
from typing import Any

import pytest

from retrospec.alerts.models import AlertAttempt, AlertDelivery, AlertSinkRow, AlertSinkState
from retrospec.alerts.sinks import sink_of
from retrospec.core.clock import ago, now
from retrospec.jobs.models import Job
from retrospec.plugin.testing.receiver import Answer, Receiver
from tests.alerts.pigeons import pigeons
from tests.client import Client, Json, MakeClient, eventually

SINKS, DELIVERIES = "/v1/alerts/sinks", "/v1/alerts/deliveries"
WHEN = "2026-03-04T05:06:07Z"
CLUSTER: Json = {"key": "k", "symptom": "It broke", "sessionCount": 2, "userCount": 0, "confidence": 0.7,
                 "state": "open", "lastSeenAt": WHEN, "representativeSessionId": "s1", "assignee": ""}  # fmt: skip
BODY: Json = {"event": "e", "trigger": "manual_promote", "sentAt": WHEN, "projectId": "p", "cluster": CLUSTER}


@pytest.fixture
async def server(make_client: MakeClient, receiver: Receiver, tmp_path: Path) -> Client:
    """A client of a server whose settings have a sink named `coop`, and which lets projects reach the receiver."""
    return await make_client(
        plugins_dir=pigeons(tmp_path / "plugins"),
        alert_sinks=("coop",),
        alerts={"coop": {"type": "pigeon", "url": f"{receiver.url}/s3cr3t-path"}},
        alert_min_cluster_confidence=0.5,
        alert_allow_private_networks=True,
        alert_timeout_seconds=1,
    )


@pytest.fixture
async def project(server: Client) -> Client:
    """A client of a project of that server."""
    return await server.project()


async def sink_at(project: Client, url: str, **given: Any) -> Json:
    body = {"name": "Mine", "type": "pigeon", "settings": {"url": f"{url}/s3cr3t-path"}} | given
    sink: Json = (await project.post(SINKS, body, 201))["sink"]
    return sink


async def tried(project: Client, sink: str) -> Json:
    result: Json = (await project.post(f"{SINKS}/{sink}/test"))["result"]
    return result


async def write(project_id: str, count: int, **facts: Any) -> list[str]:
    """Write deliveries, and give their ids, the newest first."""
    ids: list[str] = []
    for number in range(count):
        given: Json = {
            "id": f"dlv_{await AlertDelivery.all().count():03}",
            "alert_id": f"alert_{number}",
            "cluster_key": "k",
            "event": "issue_cluster_promoted",
            "sink": "coop",
            "sink_type": "pigeon",
            "status": "delivered",
            "body": BODY,
        } | facts
        row = await AlertDelivery.create(project_id=project_id, created_at=now(), **given)
        ids.insert(0, row.id)
    return ids


async def ids(project: Client, **query: Any) -> list[str]:
    answer = await project.http.get(DELIVERIES, params=query)
    return [one["id"] for one in answer.json()["deliveries"]]


class TestTrying:
    async def test_a_test_goes_the_way_of_alerts_says_what_it_is_and_leaves_no_trace(
        self, project: Client, receiver: Receiver
    ) -> None:
        receiver.answer(Answer(status=202, body=b"taken"))
        sink = await sink_at(project, receiver.url, enabled=False)

        result = await tried(project, sink["id"])

        assert result.pop("durationMs") >= 0
        assert result == {"outcome": "delivered", "status": 202, "answer": "taken"}
        (said,) = [request.json() for request in receiver.requests]
        assert said["trigger"] == "test"
        assert said["symptom"] == "This is a test of the alert sink 'Mine' by the project 'Shop': nothing failed"
        assert await ids(project) == []
        assert (await project.get(f"{SINKS}/{sink['id']}"))["sink"] == sink

    async def test_each_has_an_id_of_its_own(self, project: Client, receiver: Receiver) -> None:
        for _ in range(2):
            await tried(project, "coop")

        assert len({request.json()["id"] for request in receiver.requests}) == 2

    async def test_what_the_receiver_refuses_is_told_without_the_secrets_that_the_plugin_tells(
        self, project: Client, receiver: Receiver
    ) -> None:
        receiver.answer(Answer(status=500, body=b"no s3cr3t-path here"), Answer(status=410))
        sink = await sink_at(project, receiver.url)

        failed, gone = await tried(project, sink["id"]), await tried(project, sink["id"])

        assert (failed["outcome"], failed["status"]) == ("failed", 500)
        assert (failed["error"], failed["answer"]) == ("(hidden) answered 500", "no (hidden) here")
        assert (gone["outcome"], gone["status"]) == ("gone", 410)
        assert (await project.get(f"{SINKS}/{sink['id']}"))["sink"]["state"]["status"] == "working"

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_a_receiver_that_hangs_is_waited_for_no_longer_than_for_an_alert(
        self, project: Client, receiver: Receiver
    ) -> None:
        receiver.answer(Answer(delay_seconds=30))
        sink = await sink_at(project, receiver.url)

        result = await tried(project, sink["id"])

        assert result["outcome"] == "failed"
        assert "TimeoutError" in result["error"]

    async def test_a_sink_of_the_settings_may_be_tried_and_a_foreign_one_may_not(
        self, server: Client, project: Client, receiver: Receiver
    ) -> None:
        other = await server.project("Other shop")
        sink = await sink_at(project, receiver.url)

        assert (await tried(other, "coop"))["outcome"] == "delivered"
        await other.post(f"{SINKS}/{sink['id']}/test", status=404)

        assert "by the project 'Other shop'" in receiver.requests[0].json()["symptom"]
        assert len(receiver.requests) == 1


class TestHearing:
    async def test_a_sink_of_a_project_hears_of_its_issues_and_of_no_other(
        self, server: Client, project: Client, receiver: Receiver
    ) -> None:
        other = await server.project("Other")
        await other.issue(label="Theirs")
        sink = await sink_at(project, receiver.url, settings={"url": f"{receiver.url}/mine"}, rules={"minSessions": 2})

        await project.issue(label="Mine")

        await eventually(lambda: AlertDelivery.filter(sink=sink["id"], status="delivered").exists())
        told = [request.json()["symptom"] for request in receiver.requests if request.target == "/mine"]
        assert told == ["Mine"]
        (listed,) = (await project.get(DELIVERIES, sinkId=sink["id"]))["deliveries"]
        assert (listed["sinkType"], listed["attemptCount"]) == ("pigeon", 1)
        await project.http.patch(f"{SINKS}/{sink['id']}", json={"enabled": False})
        await project.issue(label="Later")
        assert await ids(project, sinkId=sink["id"]) == [listed["id"]]

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_one_whose_receiver_is_gone_begins_anew_when_it_is_edited(
        self, project: Client, receiver: Receiver
    ) -> None:
        sink = await sink_at(project, receiver.url, rules={"minSessions": 2})
        receiver.otherwise = Answer(status=410)
        await project.issue()
        await eventually(lambda: AlertDelivery.filter(sink=sink["id"], status="failed").exists())
        (failed,) = await ids(project, sinkId=sink["id"])
        path = f"{SINKS}/{sink['id']}"
        assert (await project.get(path))["sink"]["state"]["status"] == "gone"
        assert "gone for good" in (await resent(project, failed, 409))["error"]
        receiver.otherwise = Answer()

        await project.http.patch(path, json={})
        await resent(project, failed)

        await eventually(lambda: AlertDelivery.filter(id=failed, status="delivered").exists())
        state = (await project.get(path))["sink"]["state"]
        assert (state["status"], state["lastDelivery"]["id"]) == ("working", failed)
        outcomes = [one["outcome"] for one in (await project.get(f"{DELIVERIES}/{failed}"))["delivery"]["attempts"]]
        assert outcomes == ["delivered", "gone"]


class TestReading:
    async def test_a_delivery_tells_its_alert_and_its_attempts(self, project: Client, receiver: Receiver) -> None:
        receiver.answer(Answer(status=503, body=b"busy"))
        key = await project.issue(label="It broke")
        await receiver.until(1)
        await eventually(lambda: AlertDelivery.filter(attempts__gte=1).exists())
        row = await AlertDelivery.get()
        common: Json = {"delivery_id": row.id, "project_id": row.project_id, "duration_ms": 5}
        await AlertAttempt.all().delete()
        await AlertAttempt.create(
            number=1, started_at=ago(minutes=1), outcome="failed", status=503, error="e", **common
        )
        await AlertAttempt.create(number=2, started_at=now(), outcome="delivered", status=200, answer="ok", **common)

        delivery = (await project.get(f"{DELIVERIES}/{row.id}"))["delivery"]

        (listed,) = (await project.get(DELIVERIES))["deliveries"]
        assert listed == {name: value for name, value in delivery.items() if name not in {"alert", "attempts"}}
        assert (listed["clusterKey"], listed["sinkId"], listed["status"]) == (key, "coop", "pending")
        assert delivery["alert"]["cluster"]["symptom"] == "It broke"
        assert [(one["number"], one["outcome"]) for one in delivery["attempts"]] == [(2, "delivered"), (1, "failed")]
        assert delivery["attempts"][0]["answer"] == "ok"

    async def test_they_are_listed_newest_first_page_by_page_and_by_what_is_asked_for(
        self, server: Client, project: Client
    ) -> None:
        await write("proj_default", 2)
        own = (await project.ingest("s1"))["session"]["projectId"]
        first = await write(own, 3)
        second = await write(own, 2, sink="snk_1", cluster_key="other", status="failed")
        third = await write(own, 1, sink="snk_1", status="held_back")
        everything = [*third, *second, *first]

        assert await ids(project) == everything
        assert await ids(project, status="failed") == second
        assert await ids(project, status="pending") == []
        assert await ids(project, sinkId="snk_1") == [*third, *second]
        assert await ids(project, clusterKey="k") == [*third, *first]
        assert await ids(project, clusterKey="k", sinkId="snk_1") == third
        assert await ids(project, clusterKey="k", sinkId="snk_1", status="failed") == []
        paged, cursor = [], ""
        while True:
            page = await project.get(DELIVERIES, limit=2, cursor=cursor)
            paged += [one["id"] for one in page["deliveries"]]
            if not (cursor := page.get("nextCursor", "")):
                break
        assert paged == everything

    async def test_what_cannot_be_asked_for_is_refused_by_its_name(self, project: Client) -> None:
        wrong: list[Json] = [{"status": "lost"}, {"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"sinkId": "x" * 65}]
        for query in wrong:
            answer = await project.http.get(DELIVERIES, params=query)
            assert (answer.status_code, answer.json()["detail"]) == (400, next(iter(query)))
        await project.get(f"{DELIVERIES}/{'x' * 300}", 404)


async def resent(project: Client, delivery: str, status: int = 202) -> Json:
    return await project.post(f"{DELIVERIES}/{delivery}/resend", status=status)


class TestSendingAgain:
    @pytest.mark.parametrize(
        ("dialect", "status"), [("sqlite", "delivered"), ("postgres", "failed"), ("sqlite", "held_back")]
    )
    async def test_it_goes_out_again_under_the_id_that_it_has(
        self, project: Client, receiver: Receiver, status: str
    ) -> None:
        await project.issue()
        await receiver.until(1)
        await eventually(lambda: AlertDelivery.filter(status="delivered").exists())
        row = await AlertDelivery.get()
        await AlertDelivery.all().update(status=status)

        answer = await resent(project, row.id)

        assert (answer["delivery"]["status"], answer["delivery"]["alertId"]) == ("pending", row.alert_id)
        assert "finishedAt" not in answer["delivery"]
        await receiver.until(2)
        await eventually(lambda: AlertDelivery.filter(status="delivered", finished_at__not_isnull=True).exists())
        assert [request.json()["id"] for request in receiver.requests] == [row.alert_id] * 2

    async def test_what_is_on_its_way_is_not_sent_twice(self, project: Client, receiver: Receiver) -> None:
        receiver.otherwise = Answer(status=503)
        await project.issue()
        row = await AlertDelivery.get()

        assert "on its way" in (await resent(project, row.id, 409))["error"]
        assert await Job.filter(queue="alerts:coop").count() == 1

    async def test_it_goes_to_no_sink_that_is_off_gone_or_deleted(self, project: Client, receiver: Receiver) -> None:
        sink = await sink_at(project, receiver.url)
        row = await AlertSinkRow.get(id=sink["id"])
        (delivery,) = await write(row.project_id, 1, sink=row.id)
        state: Json = {"settings_digest": sink_of(row).digest, "gone_at": now(), "updated_at": now()}
        await AlertSinkState.create(sink=row.id, **state)

        assert "gone for good" in (await resent(project, delivery, 409))["error"]
        await project.http.patch(f"{SINKS}/{row.id}", json={"enabled": False})
        assert "'Mine' is off" in (await resent(project, delivery, 409))["error"]
        await project.delete(f"{SINKS}/{row.id}")
        assert f"{row.id} is no more" in (await resent(project, delivery, 409))["error"]
        assert (await AlertDelivery.get(id=delivery)).status == "delivered"

    async def test_a_foreign_delivery_is_not_there(self, server: Client, project: Client) -> None:
        (delivery,) = await write("proj_default", 1)

        await project.get(f"{DELIVERIES}/{delivery}", 404)
        await resent(project, delivery, 404)
        assert (await server.get(f"{DELIVERIES}/{delivery}"))["delivery"]["id"] == delivery
