"""Plugins of every family that do what no plugin may do: ingest goes on, and each is named."""

import asyncio
import itertools
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from retrospec.clustering.plain import plain_key
from retrospec.core.counters import Counters
from retrospec.plugin import MarkerFacts, QueueBackend, StorageBackend
from retrospec.plugin.breaker import Breaker
from retrospec.plugin.faults import Faults
from retrospec.plugin.guard import Guard
from retrospec.plugin.guarded import GuardedQueue, GuardedStorage
from retrospec.plugin.testing.clock import VirtualClock
from retrospec.plugin.testing.queue import QueueSuite
from retrospec.plugin.testing.storage import StorageSuite
from retrospec_plugins.queue_memory import MemoryQueue
from retrospec_plugins.storage_local import LocalSettings, LocalStorage
from tests.client import Client, Json, MakeClient, eventually, marker

ODD = """
import asyncio, sys, threading
from retrospec.plugin import *

FAULT = "{fault}"
FREE = threading.Event()


def misbehave():
    match FAULT:
        case "raises":
            raise RuntimeError("no luck with hunter2@example.com")
        case "exits":
            sys.exit(3)
        case "blocks":
            FREE.wait(60)
    return object()


async def misbehave_later(*_, **__):
    if FAULT == "hangs":
        await asyncio.sleep(60)
    return misbehave()


@clustering_strategy("odd", "Fails")
class OddStrategy(ClusteringStrategy):
    version = 1

    def keys(self, markers):
        return misbehave()


@redactor("odd", "Fails")
class OddRedactor(Redactor):
    def redact(self, event):
        return misbehave()

    def redact_text(self, text):
        return misbehave()


@analyzer("odd", "Fails")
class OddAnalyzer(Analyzer):
    analyze = misbehave_later


@storage_backend("odd", "Fails")
class OddStorage(StorageBackend):
    put = get = stat = delete = sample = check = misbehave_later


@queue_backend("odd", "Fails")
class OddQueue(QueueBackend):
    publish = claim = extend = complete = retry = release = bury = depths = oldest = misbehave_later
    dead_letters = buried = purge = redrive = check = misbehave_later
"""
FAULTS = ("raises", "exits", "hangs", "blocks", "returns_something_else")
SECRET = "hunter2@example.com"
# What is uploaded to a storage that fails.
RECORDING = {"sessionId": "s", "site": "x", "events": [{"type": 4, "timestamp": 1}]}


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> Iterator[str]:
    """What the plugin does instead of what it is asked. Whatever it blocks is free again at the end."""
    name: str = request.param
    yield name
    sys.modules["retrospec_folder_plugins.odd"].FREE.set()


async def named(client: Client, *families: str) -> None:
    """Wait until `/metrics` counts failures of the plugin in each of these families."""

    async def counted() -> bool:
        said = (await client.http.get("/metrics")).text
        return all(f'retrospec_plugin_errors_total{{family="{family}",plugin="odd"}} ' in said for family in families)

    assert await eventually(counted)


async def test_storage_queue_and_redactor_that_fail_fail_no_ingest(serve_with: MakeClient, fault: str) -> None:
    client = await serve_with(
        ODD.format(fault=fault), redactor="odd", storage_backend="odd", queue_backend="odd", plugin_timeout_seconds=0.2
    )
    key = "session-events/proj_default/2026/01/02/shop.example/s.json"
    one = await client.ingest("one", marker("m1", label=f"{SECRET} is refused"), eventsObjectKey=key)
    two = await client.ingest("two", marker("m1", label=f"{SECRET} is refused"), marker("m2", label="another"))
    upload = await client.http.post("/v1/artifacts/session-events", json=RECORDING)
    read = await client.http.get("/v1/sessions/one/events")

    markers: list[Json] = one["session"]["markers"] + two["session"]["markers"]
    first, second, other = markers
    assert (first["label"], first.get("evidence", "")) == ("withheld: the redactor failed", "")
    # Nothing of what they said is kept, and still they are told apart.
    assert first["clusterKey"] == second["clusterKey"] != other["clusterKey"]
    assert SECRET not in str(one) + str(two)
    assert (upload.status_code, upload.json()["code"]) == (503, "redactor_failed")
    assert (read.status_code, read.json()["code"]) == (503, "storage_unavailable")
    await named(client, "redaction", "storage", "queue")


async def test_a_storage_that_fails_refuses_the_upload_and_is_not_ready(serve_with: MakeClient, fault: str) -> None:
    client = await serve_with(ODD.format(fault=fault), storage_backend="odd", plugin_timeout_seconds=0.2)

    upload = await client.http.post("/v1/artifacts/session-events", json=RECORDING)
    ready = await client.http.get("/readyz")

    assert (upload.status_code, upload.json()["code"]) == (503, "storage_unavailable")
    assert ready.status_code == 503
    assert "no luck" not in upload.text


async def test_what_a_strategy_gives_no_keys_for_is_grouped_plainly(serve_with: MakeClient, fault: str) -> None:
    client = await serve_with(ODD.format(fault=fault), clustering_strategy="odd", plugin_timeout_seconds=0.2)

    answers = [await client.ingest(name, marker()) for name in ("one", "two")]

    (key,) = {answer["session"]["markers"][0]["clusterKey"] for answer in answers}
    assert key == plain_key(MarkerFacts("/checkout", "api_error", marker()["clusterKey"], marker()["label"], ""))
    assert answers[1]["promotedCount"] == 1
    await named(client, "clustering")


async def test_an_analyzer_that_fails_makes_a_failed_card_and_nothing_worse(serve_with: MakeClient, fault: str) -> None:
    # Long enough that it is the plugin's own time that runs out, and not the job's, on a machine that has much to do.
    client = await serve_with(
        ODD.format(fault=fault), analyzer="odd", embedded_worker=True, job_timeout_seconds=6, job_max_attempts=1
    )
    await client.recorded("one", marker())

    async def failed() -> bool:
        card = (await client.get("/v1/sessions/one"))["session"].get("reportCard", {})
        return bool(card.get("status") == "failed")

    assert await eventually(failed)
    await named(client, "analysis")
    assert (await client.ingest("two", marker()))["promotedCount"] == 1


class TestGuard:
    """One guard, with a clock that the test moves."""

    async def test_one_that_hangs_is_left_alone_and_asked_again_once_the_pause_is_over(self) -> None:
        clock, counters, free = [0.0], Counters(), threading.Event()
        breaker = Breaker(failures=2, pause=30, clock=lambda: clock[0])
        guard = Guard("clustering", "odd", Faults(counters), timeout=0.05, breaker=breaker)

        async def ask() -> str:
            try:
                return await guard.run(lambda: "fine" if free.wait(60) else "", doing="keys")
            except Exception as failure:
                return type(failure).__name__

        assert [await ask() for _ in range(3)] == ["TimeoutError", "PluginFailed", "LeftAlone"]
        clock[0] = 31
        assert [await ask(), await ask()] == ["PluginFailed", "LeftAlone"]
        free.set()
        clock[0] = 62
        assert await eventually(lambda: _is(ask, breaker, clock)) == "fine"
        assert breaker.state == "closed"
        assert counters.drain()["retrospec_plugin_breaker_opened_total", LABELS] == 1
        await guard.stop()

    async def test_a_patient_one_does_not_open_for_what_the_plugin_raises(self) -> None:
        breaker = Breaker(failures=1)
        faults = Faults(Counters())
        guard = Guard("redaction", "odd", faults, timeout=5, breaker=breaker, patient=True)

        def refuse() -> None:
            raise ValueError(SECRET)

        for _ in range(3):
            with pytest.raises(ValueError, match=SECRET):
                await guard.run(refuse, doing="redact_text")

        assert breaker.state == "closed"
        # What a redactor raises may hold what was to be taken out.
        assert [fault.error for fault in faults.drain()] == ["ValueError"]
        await guard.stop()

    async def test_a_call_that_gets_on_may_take_longer(self) -> None:
        guard = Guard("redaction", "odd", Faults(Counters()), timeout=0.02)
        steps = itertools.count()

        async def slow() -> str:
            while next(steps) < 10:
                await asyncio.sleep(0.02)
            return "done"

        assert await guard.call(slow, doing="redact", progress=lambda: next(steps)) == "done"
        with pytest.raises(TimeoutError):
            await guard.call(asyncio.Event().wait, doing="redact", progress=lambda: "nothing new")
        await guard.stop()


LABELS = (("family", "clustering"), ("plugin", "odd"))


async def _is(ask: Callable[[], Awaitable[str]], breaker: Breaker, clock: list[float]) -> str:
    """The answer, once the thread has noticed that it is free."""
    clock[0] += 31
    answer = await ask()
    return answer if breaker.state == "closed" else ""


class TestGuardedStorage(StorageSuite):
    """A storage passes the suite behind its guard as it does without."""

    @pytest.fixture
    async def storage(self, tmp_path: Path) -> AsyncIterator[StorageBackend]:
        guard = Guard("storage", "local", Faults(Counters()), timeout=10)
        async with GuardedStorage(LocalStorage(LocalSettings(root=tmp_path)), guard) as storage:
            yield storage


class TestGuardedQueue(QueueSuite):
    """A queue passes the suite behind its guard as it does without."""

    @pytest.fixture
    async def queue(self, clock: VirtualClock) -> AsyncIterator[QueueBackend]:
        guard = Guard("queue", "memory", Faults(Counters()), timeout=10)
        async with GuardedQueue(MemoryQueue(clock.monotonic), guard) as queue:
            yield queue
