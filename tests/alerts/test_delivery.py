"""What becomes of an alert on its way: pauses, breakers, receivers and plugins that do everything wrong."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts import dispatcher, watch
from retrospec.alerts.delivery import retries
from retrospec.alerts.health import SinkHealth
from retrospec.alerts.models import AlertAttempt, AlertDelivery, AlertSinkRow, AlertSinkState
from retrospec.alerts.sinks import Sink
from retrospec.core.clock import now
from retrospec.core.db import Database, is_sqlite
from retrospec.core.settings_sources import load
from retrospec.jobs.models import Job
from retrospec.jobs.outbox import NewJob, enqueue
from retrospec.plugin.testing.receiver import Answer, Receiver
from tests.alerts.odd_sinks import hand_over, make_sink, put_odd_sinks
from tests.client import Client, MakeClient, eventually, marker

Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start(make_client: MakeClient, tmp_path: Path) -> Start:
    """Starts servers with odd sinks, that try again at once."""
    folder = put_odd_sinks(tmp_path / "plugins")

    async def start(**settings: object) -> Client:
        usual = {
            "plugins_dir": folder,
            "alert_min_cluster_confidence": 0.5,
            "alert_timeout_seconds": 10,
            "alert_retry_pauses_seconds": (0.01,) * 30,
            "alert_breaker_failures": 1000,
        }
        return await make_client(**{**usual, **settings})

    return start


def wake(client: Client) -> None:
    client.listening.server.workers.wake()


async def ended(delivery: str, status: str) -> AlertDelivery:
    """A delivery, once it has ended so."""

    async def check() -> AlertDelivery | None:
        return await AlertDelivery.get_or_none(id=delivery, status=status)

    found: AlertDelivery = await eventually(check)
    return found


async def tried(delivery: str, times: int = 1) -> AlertDelivery:
    """A delivery, once it was tried so often."""

    async def check() -> AlertDelivery | None:
        return await AlertDelivery.get_or_none(id=delivery, attempts__gte=times)

    found: AlertDelivery = await eventually(check)
    return found


async def until_count(count: int, **such: object) -> None:
    """Wait until there are so many such deliveries."""

    async def check() -> bool:
        return await AlertDelivery.filter(**such).count() == count

    await eventually(check)


async def counted(client: Client, sample: str) -> float:
    said = (await client.http.get("/metrics")).text
    return next((float(line.split()[-1]) for line in said.splitlines() if line.startswith(f"{sample} ")), 0.0)


class TestPauses:
    def test_an_alert_is_tried_eight_times_over_nine_hours(self) -> None:
        retry = retries(load({}))

        assert [retry.used_up(attempts) for attempts in (7, 8)] == [False, True]
        for attempt, pause in enumerate((5, 30, 120, 600, 1800, 7200, 21_600)):
            pauses = [retry.pause(attempt) for _ in range(200)]
            assert 0.75 * pause <= min(pauses) < 0.85 * pause
            assert 1.15 * pause < max(pauses) <= 1.25 * pause

    @pytest.mark.parametrize(
        ("asked", "least", "most"),
        [
            (lambda: "120", 115, 125),
            (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True), 110, 125),
            # No longer than a day, and no sooner than the schedule.
            (lambda: "99999999", 86_300, 86_401),
            (lambda: "0", 45, 80),
            (lambda: "soon", 45, 80),
        ],
    )
    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_a_receiver_says_when_to_come_back(
        self, start: Start, receiver: Receiver, asked: Callable[[], str], least: float, most: float
    ) -> None:
        receiver.answer(Answer(503, {"Retry-After": asked()}))
        began = now()
        client = await start(alert_webhook_url=receiver.url, alert_retry_pauses_seconds=(60,))
        delivery = await hand_over("webhook", "webhook")
        wake(client)

        waits = await tried(delivery)
        job = await eventually(lambda: Job.get_or_none(id=delivery, status="ready", attempt=1))

        assert waits.next_attempt_at is not None
        assert timedelta(seconds=least) < waits.next_attempt_at - began < timedelta(seconds=most + 20)
        assert abs(job.due_at - waits.next_attempt_at) < timedelta(seconds=5)


class TestSwitchedOff:
    async def test_a_sink_whose_receiver_is_gone_is_off_until_it_is_edited(
        self, start: Start, receiver: Receiver
    ) -> None:
        client = await start()
        sink = await make_sink("odd", url=receiver.url)
        receiver.answer(Answer(410, body=b"moved"))
        first = await hand_over(sink.id)
        wake(client)
        told = await ended(first, "failed")
        second = await hand_over(sink.id)
        wake(client)
        refused = await ended(second, "failed")

        assert (told.attempts, told.last_error) == (1, "it is gone")
        assert (refused.attempts, refused.last_error) == (0, "the sink is switched off until it is edited: it is gone")
        assert len(receiver.requests) == 1
        assert await counted(client, "retrospec_alert_sinks_off") == 1
        await eventually(lambda: counted(client, 'retrospec_alert_failed_total{type="odd"}'))
        (attempt,) = await AlertAttempt.all()
        assert (attempt.outcome, attempt.status, attempt.answer) == ("gone", 410, "moved")

        await AlertSinkRow.filter(id=sink.id).update(settings={"url": f"{receiver.url}/new"})
        third = await hand_over(sink.id)
        wake(client)
        await ended(third, "delivered")
        assert [request.target for request in receiver.requests] == ["/", "/new"]
        assert not await AlertSinkState.exists()

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_what_waits_for_a_sink_that_is_deleted_or_disabled_is_given_up_with_the_reason(
        self, start: Start, receiver: Receiver
    ) -> None:
        client = await start()
        sink = await make_sink("odd", url=receiver.url)
        await AlertSinkRow.filter(id=sink.id).update(enabled=False)
        disabled, deleted = await hand_over(sink.id), await hand_over("snk_of_nobody")
        wake(client)

        assert (await ended(disabled, "failed")).last_error == "the sink is disabled"
        assert (await ended(deleted, "failed")).last_error == "the sink was deleted"
        assert receiver.requests == []
        await eventually(lambda: counted(client, 'retrospec_alert_failed_total{type="odd"}'))
        assert await counted(client, 'retrospec_alert_failed_total{type="odd"}') == 2

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_what_is_for_a_sink_of_another_process_waits_for_that_process(
        self, start: Start, receiver: Receiver
    ) -> None:
        client = await start()
        elsewhere = await hand_over("pager-of-the-other")
        sink = await make_sink("odd", url=receiver.url)
        mine = await hand_over(sink.id)
        wake(client)

        await ended(mine, "delivered")

        assert (await AlertDelivery.get(id=elsewhere)).status == "pending"
        assert (await Job.get(id=elsewhere)).status == "ready"

    async def test_what_no_process_has_delivered_in_a_week_is_given_up(
        self, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatcher, "_TIDY_SECONDS", 0.05)
        client = await start(alert_sinks=("raise",), alert_retry_pauses_seconds=(3600,))
        old, young = await hand_over("pager-of-the-past", "pager"), await hand_over("pager-of-the-past", "pager")
        ours = await hand_over("raise", "raise")
        await AlertDelivery.filter(id__in=(old, ours)).update(created_at=now() - timedelta(days=8))
        wake(client)

        assert (await ended(old, "failed")).last_error == "no server has this sink in its settings any more"
        assert {one.status for one in await AlertDelivery.filter(id__in=(young, ours))} == {"pending"}
        assert [job.id for job in await Job.filter(queue="alerts:pager-of-the-past")] == [young]
        await eventually(lambda: counted(client, 'retrospec_alert_failed_total{type="pager"}'))


class TestBreaker:
    async def test_it_opens_after_failures_in_a_row_lets_one_try_and_closes_again(
        self, start: Start, receiver: Receiver
    ) -> None:
        client = await start(
            alert_breaker_failures=2,
            alert_breaker_pause_seconds=3600,
            alert_retry_pauses_seconds=(3600,) * 8,
        )
        sink = await make_sink("odd", url=receiver.url)
        receiver.otherwise = Answer(500)
        for _ in range(2):
            delivery = await hand_over(sink.id)
            wake(client)
            await tried(delivery)
        state = await AlertSinkState.get(sink=sink.id)
        assert (state.failures, state.open_until is not None) == (2, True)

        waiting = [await hand_over(sink.id) for _ in range(5)]
        good = await make_sink("odd", url=f"{receiver.url}/good")
        receiver.answer(Answer(200))
        other = await hand_over(good.id)
        wake(client)
        await ended(other, "delivered")
        # While it is open, nothing is tried and no attempt is used up.
        assert len(receiver.requests) == 3
        assert {one.attempts for one in await AlertDelivery.filter(id__in=waiting)} == {0}
        assert await counted(client, "retrospec_alert_sinks_resting") == 1

        await AlertSinkState.filter(sink=sink.id).update(open_until=now())
        wake(client)
        await eventually(lambda: AlertSinkState.get_or_none(sink=sink.id, failures=3))
        wake(client)
        await asyncio.sleep(0.1)
        assert len(receiver.requests) == 4
        assert sorted(one.attempts for one in await AlertDelivery.filter(id__in=waiting)) == [0, 0, 0, 0, 1]

        receiver.otherwise = Answer(200)
        await AlertSinkState.filter(sink=sink.id).update(open_until=now())
        wake(client)
        await until_count(4, id__in=waiting, status="delivered")
        assert not await AlertSinkState.exists()

    async def test_of_several_processes_one_tries(self, database: Database) -> None:
        db, moment = database.connection, now()
        health, sink = SinkHealth(failures=1, pause=0), Sink("snk_1", "mine", "odd", "proj_1")
        await health.failed(db, sink, "broken", moment)
        later, much_later = moment + timedelta(seconds=1), moment + timedelta(seconds=60)

        assert [await health.may_probe(db, sink.id, later, much_later) for _ in range(3)] == [True, False, False]
        await health.did_not_probe(db, sink.id, later, much_later)
        assert await health.may_probe(db, sink.id, later, much_later)

    async def test_other_settings_begin_anew(self, database: Database) -> None:
        db, moment = database.connection, now()
        health = SinkHealth(failures=3, pause=60)
        old = Sink("snk_1", "mine", "odd", "proj_1", {"url": "old"})
        new = Sink("snk_1", "mine", "odd", "proj_1", {"url": "new"})
        for _ in range(2):
            await health.failed(db, old, "broken", moment)
        await health.gone(db, old, "moved", moment)

        await health.failed(db, new, "broken too", moment)

        state = await AlertSinkState.get(sink="snk_1")
        assert (state.failures, state.open_until, state.gone_at, state.last_error) == (1, None, None, "broken too")
        await health.forget_others(db, new)
        assert await AlertSinkState.exists()
        await health.forget_others(db, old)
        assert not await AlertSinkState.exists()


class TestHostile:
    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_receivers_that_never_end_delay_no_other_sink_and_no_ingest(self, start: Start) -> None:
        answers = {
            "hanging": Answer(delay_seconds=3600),
            "endless": Answer(200, body=b"m" * 60_000, endless=True),
            "refusing": Answer(500, body=b"more ", endless=True, pause_seconds=0.01),
            "dripping": Answer(drips=True, pause_seconds=0.01),
            "good": Answer(200),
        }
        async with AsyncExitStack() as stack:
            receivers = {name: await stack.enter_async_context(Receiver()) for name in answers}
            for name, answer in answers.items():
                receivers[name].otherwise = answer
            client = await start(
                alert_sinks=tuple(answers),
                alerts={name: {"type": "webhook", "url": receivers[name].url} for name in answers},
                alert_timeout_seconds=0.5,
                alert_retry_pauses_seconds=(0.01,) * 3,
                alert_breaker_failures=5,
            )
            for page in ("cart", "login", "orders", "search", "profile", "help"):
                await client.issue(label=f"POST /{page} -> 500", clusterKey=page)
            await receivers["good"].until(6)
            for name in ("hanging", "refusing", "dripping"):
                await eventually(lambda: AlertDelivery.filter(sink=name, attempts__gte=1).exists())  # noqa: B023
            await client.ingest("meanwhile", marker())

            # A taken alert is taken, however long the answer goes on.
            await until_count(6, sink="endless", status="delivered")
        ids = [request.headers["webhook-id"] for request in receivers["good"].requests]
        assert len(set(ids)) == len(ids) == 6

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_a_sink_that_hangs_holds_four_places_and_no_more(self, start: Start, receiver: Receiver) -> None:
        client = await start(alert_timeout_seconds=30, shutdown_grace_seconds=1)
        receiver.otherwise = Answer(delay_seconds=3600)
        sink = await make_sink("odd", url=receiver.url)
        for _ in range(9):
            await hand_over(sink.id)
        wake(client)
        await receiver.until(4)
        async with Receiver() as good:
            other = await make_sink("odd", url=good.url)
            await ended(await hand_over(other.id), "delivered")

        assert len(receiver.requests) == 4
        assert await Job.filter(queue=f"alerts:{sink.id}", status="leased").count() == 4

    @pytest.mark.parametrize("dialect", ["sqlite"])
    @pytest.mark.parametrize(
        ("does", "says"),
        [
            ("raise", "RuntimeError: out of order"),
            ("hang", "TimeoutError: took longer than 0.22 s"),
            ("block", "TimeoutError: took longer than 0.22 s"),
            ("exit", "it called sys.exit: SystemExit(3)"),
            ("wrong", "TypeError: `send` returned a str, not a Receipt or None"),
        ],
    )
    async def test_a_plugin_may_do_what_it_likes(
        self, start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str], does: str, says: str
    ) -> None:
        broken = tmp_path / "broken"
        broken.touch()
        client = await start(
            alert_sinks=(does, "odd"),
            alerts={does: {"while_there": str(broken)}},
            alert_timeout_seconds=0.2,
            alert_breaker_failures=2,
            alert_breaker_pause_seconds=0.3,
        )
        await client.issue()
        first = await eventually(lambda: AlertDelivery.get_or_none(sink=does, attempts__gte=1))
        assert first.last_error == says
        began = asyncio.get_running_loop().time()
        await client.ingest("meanwhile", marker())
        # Far less than the plugin blocks its own thread.
        assert asyncio.get_running_loop().time() - began < 2
        await eventually(lambda: AlertDelivery.get_or_none(sink="odd", status="delivered"))
        await eventually(lambda: AlertSinkState.get_or_none(sink=does, open_until__not_isnull=True))

        broken.unlink()
        done = await eventually(lambda: AlertDelivery.get_or_none(sink=does, status="delivered"))

        assert done.attempts >= 3
        assert not await AlertSinkState.exists()
        sample = f'retrospec_plugin_errors_total{{family="alerts",plugin="{does}"}}'
        assert await eventually(lambda: counted(client, sample)) >= 2
        said = capsys.readouterr().out
        assert "an alert sink is left alone" in said
        assert "an alert sink works again" in said
        assert any(f"plugin={does}" in line and says in line for line in said.splitlines())


class TestMany:
    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_every_sink_has_its_turn_however_many_there_are(
        self, start: Start, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatcher, "_QUEUES_AT_ONCE", 3)
        client = await start()
        sinks = [await make_sink("odd", url=f"{receiver.url}/{number}") for number in range(10)]
        for sink in sinks:
            await hand_over(sink.id)
        wake(client)

        await until_count(10, status="delivered")
        assert sorted(request.target for request in receiver.requests) == sorted(f"/{number}" for number in range(10))

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_a_delivery_that_ends_its_worker_each_time_is_given_up(self, start: Start) -> None:
        client = await start(alert_retry_pauses_seconds=(0.01, 0.01))
        sink = await make_sink("odd")
        delivery = await hand_over(sink.id)
        await Job.filter(id=delivery).update(attempt=3)
        wake(client)

        lost = await ended(delivery, "failed")

        assert lost.last_error == "its worker stopped during attempt 3"
        await eventually(lambda: counted(client, 'retrospec_alert_failed_total{type="odd"}'))

    @pytest.mark.parametrize("dialect", ["sqlite"])
    async def test_what_waits_is_counted_by_type(self, start: Start, receiver: Receiver) -> None:
        receiver.otherwise = Answer(500)
        client = await start(alert_webhook_url=receiver.url, alert_retry_pauses_seconds=(3600,))
        assert await counted(client, 'retrospec_alert_pending{type="webhook"}') == 0
        sink = await make_sink("odd", url=receiver.url)
        for _ in range(3):
            await hand_over(sink.id)
        await hand_over("webhook", "webhook")

        assert await counted(client, 'retrospec_alert_pending{type="odd"}') == 3
        assert await counted(client, 'retrospec_alert_pending{type="webhook"}') == 1
        wake(client)
        await eventually(lambda: counted(client, 'retrospec_jobs_total{outcome="retried",queue="alerts"}'))


class TestPlans:
    """Finding what is due reads none of what is done, rests or belongs to other queues."""

    @pytest.fixture
    async def full(self, database: Database) -> BaseDBAsyncClient:
        """Jobs of 40 sinks, nearly all done or resting, and some due."""
        db = database.connection
        given = [
            NewJob(f"alerts:snk_{number % 40}" if number % 2 else "replay-jobs", "p", "", "{}")
            for number in range(8000)
        ]
        await enqueue(db, given, now())
        await db.execute_query("UPDATE jobs SET status = 'done' WHERE uid % 7 <> 0")
        pending = [(f"dlv_{number}", "pending" if number % 100 == 0 else "delivered") for number in range(8000)]
        await AlertDelivery.bulk_create(
            [
                AlertDelivery(
                    id=ident,
                    alert_id=ident,
                    project_id="p",
                    cluster_key="k",
                    event="e",
                    sink="snk_1",
                    sink_type="odd",
                    body={},
                    status=status,
                    created_at=now(),
                )
                for ident, status in pending
            ],
            using_db=db,
        )
        await db.execute_script("ANALYZE")
        return db

    async def test_finding_what_is_due_reads_no_more_the_more_is_done(self, full: BaseDBAsyncClient) -> None:
        plan = await explain(full, dispatcher.DUE.text(full), "", 200, now())

        if is_sqlite(full):
            assert not [step for step in plan if step.startswith(("SCAN j", "SCAN r", "SCAN l"))], plan
            assert any("(queue=? AND status=? AND due_at<?)" in step for step in plan)
        else:
            assert not [step for step in plan if "Seq Scan on jobs" in step], plan
            # A few queues, and no job.
            assert sum(int(step.split()[-1]) for step in plan if "Rows Removed" in step) < 40, plan
        found = await dispatcher.DUE.fetch(full, "", 200, now())
        assert len(found) == 20

    async def test_counting_what_waits_reads_only_that(self, full: BaseDBAsyncClient) -> None:
        plan = "\n".join(await explain(full, watch.PENDING.text(full), 100_000))

        assert not re.search(r"Seq Scan on|^SCAN alert", plan, re.M), plan
        assert (await watch.waiting(full)).pending == {"odd": 80}


async def explain(db: BaseDBAsyncClient, text: str, *values: object) -> list[str]:
    """What the database means to do; PostgreSQL does it, and counts."""
    verb = "EXPLAIN QUERY PLAN " if is_sqlite(db) else "EXPLAIN (ANALYZE, TIMING OFF) "
    found = await db.execute_query_dict(verb + text, list(values))
    return [str(row.get("detail") or row.get("QUERY PLAN")) for row in found]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_alerts_stay_in_the_database_where_other_jobs_have_another_queue(
    start: Start, receiver: Receiver
) -> None:
    client = await start(queue_backend="memory", alert_webhook_url=receiver.url)

    await client.issue()

    await receiver.until(1)
    await until_count(1, status="delivered")
    assert await Job.filter(queue="alerts:webhook", published_at=None).count() == 1
