"""A storm: many alerts within an hour. The first get through, one digest tells of the rest."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from retrospec.alerts.digests import MakeDigest
from retrospec.alerts.models import AlertDelivery, AlertStorm
from retrospec.alerts.outbox import NewDelivery, hand_over
from retrospec.alerts.sinks import SinkDirectory, sinks_of
from retrospec.alerts.storms import DIGESTS, DigestOrder, hold_back
from retrospec.alerts.wire import HELD_BACK, PROMOTED, AlertWire
from retrospec.core.clock import now
from retrospec.core.db import transaction
from retrospec.core.settings_sources import load
from retrospec.jobs.handler import JobContext
from retrospec.jobs.models import Job
from retrospec.plugin.testing.receiver import Receiver
from tests.alerts.news import failures, forget_alerts, told
from tests.client import Client, Json, MakeClient, eventually, wire
from tests.faults.processes import Process, query, serving

LOG = {"alert_sinks": ("log",), "alert_min_cluster_confidence": 0.5}


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client of a server that logs its alerts."""
    return await make_client(**LOG)


async def storm(client: Client, count: int) -> int:
    """Have so many failures become issues at once; gives how many alerts were accepted."""
    await client.ingest("first", *failures(count))
    sent: int = (await client.ingest("second", *failures(count)))["alertsSent"]
    return sent


async def held_back() -> int:
    return await AlertDelivery.filter(status="held_back").count()


async def digests() -> list[AlertDelivery]:
    return await AlertDelivery.filter(event=HELD_BACK).order_by("uid")


async def make_digest(client: Client) -> None:
    """Do the job of the digest now, as a worker does."""
    settings = client.listening.server.runtime.settings
    for job in await Job.filter(queue=DIGESTS):
        handler = MakeDigest(settings, SinkDirectory(sinks_of(settings)))
        await handler(JobContext(job.id, DIGESTS, job.payload, 0, still_held))


async def still_held() -> bool:
    return True


async def test_sixty_promotions_are_twenty_alerts_and_one_digest_that_names_forty(
    make_client: MakeClient,
) -> None:
    async with Receiver() as receiver:
        client = await make_client(
            alert_webhook_url=receiver.url, alert_min_cluster_confidence=0.5, public_url="https://r.example"
        )
        assert await storm(client, 60) == 20
        await receiver.until(20)
        assert await held_back() == 40
        (job,) = await Job.filter(queue=DIGESTS)
        (begun,) = await AlertStorm.all()
        assert job.due_at == begun.began_at + timedelta(hours=1)

        await Job.filter(queue=DIGESTS).update(due_at=now())
        await receiver.until(21)

    (digest,) = await digests()
    top = digest.body["digest"]["clusters"]
    assert {request.json()["event"] for request in receiver.requests[:20]} == {PROMOTED}
    assert (receiver.requests[20].json()["event"], receiver.requests[20].headers["webhook-id"]) == (
        HELD_BACK,
        digest.alert_id,
    )
    assert digest.body["trigger"] == "storm_digest"
    assert digest.body["digest"].keys() == {"heldBack", "since", "until", "clusters"}
    assert (digest.body["digest"]["heldBack"], len(top), digest.body["cluster"]) == (40, 10, top[0])
    assert (digest.body["digest"]["since"], digest.body["digest"]["until"]) == (wire(begun.began_at), wire(job.due_at))
    assert digest.body["issueUrl"] == f"https://r.example/v1/issues/{top[0]['key'].replace(':', '%3A')}"
    counted = await eventually(lambda: _metric(client))
    assert counted == 40


async def _metric(client: Client) -> float:
    text = (await client.http.get("/metrics")).text
    line = next(line for line in text.splitlines() if line.startswith("retrospec_alert_held_back_total"))
    assert 'type="webhook"' in line
    return float(line.split()[-1])


async def of_different_size(client: Client, count: int) -> list[str]:
    """Failures that two sessions hit, three, four and so on, not yet issues; gives their keys."""
    many = failures(count)
    for number in range(count + 1):
        answer = await client.ingest(f"s{number}", *many[max(0, number - 1) :])
        if number == 0:
            keys = [one["clusterKey"] for one in answer["session"]["markers"]]
    return keys


class TestDigest:
    """What it tells, and that it is one."""

    @pytest.fixture
    async def client(self, make_client: MakeClient) -> Client:
        """A client of a server that lets two alerts an hour through, and promotes on request."""
        return await make_client(**LOG, alert_storm_limit=2, auto_promote_on_ingest=False)

    async def test_the_issues_with_most_sessions_get_through_and_the_others_are_told_of_in_their_order(
        self, client: Client
    ) -> None:
        keys = await of_different_size(client, 5)

        assert (await client.post("/v1/issues/promote"))["alertsSent"] == 2
        await make_digest(client)

        assert [one.cluster_key for one in await AlertDelivery.filter(event=PROMOTED).limit(2)] == keys[:2:-1]
        (digest,) = await digests()
        named = digest.body["digest"]["clusters"]
        assert [(one["key"], one["sessionCount"]) for one in named] == list(zip(keys[2::-1], (4, 3, 2), strict=True))
        assert (digest.sink, digest.sink_type, digest.cluster_key) == ("log", "log", keys[2])

    async def test_it_is_made_once_however_often_and_by_however_many(self, client: Client) -> None:
        await of_different_size(client, 4)
        await client.post("/v1/issues/promote")

        await asyncio.gather(*(make_digest(client) for _ in range(5)))
        await make_digest(client)

        (digest,) = await digests()
        assert digest.body["digest"]["heldBack"] == 2
        assert await Job.filter(queue="alerts:log", id=digest.id).count() == 1

    async def test_it_names_no_issue_that_was_put_aside_meanwhile_and_of_merged_ones_the_target(
        self, client: Client
    ) -> None:
        resolved, merged, target, *_ = await of_different_size(client, 5)
        await client.post("/v1/issues/promote")
        await client.post(f"/v1/issues/{resolved}/state", {"state": "resolved"})
        await client.post("/v1/issues/merge", {"targetClusterKey": target, "sourceClusterKeys": [merged]}, 202)

        await make_digest(client)

        (digest,) = await digests()
        assert digest.body["digest"]["heldBack"] == 3
        assert [one["key"] for one in digest.body["digest"]["clusters"]] == [target]

    async def test_there_is_none_where_all_was_put_aside_or_nobody_is_left_to_hear_it(self, client: Client) -> None:
        keys = await of_different_size(client, 3)
        await client.post("/v1/issues/promote")
        await Job.filter(queue=DIGESTS).update(payload=msgspec.json.encode(ORDER).decode())
        await make_digest(client)
        assert await digests() == []

        await client.post(f"/v1/issues/{keys[0]}/state", {"state": "muted", "mutedSessions": 5})
        await Job.filter(queue=DIGESTS).update(payload=await payload_for("log"))
        await make_digest(client)
        assert await digests() == []

    async def test_what_is_held_back_counts_for_the_cooldown(self, client: Client) -> None:
        keys = await of_different_size(client, 3)
        await client.post("/v1/issues/promote")
        await AlertStorm.all().delete()

        await client.ingest("more", failures(1)[0])
        promoted = await client.post("/v1/issues/promote")

        assert ([one["key"] for one in promoted["promoted"]], promoted["alertsSent"]) == (keys[:1], 0)

    async def test_an_hour_begins_with_the_first_alert_after_the_one_before(self, client: Client) -> None:
        await of_different_size(client, 3)
        await client.post("/v1/issues/promote")
        before = now() - timedelta(hours=1)
        await AlertStorm.all().update(began_at=before)
        await forget_alerts()

        await client.ingest("more", *failures(3))
        assert (await client.post("/v1/issues/promote"))["alertsSent"] == 2

        storm = await AlertStorm.get(sink="log")
        assert (storm.accepted, storm.held_back) == (2, 1)
        assert storm.began_at > before + timedelta(hours=1)
        assert await Job.filter(queue=DIGESTS).count() == 2

    async def test_whoever_comes_after_the_digest_begins_an_hour_of_its_own(self, client: Client) -> None:
        await of_different_size(client, 3)
        await client.post("/v1/issues/promote")
        await make_digest(client)
        await forget_alerts()

        await client.ingest("more", *failures(3))
        await client.post("/v1/issues/promote")
        await make_digest(client)

        assert [one.body["digest"]["heldBack"] for one in await digests()] == [1, 1]

    @pytest.mark.parametrize("dialect", ["postgres"])
    async def test_it_waits_for_a_batch_that_is_still_in_its_hour(self, client: Client) -> None:
        await of_different_size(client, 4)
        await client.post("/v1/issues/promote")
        held = await AlertDelivery.filter(status="held_back").first()
        assert held is not None
        (sink,) = sinks_of(load({"ALERT_SINKS": "log"}))

        outside = copy_context()
        async with transaction() as db:
            late = NewDelivery("alert_late", sink, msgspec.convert(held.body, AlertWire), now())
            assert await hold_back(db, [late], {"log": 2}, now()) == [late]
            making = asyncio.create_task(make_digest(client), context=outside)
            await eventually(lambda: somebody_waits(client))
            await hand_over(db, [late], now())
        await making

        (digest,) = await digests()
        assert digest.body["digest"]["heldBack"] == 3


async def somebody_waits(client: Client) -> bool:
    """Whether a connection to the test's database waits for a lock."""
    db = client.listening.server.runtime.database.connection
    asked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await db.execute_query_dict(asked))


ORDER = DigestOrder("proj_default", "somebody else", datetime.now(UTC))


async def payload_for(sink: str) -> str:
    """The order of the digest for a sink's storm."""
    storm = await AlertStorm.get(sink=sink)
    return msgspec.json.encode(DigestOrder(storm.project_id, sink, storm.began_at)).decode()


async def test_each_sink_has_a_limit_of_its_own_and_each_project_too(make_client: MakeClient) -> None:
    rules = {"few": {"storm_limit": 1}, "all": {"storm_limit": 0}}
    client = await make_client(
        alert_sinks=("few", "all"),
        alerts={name: {"type": "log", "rules": one} for name, one in rules.items()},
        alert_min_cluster_confidence=0.5,
    )
    other = await client.project()

    assert (await storm(client, 25), await storm(other, 3)) == (25, 3)

    assert (len(await told("few")), len(await told("all"))) == (2, 28)
    assert await held_back() == 26
    storms = await AlertStorm.all().order_by("-held_back")
    assert [(one.sink, one.accepted, one.held_back) for one in storms] == [("few", 1, 24), ("few", 1, 2)]
    assert await Job.filter(queue=DIGESTS).count() == 2


async def promote_all(http: httpx.AsyncClient, name: str) -> int:
    """Ingest a session for each of sixty failures, at once; gives how many alerts were accepted."""

    async def one(number: int, failure: Json) -> int:
        body: Json = {"session": {"id": f"{name}-{number}", "site": "x"}, "markers": [failure]}
        sent: int = (await http.post("/v1/ingest/session", json=body, timeout=60)).json()["alertsSent"]
        return sent

    return sum(await asyncio.gather(*(one(number, failure) for number, failure in enumerate(failures(60)))))


@asynccontextmanager
async def stormy(folder: Path, **settings: str) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes, each of which has seen one of two sessions of sixty failures, and let twenty alerts through."""
    async with serving(folder, **settings) as one, serving(folder, **settings) as two:
        async with httpx.AsyncClient(base_url=one.url) as first, httpx.AsyncClient(base_url=two.url) as second:
            sent = await asyncio.gather(promote_all(first, "a"), promote_all(second, "b"))
        assert sum(sent) == 20
        yield one, two


@pytest.mark.parametrize("dialect", ["postgres"])
@pytest.mark.usefixtures("database")
async def test_batches_at_once_of_two_processes_keep_one_limit(database_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": database_url, "ALERT_SINKS": "log", "ALERT_MIN_CLUSTER_CONFIDENCE": "0.1"}

    async with stormy(tmp_path, **settings):
        pass

    assert (len(await told()), await held_back()) == (20, 40)
    storm = await AlertStorm.get(sink="log")
    assert (storm.accepted, storm.held_back) == (20, 40)
    assert await Job.filter(queue=DIGESTS).count() == 1


async def test_two_processes_keep_one_limit_and_make_one_digest_after_they_were_killed(tmp_path: Path) -> None:
    async with Receiver() as receiver:
        settings = {"ALERT_WEBHOOK_URL": receiver.url, "ALERT_MIN_CLUSTER_CONFIDENCE": "0.1"}
        async with stormy(tmp_path, **settings) as servers:
            await receiver.until(20)
            for server in servers:
                server.kill()
                await server.ended()
        assert query(tmp_path, "SELECT COUNT(*) FROM alert_deliveries WHERE status = 'held_back'") == [(40,)]
        change(tmp_path, f"UPDATE jobs SET due_at = created_at WHERE queue = '{DIGESTS}'")
        async with serving(tmp_path, **settings), serving(tmp_path, **settings):
            (digest, *_) = await eventually(lambda: told_of(receiver), 60)
            await eventually(lambda: is_done(tmp_path))

    assert digest["digest"]["heldBack"] == 40
    assert query(tmp_path, "SELECT COUNT(*) FROM alert_deliveries WHERE event = ?", HELD_BACK) == [(1,)]


async def told_of(receiver: Receiver) -> list[Json]:
    """The digests that have come."""
    return [body for request in receiver.requests if (body := request.json())["event"] == HELD_BACK]


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "data" / "retrospec.db", timeout=15)) as db, db:
        db.execute(statement)


async def is_done(folder: Path) -> bool:
    return query(folder, "SELECT COUNT(*) FROM jobs WHERE queue = ? AND status = 'done'", DIGESTS) == [(1,)]
