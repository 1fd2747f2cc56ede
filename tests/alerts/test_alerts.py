"""News about issues: when there is any, that it arrives, and that no sink stands in another's way."""

import asyncio
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from retrospec.alerts.models import AlertAttempt, AlertDelivery
from retrospec.core.clock import now
from retrospec.jobs.models import Job
from retrospec.plugin.testing.receiver import Answer, Receiver
from tests.client import Client, Json, MakeClient, eventually, marker, wire
from tests.faults.processes import query, serving

PROMOTED, REGRESSED = "issue_cluster_promoted", "issue_cluster_regressed"


@pytest.fixture
async def client(make_client: MakeClient, receiver: Receiver) -> Client:
    """A client of a server that tells the receiver of every issue."""
    return await make_client(alert_webhook_url=receiver.url, alert_min_cluster_confidence=0.5)


async def events() -> list[str]:
    return [one.event for one in await AlertDelivery.all().order_by("uid")]


async def delivered(sink: str, status: str = "delivered") -> AlertDelivery:
    async def check() -> AlertDelivery | None:
        return await AlertDelivery.filter(sink=sink, status=status).first()

    found: AlertDelivery = await eventually(check)
    return found


async def hurry(sink: str) -> None:
    """Let the pause before the next attempt pass."""
    await Job.filter(queue=f"alerts:{sink}", status="ready").update(due_at=now())


async def count_of(client: Client, sample: str) -> float:
    said = (await client.http.get("/metrics")).text
    return next((float(line.split()[-1]) for line in said.splitlines() if line.startswith(f"{sample} ")), 0.0)


class TestNews:
    async def test_an_alert_says_what_the_contract_says(self, client: Client, receiver: Receiver) -> None:
        before = now()
        key = await client.issue(label="It broke")
        await receiver.until(1)

        (issue,) = (await client.get("/v1/issues"))["issues"]
        said = receiver.requests[0].json()
        assert said.keys() == {"event", "trigger", "sentAt", "projectId", "cluster"}
        assert (said["event"], said["trigger"], said["projectId"]) == (PROMOTED, "ingest_auto_promote", "proj_default")
        assert wire(before) <= said["sentAt"] <= wire(now())
        assert said["cluster"] == {
            "key": key,
            "symptom": "It broke",
            "sessionCount": 2,
            "userCount": 0,
            "confidence": issue["confidence"],
            "lastSeenAt": issue["lastSeenAt"],
            "representativeSessionId": issue["representativeSessionId"],
            "state": "open",
            "assignee": "",
        }

    async def test_within_the_cooldown_an_issue_is_told_once(self, client: Client, receiver: Receiver) -> None:
        sent = [(await client.ingest(f"s{number}", marker()))["alertsSent"] for number in range(5)]
        other = [
            (await client.ingest(f"o{n}", marker(label="POST /x -> 404", clusterKey="x")))["alertsSent"] for n in (1, 2)
        ]

        assert (sent, other) == ([0, 1, 0, 0, 0], [0, 1])
        assert await events() == [PROMOTED, PROMOTED]
        await receiver.until(2)

        await AlertDelivery.all().update(created_at=now() - timedelta(minutes=61))
        assert (await client.ingest("s9", marker()))["alertsSent"] == 1
        await receiver.until(3)
        assert receiver.requests[2].json()["cluster"]["sessionCount"] == 6

    async def test_an_issue_that_is_not_sure_enough_is_not_told(self, make_client: MakeClient) -> None:
        client = await make_client(alert_sinks=("log",), alert_min_cluster_confidence=0.9)

        sent = [(await client.ingest(f"s{number}", marker()))["alertsSent"] for number in range(3)]

        # 2 of 3 is 0.67; 3 of 3 is 1.
        assert sent == [0, 0, 1]

    @pytest.mark.parametrize("state", ["resolved", "muted"])
    async def test_an_issue_that_is_put_aside_is_not_told_when_it_is_promoted(
        self, client: Client, receiver: Receiver, state: str
    ) -> None:
        key = await client.issue()
        await receiver.until(1)
        await AlertDelivery.all().delete()
        mute = {"mutedUntil": wire(now() + timedelta(hours=1))} if state == "muted" else {}
        await client.post(f"/v1/issues/{key}/state", {"state": state, **mute})

        promoted = await client.post("/v1/issues/promote", {})

        assert promoted["alertsSent"] == 0
        if state == "muted":
            assert (await client.ingest("s9", marker()))["alertsSent"] == 0

    async def test_a_resolved_issue_that_is_back_is_other_news_within_the_cooldown(
        self, client: Client, receiver: Receiver
    ) -> None:
        key = await client.issue()
        await client.post(f"/v1/issues/{key}/state", {"state": "resolved"})

        answer = await client.ingest("s9", marker())

        assert answer["alertsSent"] == 1
        await receiver.until(2)
        # Several go out at once.
        assert sorted(request.json()["event"] for request in receiver.requests) == [PROMOTED, REGRESSED]

    async def test_without_a_sink_there_is_nothing_to_tell(self, make_client: MakeClient) -> None:
        client = await make_client(alert_min_cluster_confidence=0.1)

        sent = [(await client.ingest(f"s{number}", marker()))["alertsSent"] for number in range(3)]

        assert sent == [0, 0, 0]
        assert await AlertDelivery.all().count() == 0

    async def test_promoting_by_hand_tells_too(self, make_client: MakeClient, receiver: Receiver) -> None:
        client = await make_client(
            alert_webhook_url=receiver.url, alert_min_cluster_confidence=0.5, auto_promote_on_ingest=False
        )
        for name in ("s1", "s2"):
            assert (await client.ingest(name, marker()))["alertsSent"] == 0

        promoted = await client.post("/v1/issues/promote", {})

        assert (len(promoted["promoted"]), promoted["alertsSent"], promoted["alertErrors"]) == (1, 1, 0)
        await receiver.until(1)
        assert receiver.requests[0].json()["trigger"] == "manual_promote"


class TestDelivery:
    async def test_only_a_2xx_counts_and_every_attempt_has_the_same_id(
        self, client: Client, receiver: Receiver
    ) -> None:
        receiver.answer(Answer(status=500), Answer(status=404), Answer(status=302), Answer(status=204))
        await client.issue()

        for attempts in range(1, 4):
            await receiver.until(attempts)
            await eventually(lambda: AlertDelivery.filter(attempts__gte=attempts, status="pending").exists())  # noqa: B023
            await eventually(lambda: Job.filter(queue="alerts:webhook", status="ready").exists())
            await hurry("webhook")
        done = await delivered("webhook")

        assert len(receiver.requests) == done.attempts == 4
        assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
        assert len({request.body for request in receiver.requests}) == 1
        await eventually(lambda: count_of(client, 'retrospec_alert_sent_total{type="webhook"}'))
        assert await count_of(client, 'retrospec_alert_errors_total{type="webhook"}') == 3

    async def test_the_receiver_may_say_when_to_come_back(self, client: Client, receiver: Receiver) -> None:
        receiver.answer(Answer(status=503, headers={"retry-after": "120"}))
        asked = now()
        await client.issue()
        await receiver.until(1)
        await eventually(lambda: Job.filter(queue="alerts:webhook", attempt=1).exists())

        job = await Job.get(queue="alerts:webhook")

        assert timedelta(seconds=110) < job.due_at - asked < timedelta(seconds=140)

    async def test_after_the_last_attempt_it_is_given_up_and_the_operator_finds_it(
        self, make_client: MakeClient, receiver: Receiver
    ) -> None:
        receiver.otherwise = Answer(status=500, body=b"no")
        client = await make_client(
            alert_webhook_url=receiver.url,
            alert_min_cluster_confidence=0.5,
            alert_retry_pauses_seconds=(0.01, 0.01, 0.01),
        )
        await client.issue()

        lost = await delivered("webhook", "failed")

        assert lost.attempts == len(receiver.requests) == 4
        assert "500" in lost.last_error
        assert (lost.next_attempt_at, lost.finished_at is None) == (None, False)
        await eventually(lambda: Job.filter(queue="alerts:webhook", status="done").exists())
        await eventually(lambda: count_of(client, 'retrospec_alert_failed_total{type="webhook"}'))
        assert await count_of(client, 'retrospec_alert_errors_total{type="webhook"}') == 4
        assert await count_of(client, 'retrospec_alert_retried_total{type="webhook"}') == 3

    async def test_each_attempt_stands_in_the_log(self, make_client: MakeClient, receiver: Receiver) -> None:
        receiver.answer(Answer(status=503, body=b"come " * 200), Answer(status=200, body=b"thanks"))
        client = await make_client(
            alert_webhook_url=receiver.url, alert_min_cluster_confidence=0.5, alert_retry_pauses_seconds=(0.01,)
        )
        before = now()
        await client.issue()
        done = await delivered("webhook")

        first, second = await AlertAttempt.filter(delivery_id=done.id).order_by("uid")
        assert [(one.number, one.outcome, one.status) for one in (first, second)] == [
            (1, "failed", 503),
            (2, "delivered", 200),
        ]
        assert (first.answer, second.answer) == (("come " * 100), "thanks")
        assert "503" in first.error
        assert second.error == ""
        assert before <= first.started_at <= second.started_at <= now()
        assert 0 <= first.duration_ms < 10_000
        assert {one.project_id for one in (first, second)} == {"proj_default"}

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_a_sink_that_fails_or_hangs_delays_no_other(
        self, make_client: MakeClient, receiver: Receiver, tmp_path: Path
    ) -> None:
        folder = tmp_path / "plugins"
        folder.mkdir()
        (folder / "hostile.py").write_text(
            dedent(
                """
                import asyncio
                from retrospec.plugin import AlertSink, alert_sink

                @alert_sink("hanging", "Never answers")
                class Hanging(AlertSink):
                    async def send(self, alert):
                        await asyncio.sleep(3600)

                @alert_sink("stubborn", "Does not even stop when told to")
                class Stubborn(AlertSink):
                    async def send(self, alert):
                        for _ in range(40):
                            try:
                                await asyncio.sleep(0.1)
                            except asyncio.CancelledError:
                                pass

                @alert_sink("raising", "Raises")
                class Raising(AlertSink):
                    async def send(self, alert):
                        raise RuntimeError("out of order")
                """
            )
        )
        client = await make_client(
            plugins_dir=folder,
            alert_sinks=("hanging", "stubborn", "raising", "webhook", "log"),
            alert_webhook_url=receiver.url,
            alert_min_cluster_confidence=0.5,
            alert_timeout_seconds=0.3,
        )

        for page in ("cart", "login", "orders", "search", "profile", "help"):
            await client.issue(label=f"POST /{page} -> 500", clusterKey=page)

        await receiver.until(6)
        await delivered("log")
        errors = {}
        for sink in ("hanging", "raising"):
            await eventually(lambda: AlertDelivery.filter(sink=sink, attempts__gte=1).exists())  # noqa: B023
            errors[sink] = (await AlertDelivery.filter(sink=sink, attempts__gte=1).first()).last_error  # type: ignore[union-attr]
        assert errors["raising"] == "RuntimeError: out of order"
        assert errors["hanging"].startswith("TimeoutError")
        assert len({one.alert_id for one in await AlertDelivery.all()}) == 6
        assert await AlertDelivery.all().count() == 30


async def send(http: httpx.AsyncClient, name: str) -> int:
    """Ingest a session with the one failure; gives how many alerts were accepted."""
    body: Json = {"session": {"id": name, "site": "x"}, "markers": [marker()]}
    answer: Json = (await http.post("/v1/ingest/session", json=body)).json()
    sent: int = answer["alertsSent"]
    return sent


async def test_what_was_accepted_before_a_kill_is_delivered_after_it(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"ALERT_WEBHOOK_URL": receiver.url, "ALERT_MIN_CLUSTER_CONFIDENCE": "0.1"}
    receiver.answer(Answer(status=503, headers={"retry-after": "1"}))
    async with serving(tmp_path, **settings) as server, httpx.AsyncClient(base_url=server.url) as http:
        assert [await send(http, name) for name in ("s1", "s2")] == [0, 1]
        await receiver.until(1)
        await server.until("alert not delivered")
        server.kill()
        await server.ended()

    async with serving(tmp_path, **settings), asyncio.timeout(60):
        await receiver.until(2)

    assert receiver.requests[0].headers["webhook-id"] == receiver.requests[1].headers["webhook-id"]


async def test_the_cooldown_holds_across_processes(tmp_path: Path) -> None:
    settings = {"ALERT_SINKS": "log", "ALERT_MIN_CLUSTER_CONFIDENCE": "0.1", "EMBEDDED_WORKER": "false"}
    async with (
        serving(tmp_path, **settings) as one,
        serving(tmp_path, **settings) as two,
        httpx.AsyncClient(base_url=one.url) as first,
        httpx.AsyncClient(base_url=two.url) as second,
    ):
        sent = await asyncio.gather(*(send(http, f"s{n}-{n % 2}") for n in range(20) for http in (first, second)))

    assert sum(sent) == 1
    assert query(tmp_path, "SELECT COUNT(*) FROM alert_deliveries") == [(1,)]
    assert query(tmp_path, "SELECT session_count FROM issue_clusters") == [(20,)]
