"""Analysis jobs, run as the worker runs them."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.db import Database, transaction
from retrospec.core.settings_sources import load
from retrospec.jobs.handler import JobContext, Unprocessable
from retrospec.jobs.schemas import AnalysisJob, encode_job
from retrospec.plugin import Analysis, AnalysisMarker, AnalysisRequest, Analyzer, StorageUnavailable
from retrospec.reports.cards import open_cards
from retrospec.reports.jobs import AnalysisJobHandler
from retrospec.reports.models import SessionReportCard
from retrospec.sessions.models import ErrorMarker, Session
from retrospec.sessions.recordings import RecordedEvents
from retrospec_plugins.storage_local import LocalSettings, LocalStorage

KEY = "session-events/proj_default/2026/03/04/x/s-1.json"
EVENTS: list[dict[str, Any]] = [{"type": 4, "timestamp": 1}, {"type": 3, "timestamp": 2, "data": {"text": "ä"}}]
SURE = Analysis("Checkout fails", "The API answers 500", "Handle it", "Paid, saw an error.", "A red box", 0.9)


class Scripted(Analyzer):
    """Gives the answer it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Analysis | Exception = SURE
        self.asked: list[AnalysisRequest] = []
        self.events: list[dict[str, Any]] = []
        self.pause = 0.0

    async def analyze(self, request: AnalysisRequest) -> Analysis:
        self.asked.append(request)
        self.events = await asyncio.to_thread(list, request.events)
        assert await asyncio.to_thread(list, request.events) == self.events
        await asyncio.sleep(self.pause)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Bench:
    """A handler with all that it works with."""

    def __init__(self, storage: LocalStorage, folder: Path, **settings: object) -> None:
        self.storage = storage
        self.analyzer = Scripted()
        self.counters = Counters()
        self.settings = load({}, data_dir=folder, **settings)
        self.handler = AnalysisJobHandler(self.settings, storage, self.analyzer, self.counters)

    async def run(self, **facts: Any) -> SessionReportCard | None:
        """Do a job and return the card that then stands."""
        await self.handler(job(**facts))
        return await SessionReportCard.get_or_none(session_id="s-1")


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[LocalStorage]:
    async with LocalStorage(LocalSettings(root=tmp_path / "objects")) as storage:
        yield storage


async def record(storage: LocalStorage, content: bytes) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    await storage.put(KEY, pieces(), content_type="application/json")


@pytest.fixture
async def bench(database: Database, storage: LocalStorage, tmp_path: Path) -> Bench:
    moment = now()
    await Session.create(
        project_id="proj_default", session_id="s-1", site="shop.example", route="/checkout", started_at=moment,
        duration_ms=1, events_object_key=KEY, created_at=moment, updated_at=moment,
    )  # fmt: skip
    await record(storage, msgspec.json.encode(EVENTS))
    return Bench(storage, tmp_path)


async def mark(ident: str, kind: str, offset: int) -> None:
    await ErrorMarker.create(
        project_id="proj_default", session_id="s-1", marker_id=ident, cluster_key="k", kind=kind,
        label=f"label {ident}", evidence=f"evidence {ident}", replay_offset_ms=offset, observed_at=now(),
        created_at=now(),
    )  # fmt: skip


def job(*, held: bool = True, **facts: Any) -> JobContext:
    async def still_held() -> bool:
        return held

    wanted: dict[str, Any] = {
        "project_id": "proj_default", "session_id": "s-1", "events_object_key": KEY, "marker_offsets_ms": [900, 5000],
        "trigger_kind": "api_error", "marker_hints": ["first", "second"], "route": "/", "site": "x",
    }  # fmt: skip
    return JobContext("job-1", "analysis-jobs", encode_job(AnalysisJob(**(wanted | facts))), 0, still_held)


async def test_the_analyzer_gets_the_session_its_failures_and_its_recording(bench: Bench) -> None:
    await mark("b", "js_exception", 700)
    await mark("a", "api_error", 300)

    await bench.run()

    asked = bench.analyzer.asked[0]
    assert (asked.project_id, asked.session_id, asked.site, asked.route) == (
        "proj_default",
        "s-1",
        "shop.example",
        "/checkout",
    )
    assert asked.trigger_kind == "js_exception"
    assert asked.markers == [
        AnalysisMarker(300, "api_error", "label a", "evidence a"),
        AnalysisMarker(700, "js_exception", "label b", "evidence b"),
    ]
    assert bench.analyzer.events == EVENTS


async def test_without_markers_the_job_tells_the_failures(bench: Bench) -> None:
    await bench.run()

    assert bench.analyzer.asked[0].markers == [
        AnalysisMarker(900, "api_error", "first", ""),
        AnalysisMarker(5000, "api_error", "second", ""),
    ]


async def test_what_the_analyzer_finds_is_written_on_the_card(bench: Bench) -> None:
    async with transaction() as db:
        await open_cards(db, [("proj_default", "s-1")], now())
    before = now()

    card = await bench.run()

    assert card is not None
    assert (card.status, card.confidence) == ("ready", 0.9)
    assert (card.symptom, card.technical_root_cause, card.suggested_fix) == SURE_TEXTS[:3]
    assert (card.text_summary, card.visual_summary) == SURE_TEXTS[3:]
    assert before <= card.generated_at <= now()
    assert bench.counters.drain() == {("retrospec_analysis_reports_total", ()): 1}


SURE_TEXTS = (
    SURE.symptom, SURE.technical_root_cause, SURE.suggested_fix, SURE.text_summary, SURE.visual_summary
)  # fmt: skip


@pytest.mark.parametrize(
    ("confidence", "discards", "status", "kept"),
    [
        (0.6, True, "ready", 0.6),
        (0.59, True, "discarded", 0.59),
        (0.59, False, "ready", 0.59),
        (7.0, True, "ready", 1.0),
        (-1.0, True, "discarded", 0.0),
        (math.nan, True, "discarded", 0.0),
        (math.inf, True, "discarded", 0.0),
    ],
)
async def test_uncertain_reports_are_discarded(
    bench: Bench, tmp_path: Path, confidence: float, discards: bool, status: str, kept: float
) -> None:
    strict = Bench(bench.storage, tmp_path, analyzer_discard_uncertain=discards)
    strict.analyzer.answer = Analysis("s", "c", "f", "t", "v", confidence)

    card = await strict.run()

    assert card is not None
    assert (card.status, card.confidence) == (status, kept)


async def test_texts_that_no_database_takes_are_made_storable(bench: Bench) -> None:
    bench.analyzer.answer = Analysis("a\0b\ud800" + "x" * 600, "c" * 30_000, "f", "t", "v", 1.0)

    card = await bench.run()

    assert card is not None
    assert card.symptom.startswith("ab?xxx")
    assert (len(card.symptom), len(card.technical_root_cause)) == (499, 20_000)


async def test_a_session_that_was_removed_is_not_analysed(bench: Bench) -> None:
    assert await bench.run(session_id="gone") is None
    assert bench.analyzer.asked == []


async def test_a_job_that_was_given_to_another_worker_writes_nothing(bench: Bench) -> None:
    assert await bench.run(held=False) is None
    await bench.storage.delete([KEY])
    assert await bench.run(held=False) is None


async def test_a_recording_that_is_gone_makes_a_failed_card_that_says_so(bench: Bench) -> None:
    await bench.storage.delete([KEY])

    card = await bench.run()

    assert card is not None
    assert (card.status, card.confidence, card.symptom) == ("failed", 0, "")
    assert "not in the storage" in card.text_summary
    assert bench.analyzer.asked == []


async def test_what_was_found_before_outlives_a_later_failure(bench: Bench) -> None:
    await bench.run()
    await bench.storage.delete([KEY])

    card = await bench.run()
    await bench.handler.buried(job(), "why")

    assert card is not None
    assert (card.status, (await SessionReportCard.get()).status) == ("ready", "ready")


async def test_a_later_analysis_replaces_a_failed_card(bench: Bench) -> None:
    await bench.handler.buried(job(), "why")

    card = await bench.run()

    assert card is not None
    assert (card.status, card.symptom) == ("ready", SURE.symptom)


async def test_while_the_storage_is_down_the_job_is_to_be_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(bench.storage, "get", get)

    with pytest.raises(StorageUnavailable):
        await bench.run()
    assert await SessionReportCard.all().count() == 0


async def test_an_analyzer_that_fails_is_counted_and_the_job_tried_again(bench: Bench) -> None:
    bench.analyzer.answer = RuntimeError("no model")

    with pytest.raises(RuntimeError):
        await bench.run()

    failed = ("retrospec_plugin_errors_total", (("family", "analysis"), ("plugin", "heuristic")))
    assert bench.counters.drain() == {failed: 1}
    assert await SessionReportCard.all().count() == 0


async def test_an_analyzer_that_hangs_is_stopped_before_the_job_is(bench: Bench, tmp_path: Path) -> None:
    hasty = Bench(bench.storage, tmp_path, job_timeout_seconds=1)
    hasty.analyzer.pause = 60

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hasty.run(), 30)


async def test_a_job_that_is_given_up_makes_a_failed_card_without_internals(bench: Bench) -> None:
    await bench.handler.buried(job(), "psycopg: password=hunter2")

    card = await SessionReportCard.get()
    assert card.status == "failed"
    assert "hunter2" not in card.text_summary
    await bench.handler.buried(job(session_id="gone"), "x")
    assert await SessionReportCard.all().count() == 1


@pytest.mark.parametrize(
    "facts", [{"events_object_key": ""}, {"events_object_key": "session-events/proj_other/x.json"},
              {"events_object_key": "session-events/proj_default/../proj_other/x.json"}]
)  # fmt: skip
async def test_a_job_for_a_recording_that_is_not_the_projects_is_unprocessable(
    bench: Bench, facts: dict[str, Any]
) -> None:
    with pytest.raises(Unprocessable):
        await bench.run(**facts)
    await bench.handler.buried(job(**facts), "not a job")
    assert await SessionReportCard.all().count() == 0


async def test_a_large_recording_is_read_event_by_event_and_leaves_no_file(bench: Bench, tmp_path: Path) -> None:
    events = [{"type": 3, "timestamp": number, "text": "x" * 1000} for number in range(3000)]
    await record(bench.storage, msgspec.json.encode(events))

    await bench.run()

    assert bench.analyzer.events == events
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (b"[]", []),
        (b"", []),
        (b"{}", []),
        (b'[{"a":1},{"b":', [{"a": 1}]),
        (b'[{"a":1},2,{"b":2}]', [{"a": 1}]),
        (b'[{"a":1},{"a":01},{"b":2}]', [{"a": 1}, {"b": 2}]),
        (b' [ {"a":1} ] ', [{"a": 1}]),
    ],
)
def test_of_a_damaged_recording_is_read_what_can_be_read(stored: bytes, read: Iterable[Any]) -> None:
    assert list(RecordedEvents(stored)) == read
