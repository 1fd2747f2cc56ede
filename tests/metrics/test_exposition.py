"""`/metrics`, read back as Prometheus reads it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.core.errors import Unavailable
from retrospec.core.settings import Settings
from retrospec.metrics.catalog import CATALOG, TOTALS
from retrospec.metrics.exposition import Exposition
from retrospec.metrics.totals import Totals
from retrospec.plugin import QueueBackend, QueueDepths, QueuedJob, QueueUnavailable
from retrospec_plugins.queue_memory import MemoryQueue
from tests.client import Client

ROOT = Path(__file__).parents[2]
SETTINGS = Settings()
CONTRACT = {
    "retrospec_uptime_seconds",
    "retrospec_ingest_sessions_total",
    "retrospec_replay_queue_errors_total",
    "retrospec_analysis_queue_errors_total",
    "retrospec_replay_artifacts_total",
    "retrospec_analysis_reports_total",
    "retrospec_cleanup_runs_total",
    "retrospec_cleanup_event_objects_total",
    "retrospec_cleanup_artifact_objects_total",
    "retrospec_alert_sent_total",
    "retrospec_alert_errors_total",
    "retrospec_rate_limited_total",
    *(
        f"retrospec_{queue}_queue_{depth}"
        for queue in ("replay", "analysis")
        for depth in ("stream_depth", "pending_total", "retry_depth", "failed_depth")
    ),
}


class Scrape:
    """A scrape's samples, by name."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples: list[Sample] = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        found = [sample.value for sample in self.samples if sample.name == name and sample.labels == labels]
        assert len(found) == 1, f"{name} {labels} stands there {len(found)} times"
        return found[0]


class BrokenQueue(MemoryQueue):
    async def depths(self, queue: str) -> QueueDepths:
        raise QueueUnavailable


class SilentQueue(MemoryQueue):
    async def depths(self, queue: str) -> QueueDepths:
        await asyncio.Event().wait()
        return QueueDepths()


@pytest.fixture
async def counters() -> Counters:
    return Counters()


@pytest.fixture
async def queue() -> AsyncIterator[MemoryQueue]:
    async with MemoryQueue() as queue:
        yield queue


async def scrape(database: Database, counters: Counters, queue: QueueBackend) -> Scrape:
    text = await Exposition(Totals(database, counters), queue, SETTINGS, timeout=0.5).render()
    return Scrape(text.decode())


async def test_every_name_of_the_contract_is_there_before_anything_happened(
    database: Database, counters: Counters, queue: MemoryQueue
) -> None:
    seen = await scrape(database, counters, queue)

    values = {name: seen.value(name) for name in CONTRACT}
    assert values.pop("retrospec_uptime_seconds") > 0
    assert set(values.values()) == {0}


async def test_every_metric_has_its_kind_and_says_what_it_means(
    database: Database, counters: Counters, queue: MemoryQueue
) -> None:
    seen = await scrape(database, counters, queue)

    for metric in CATALOG:
        # The parser takes the suffix of counters off their names.
        family = seen.families[metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name]
        assert (family.type, family.documentation) == (metric.kind, metric.help)


async def test_counters_are_shown_under_the_name_they_were_counted_by(
    database: Database, counters: Counters, queue: MemoryQueue
) -> None:
    counters.add("retrospec_ingest_sessions_total", 7)
    counters.add("retrospec_alert_sent_total", 2, type="webhook")

    seen = await scrape(database, counters, queue)

    assert seen.value("retrospec_ingest_sessions_total") == 7
    assert seen.value("retrospec_alert_sent_total", type="webhook") == 2
    assert not any(sample.name.endswith("_total_total") for sample in seen.samples)


async def test_the_buckets_of_a_histogram_hold_all_that_is_smaller(
    database: Database, counters: Counters, queue: MemoryQueue
) -> None:
    for seconds in (0.2, 0.3, 7.0, 1000.0):
        counters.observe("retrospec_job_seconds", seconds, (0.25, 0.5, 10), (("queue", "replay-jobs"),))

    seen = await scrape(database, counters, queue)

    counts = {
        bound: seen.value("retrospec_job_seconds_bucket", queue="replay-jobs", le=bound)
        for bound in ("0.1", "0.25", "0.5", "5.0", "10.0", "300.0", "+Inf")
    }
    assert counts == {"0.1": 0, "0.25": 1, "0.5": 2, "5.0": 2, "10.0": 3, "300.0": 3, "+Inf": 4}
    assert seen.value("retrospec_job_seconds_count", queue="replay-jobs") == 4
    assert seen.value("retrospec_job_seconds_sum", queue="replay-jobs") == pytest.approx(1007.5)


async def test_series_of_one_histogram_do_not_mix(database: Database, counters: Counters, queue: MemoryQueue) -> None:
    counters.observe("retrospec_job_seconds", 1, (1,), (("queue", "replay-jobs"),))
    counters.observe("retrospec_job_seconds", 2, (1,), (("queue", "analysis-jobs"),))

    seen = await scrape(database, counters, queue)

    assert seen.value("retrospec_job_seconds_bucket", queue="replay-jobs", le="1.0") == 1
    assert seen.value("retrospec_job_seconds_bucket", queue="analysis-jobs", le="1.0") == 0
    assert seen.value("retrospec_job_seconds_sum", queue="analysis-jobs") == 2


async def test_what_another_version_counted_is_shown_too(
    database: Database, counters: Counters, queue: MemoryQueue
) -> None:
    counters.add("retrospec_of_tomorrow_total", 3, kind='quo"ted\n')

    seen = await scrape(database, counters, queue)

    assert seen.value("retrospec_of_tomorrow_total", kind='quo"ted\n') == 3


async def test_the_depths_are_those_of_the_queues_that_the_settings_name(
    database: Database, counters: Counters, queue: MemoryQueue
) -> None:
    await queue.publish(SETTINGS.replay_queue_name, [QueuedJob("1", "{}"), QueuedJob("2", "{}")])
    await queue.claim(SETTINGS.replay_queue_name, limit=1, lease_seconds=60, worker="w")

    seen = await scrape(database, counters, queue)

    assert seen.value("retrospec_replay_queue_stream_depth") == 2
    assert seen.value("retrospec_replay_queue_pending_total") == 1
    assert seen.value("retrospec_analysis_queue_stream_depth") == 0
    assert seen.value("retrospec_queue_up") == 1


@pytest.mark.parametrize("broken", [BrokenQueue, SilentQueue])
async def test_a_queue_that_is_down_takes_only_its_own_gauges_with_it(
    database: Database, counters: Counters, broken: type[MemoryQueue]
) -> None:
    counters.add("retrospec_ingest_sessions_total", 7)

    seen = await scrape(database, counters, broken())

    assert seen.value("retrospec_queue_up") == 0
    assert seen.value("retrospec_ingest_sessions_total") == 7
    assert not any("queue_stream_depth" in sample.name for sample in seen.samples)


async def test_a_database_that_does_not_answer_is_said_and_loses_no_count(
    database: Database, queue: MemoryQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters = Counters()
    counters.add("retrospec_ingest_sessions_total", 7)
    totals = Totals(database, counters)

    async def never() -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(totals, "read", never)
        with pytest.raises(Unavailable, match="does not answer within"):
            await Exposition(totals, queue, SETTINGS, timeout=0.5).render()

    seen = await scrape(database, counters, queue)
    assert seen.value("retrospec_ingest_sessions_total") == 7


def test_every_count_that_the_code_keeps_is_in_the_catalogue() -> None:
    sources = [*(ROOT / "retrospec").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    counted = {
        name
        for source in sources
        if "metrics" not in source.parts and "apidocs" not in source.parts
        for name in re.findall(r'"(retrospec_\w+_(?:total|seconds|bytes|size))"', source.read_text())
    }

    assert counted - {metric.name for metric in TOTALS} == set()
    assert "retrospec_ingest_sessions_total" in counted


async def test_anybody_can_scrape_a_server(client: Client) -> None:
    await client.ingest("s-1")

    answer = await client.http.get("/metrics", headers={"X-Retrospec-Key": ""})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    seen = Scrape(answer.text)
    assert seen.value("retrospec_ingest_sessions_total") == 1
    assert seen.value("process_resident_memory_bytes") > 10_000_000
