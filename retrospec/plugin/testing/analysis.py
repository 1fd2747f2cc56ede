"""What every analyzer must do."""

import asyncio
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import pytest

from retrospec.plugin.analysis import Analysis, AnalysisMarker, AnalysisRequest, Analyzer
from retrospec.plugin.testing.visit import STARTED_AT, Visit, element

KINDS = ("validation_failed", "api_error", "js_exception", "ui_no_effect")
_MARKER = AnalysisMarker(2_000, "js_exception", "TypeError: x is undefined", "at f (https://shop.example/app.js:1:2)")
_WRONG: tuple[Any, ...] = (None, True, -1, 1e308, float("nan"), 10**400, "\ud800\x00", [], {}, [[None]], {"id": []})
# Each of these has been in a recording, or will be.
ODD_RECORDINGS: dict[str, list[Any]] = {
    "no event": [],
    "no object among the events": [None, 1, "event", [], True],
    "events without anything": [{}, {"type": 3}, {"timestamp": STARTED_AT}],
    "wrong times": [{"type": 4, "timestamp": wrong, "data": {"href": "https://x.example"}} for wrong in _WRONG],
    "wrong types": [{"type": wrong, "timestamp": STARTED_AT, "data": {}} for wrong in _WRONG],
    "wrong data": [
        {"type": kind, "timestamp": STARTED_AT + 1_900, "data": wrong} for kind in range(9) for wrong in _WRONG
    ],
    "wrong sources": [
        {"type": 3, "timestamp": STARTED_AT + 1_900, "data": {"source": source, "id": wrong, "text": wrong}}
        for source in range(17)
        for wrong in _WRONG
    ],
    "wrong mutations": [
        {
            "type": 3,
            "timestamp": STARTED_AT + 1_900,
            "data": {"source": 0, "adds": [wrong], "removes": wrong, "texts": [wrong], "attributes": wrong},
        }
        for wrong in _WRONG
    ],
    "wrong plugin payloads": [
        {"type": 6, "timestamp": STARTED_AT + 1_900, "data": {"plugin": plugin, "payload": payload}}
        for plugin in ("rrweb/console@1", "rrweb/network@1")
        for wrong in _WRONG
        for payload in (
            wrong,
            {"requests": [wrong, {"url": wrong, "status": wrong, "startTime": wrong}]},
            {"level": wrong, "trace": [wrong], "payload": [wrong]},
        )
    ],
    "a page of one node that is its own child": [
        {
            "type": 2,
            "timestamp": STARTED_AT,
            "data": {"node": {"type": 0, "id": 1, "childNodes": [{"type": 2, "id": 1, "tagName": "p"}]}},
        },
        {
            "type": 3,
            "timestamp": STARTED_AT + 1,
            "data": {"source": 0, "adds": [{"parentId": 1, "node": {"type": 2, "id": 1, "tagName": "p"}}]},
        },
    ],
    "changes of nodes that were never there": [
        {"type": 3, "timestamp": STARTED_AT + 1_900, "data": {"source": 0, "removes": [{"parentId": 7, "id": 8}]}},
        {"type": 3, "timestamp": STARTED_AT + 1_900, "data": {"source": 2, "type": 2, "id": 99}},
    ],
    "time that runs backwards": [
        {"type": 3, "timestamp": STARTED_AT - at, "data": {"source": 2, "type": 2, "id": 1}} for at in range(100)
    ],
}


def deep_page(depth: int = 5_000) -> dict[str, Any]:
    """A full snapshot of elements nested so deep that a recursive reader falls over."""
    node: dict[str, Any] = {"type": 3, "id": 1, "textContent": "bottom"}
    for number in range(2, depth):
        node = {"type": 2, "id": number, "tagName": "div", "attributes": {}, "childNodes": [node]}
    return {"type": 2, "timestamp": STARTED_AT, "data": {"node": node}}


def ordinary_visit(kind: str) -> Visit:
    """A short visit to a checkout that ends in a failure of this kind."""
    visit = Visit().open("/checkout", element("h1", "Checkout"), element("button", "Pay", id="pay"), title="Shop")
    visit.wait(1_500).click("pay").wait(300)
    if kind == "js_exception":
        visit.log("error", "Uncaught TypeError: x is undefined", "pay (https://shop.example/pay.js:3:7)")
        visit.mark(kind, "TypeError: x is undefined", "at pay (https://shop.example/pay.js:3:7)")
    elif kind == "api_error":
        visit.call("POST", "/api/orders", 500).mark(kind, "POST /api/orders -> 500")
    else:
        visit.mark(kind, "Nothing happened", "button#pay")
    return visit.wait(2_000).set("body", class_="quiet")


class Counted:
    """Events that know how many of them are held at once, and which threads asked for them."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._events = events
        self._alive: set[int] = set()
        self._watched: list[weakref.ref[dict[str, Any]]] = []
        self.most_held = 0
        self.threads: set[int] = set()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number, event in enumerate(self._events):
            self.threads.add(threading.get_ident())
            handed = _Event(event)
            self._alive.add(number)
            self._watched.append(weakref.ref(handed, partial(self._let_go, number)))
            self.most_held = max(self.most_held, len(self._alive))
            yield handed
            del handed

    def _let_go(self, number: int, _: object) -> None:
        self._alive.discard(number)


class _Event(dict[str, Any]):
    """A dict that can be watched."""


@pytest.mark.asyncio
class AnalyzerSuite:
    """Inherit from this and override `analyzer`, with one that is open.

    ```python
    class TestOracle(AnalyzerSuite):
        @pytest.fixture
        async def analyzer(self):
            async with Oracle(OracleSettings(url="http://127.0.0.1:9000")) as oracle:
                yield oracle
    ```

    Attributes:
        most_events_held: How many events the analyzer may hold at once while it reads.
    """

    most_events_held: ClassVar[int] = 500

    @pytest.fixture
    def analyzer(self) -> Analyzer:
        """Give the analyzer under test, open."""
        raise NotImplementedError("override the fixture `analyzer` with an open analyzer")

    @pytest.mark.parametrize("kind", [*KINDS, "something_else"])
    async def test_a_failure_of_any_kind_gets_a_whole_report(self, analyzer: Analyzer, kind: str) -> None:
        report = await analyzer.analyze(ordinary_visit(kind).request())

        _is_whole(report)
        assert report.technical_root_cause.strip()
        assert report.suggested_fix.strip()
        assert report.text_summary.strip()

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", ODD_RECORDINGS)
    async def test_an_odd_recording_still_gets_a_report(self, analyzer: Analyzer, name: str, kind: str) -> None:
        marker = replace(_MARKER, kind=kind)

        _is_whole(await analyzer.analyze(_asked(ODD_RECORDINGS[name], marker)))

    async def test_a_page_nested_thousands_deep_still_gets_a_report(self, analyzer: Analyzer) -> None:
        _is_whole(await analyzer.analyze(_asked([deep_page()], _MARKER)))

    @pytest.mark.parametrize("text", ["", "\n\r\n", "\x00\ud800", "“" * 5_000, "[" * 5_000, "a\nb"])
    async def test_odd_words_of_a_marker_still_get_a_report(self, analyzer: Analyzer, text: str) -> None:
        visit = ordinary_visit("ui_no_effect")
        for kind in KINDS:
            visit.mark(kind, text, text)

        _is_whole(await analyzer.analyze(visit.request()))

    @pytest.mark.parametrize("offset", [0, 10**7, 10**15])
    async def test_a_marker_at_any_time_still_gets_a_report(self, analyzer: Analyzer, offset: int) -> None:
        request = ordinary_visit("api_error").request()

        _is_whole(await analyzer.analyze(replace(request, markers=(replace(_MARKER, offset_ms=offset),))))

    async def test_a_session_without_markers_still_gets_a_report(self, analyzer: Analyzer) -> None:
        _is_whole(await analyzer.analyze(replace(ordinary_visit("api_error").request(), markers=())))

    async def test_many_analyses_at_once_each_get_a_report(self, analyzer: Analyzer) -> None:
        requests = [ordinary_visit(kind).request() for kind in KINDS * 5]

        reports = await asyncio.gather(*(analyzer.analyze(request) for request in requests))

        assert len(reports) == len(requests)
        for report in reports:
            _is_whole(report)

    async def test_a_long_recording_is_read_an_event_at_a_time(self, analyzer: Analyzer) -> None:
        visit = ordinary_visit("js_exception")
        move = {"source": 1, "positions": [{"x": 1, "y": 1, "id": 1, "timeOffset": 0}]}
        moves = [{"type": 3, "timestamp": STARTED_AT + 10 + at, "data": move} for at in range(5_000)]
        counted = Counted([*visit.events[:2], *moves, *visit.events[2:]])

        _is_whole(await analyzer.analyze(replace(visit.request(), events=counted)))

        assert counted.most_held <= self.most_events_held

    async def test_reading_does_not_hold_up_the_event_loop(self, analyzer: Analyzer) -> None:
        visit = ordinary_visit("js_exception")
        counted = Counted(visit.events)

        await analyzer.analyze(replace(visit.request(), events=counted))

        assert threading.get_ident() not in counted.threads

    async def test_it_says_that_it_works(self, analyzer: Analyzer) -> None:
        assert await analyzer.check()


def _asked(events: list[Any], marker: AnalysisMarker) -> AnalysisRequest:
    return AnalysisRequest("proj_default", "sess-1", "shop.example", "/", marker.kind, (marker,), events)


def _is_whole(report: Analysis) -> None:
    assert 0 <= report.confidence <= 1
    assert report.symptom.strip()
    assert len(report.symptom.splitlines()) == 1
    texts = (
        report.symptom,
        report.technical_root_cause,
        report.suggested_fix,
        report.text_summary,
        report.visual_summary,
    )
    for text in texts:
        assert "\x00" not in text
        # A lone half of a character can be stored by no database and sent by no server.
        text.encode()
