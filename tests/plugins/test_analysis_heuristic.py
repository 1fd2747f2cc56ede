"""How the heuristic reads: only what it needs, nothing of what was typed, and whatever is in a recording."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrospec.plugin import Analysis, AnalysisMarker
from retrospec.plugin.testing.visit import STARTED_AT, Visit, element
from retrospec_plugins.analysis_heuristic import Heuristic
from retrospec_plugins.analysis_heuristic.dom import Mirror
from retrospec_plugins.analysis_heuristic.judge import MAX_SCENES, analyse, worth_a_look
from retrospec_plugins.analysis_heuristic.naming import describe
from retrospec_plugins.analysis_heuristic.watcher import Watcher
from retrospec_plugins.analysis_heuristic.wording import Quoter, clock

ORDERS_FAILED = "POST /api/orders -> 500"


def told(report: Analysis) -> str:
    return "\n".join(str(text) for text in astuple(report))


def failing_visit() -> Visit:
    form = element("form", element("input", id="email", aria_label="E-mail"), element("button", "Pay", id="pay"))
    visit = Visit().open("/checkout", element("h1", "Checkout"), form, element("p", "", id="said", role="alert"))
    visit.wait(1_000).type("email", "anna.berg@mail.example").wait(500).click("pay").call("POST", "/api/orders", 500)
    return visit.mark("api_error", ORDERS_FAILED)


async def test_the_summary_tells_the_steps_with_their_times() -> None:
    report = await Heuristic().analyze(failing_visit().request())

    assert report.text_summary == (
        "At 0:00.0 the page /checkout opened. "
        "At 0:01.0 the visitor filled in the field “E-mail” (22 characters: letters, dots and an @). "
        "At 0:01.5 the visitor clicked the button “Pay”. "
        "At 0:01.5 the page sent POST /api/orders, which answered 500."
    )


async def test_the_visual_summary_tells_what_stood_on_the_page() -> None:
    visit = failing_visit().show("said", "Sorry, that failed").wait(2_000).set("body", class_="x")

    report = await Heuristic().analyze(visit.request())

    assert report.visual_summary == (
        "The visitor saw the page “Checkout” (/checkout). The last thing clicked was the button “Pay” (`button#pay`). "
        "It told the visitor “Sorry, that failed”."
    )


async def test_what_the_visitor_typed_is_left_out_of_whatever_repeats_it() -> None:
    visit = failing_visit().show("said", "We have no account for anna.berg@mail.example")
    visit.log("error", "Refused anna.berg@mail.example with status 500")

    report = await Heuristic().analyze(visit.wait(2_000).set("body", class_="x").request())

    assert "anna.berg" not in told(report)
    assert "We have no account for …" in told(report)


async def test_a_value_typed_over_is_left_out_too() -> None:
    visit = failing_visit().type("email", "carla@post.example").show("said", "Neither anna.berg@mail.example works")

    assert "anna.berg" not in told(await Heuristic().analyze(visit.wait(2_000).set("body", class_="x").request()))


async def test_text_that_is_edited_in_place_is_typed_too() -> None:
    visit = Visit().open(
        "/notes", element("div", "", id="note", contenteditable="true"), element("button", "Save", id="s")
    )
    visit.wait(1_000).show("note", "my secret diary").click("s").mark("ui_no_effect", "Click on Save changed nothing")

    report = await Heuristic().analyze(visit.wait(2_000).log("info", "x").request())

    assert "diary" not in told(report)
    assert report.confidence >= 0.6


async def test_the_strongest_failure_is_the_one_reported() -> None:
    visit = Visit().open("/", element("button", "Go", id="go")).wait(1_000).click("go")
    visit.mark("ui_no_effect", "Click on Go changed nothing").wait(5_000).click("go").wait(5)
    visit.log("error", "Uncaught Error: no", "go (https://shop.example/app.js:1:1)").mark("js_exception", "Error: no")

    report = await Heuristic().analyze(visit.request())

    assert "go (/app.js:1)" in report.technical_root_cause
    assert "The session also met “a click had no effect: Click on Go changed nothing” (0:01.0)" in report.text_summary


async def test_a_weaker_failure_that_is_certain_goes_before_a_strong_one_that_is_not() -> None:
    visit = Visit().open("/", element("button", "Go", id="go")).wait(1_000).click("go")
    visit.mark("ui_no_effect", "Click on Go changed nothing").wait(60_000).mark("js_exception", "Error: no")

    report = await Heuristic().analyze(visit.set("body", class_="x").request())

    assert "“Go” did nothing" in report.symptom


async def test_reading_stops_after_the_last_markers_window() -> None:
    visit = failing_visit()
    read = 0

    def events() -> Iterator[dict[str, Any]]:
        nonlocal read
        yield from visit.events
        for number in range(100_000):
            read += 1
            yield {"type": 3, "timestamp": STARTED_AT + 60_000 + number, "data": {"source": 1}}

    await Heuristic().analyze(replace(visit.request(), events=events()))

    assert read < 100


async def test_whoever_stops_waiting_stops_the_reading() -> None:
    started, stopped = threading.Event(), threading.Event()

    class Endless:
        def __iter__(self) -> Iterator[dict[str, Any]]:
            try:
                while True:
                    started.set()
                    yield {"type": 3, "timestamp": STARTED_AT, "data": {}}
            finally:
                stopped.set()

    waiting = asyncio.create_task(Heuristic().analyze(replace(failing_visit().request(), events=Endless())))
    await asyncio.to_thread(started.wait, 10)
    waiting.cancel()

    assert await asyncio.to_thread(stopped.wait, 10)


async def test_a_damaged_recording_is_explained_as_far_as_it_goes() -> None:
    visit = failing_visit()

    def events() -> Iterator[dict[str, Any]]:
        yield from visit.events
        raise ValueError("JSON is cut off")

    report = await Heuristic().analyze(replace(visit.request(), events=events()))

    assert "POST /api/orders" in report.symptom
    assert "The recording could not be read to its end." in report.text_summary


async def test_a_recording_that_cannot_be_fetched_is_for_the_job_to_try_again() -> None:
    def events() -> Iterator[dict[str, Any]]:
        raise ConnectionError("storage is down")
        yield {}

    with pytest.raises(ConnectionError):
        await Heuristic().analyze(replace(failing_visit().request(), events=events()))


def test_a_thousand_markers_are_looked_into_by_their_firsts_and_lasts() -> None:
    markers = [AnalysisMarker(at, "api_error", ORDERS_FAILED, "") for at in range(500)]
    markers += [AnalysisMarker(at, "js_exception", f"Error: {at}", "") for at in range(500)]

    chosen = worth_a_look(markers, "api_error")

    assert len(chosen) == MAX_SCENES
    assert [one.offset_ms for one in chosen[:2]] == [0, 499]


def test_a_page_that_never_stands_still_keeps_only_a_window() -> None:
    visit = Visit().open("/", element("p", "0", id="clock"))
    visit.markers.append(AnalysisMarker(30_000, "ui_no_effect", "x", ""))
    watcher = Watcher(visit.markers)
    for event in visit.events:
        watcher.see(event)
    for at in range(0, 32_000, 4):
        text = {
            "source": 0,
            "texts": [{"id": 99, "value": str(at)}],
            "attributes": [{"id": 5, "attributes": {"id": "a"}}],
        }
        watcher.see({"type": 3, "timestamp": STARTED_AT + at, "data": text})
    watcher.finish()

    (scene,) = watcher.scenes
    assert 0 < len(scene.happenings) <= 800
    assert min(one.at for one in scene.happenings) >= 20_000


def test_what_was_added_before_its_parent_is_put_in_its_place() -> None:
    mirror = Mirror()
    mirror.load({"type": 0, "id": 1, "childNodes": [{"type": 2, "id": 2, "tagName": "body", "childNodes": []}]})

    mirror.apply(
        {
            "adds": [
                {"parentId": 3, "nextId": None, "node": {"type": 3, "id": 4, "textContent": "Save"}},
                {"parentId": 2, "nextId": None, "node": {"type": 2, "id": 3, "tagName": "button", "attributes": {}}},
            ]
        }
    )

    button = mirror.get(3)
    assert button is not None
    assert describe(mirror, button).name == "Save"


def test_additions_stand_in_the_order_of_the_page() -> None:
    mirror = Mirror()
    mirror.load({"type": 0, "id": 1, "childNodes": [{"type": 2, "id": 2, "tagName": "button", "childNodes": []}]})

    last, first = {"type": 3, "id": 4, "textContent": "order"}, {"type": 3, "id": 3, "textContent": "Place"}
    mirror.apply({"adds": [{"parentId": 2, "nextId": None, "node": last}, {"parentId": 2, "nextId": 4, "node": first}]})

    button = mirror.get(2)
    assert button is not None
    assert describe(mirror, button).name == "Place order"


@pytest.mark.parametrize(
    ("control", "name"),
    [
        (element("button", "Save", element("span", " all"), ref="x"), "Save all"),
        (element("button", element("img", alt="Search"), ref="x"), "Search"),
        (element("button", "+", aria_label="One more", ref="x"), "One more"),
        (element("input", type="submit", value="Send", ref="x"), "Send"),
        (element("input", placeholder="Code", value="never told", ref="x"), "Code"),
        (element("label", "City", element("input", ref="x"), element("em", "is wrong")), "City"),
        (element("div", element("label", "Zip", for_="zip"), element("input", id="zip", ref="x")), "Zip"),
        (element("div", element("i", "Total", id="t"), element("output", "9", aria_labelledby="t", ref="x")), "Total"),
        (element("button", "Pay", element("i", " hidden", hidden=""), ref="x"), "Pay"),
    ],
)
async def test_things_are_called_what_a_person_would_call_them(control: dict[str, Any], name: str) -> None:
    visit = Visit().open("/", control).wait(1_000).click("x").mark("ui_no_effect", "nothing")

    assert f"“{name}”" in (await Heuristic().analyze(visit.wait(2_000).log("info", "x").request())).symptom


def test_words_are_left_out_whole_and_not_within_others() -> None:
    words = Quoter(["anna", "SW1A 1AA", "or"])

    assert words.plain("Anna from SW1A 1AA, or Joanna of /anna-lamp") == "… from …, or Joanna of /anna-lamp"


@pytest.mark.parametrize(
    ("at", "words"),
    [(0, "0:00.0"), (61_234, "1:01.2"), (3_723_400, "1:02:03.4"), (59_990, "1:00.0")],
)
def test_times_read_as_a_player_shows_them(at: float, words: str) -> None:
    assert clock(at) == words


NAMES = (
    "id node type tagName attributes childNodes textContent source adds removes texts parentId nextId value text "
    "isChecked plugin payload level trace requests url status startTime endTime href style class hidden disabled"
)
SIMPLE = st.none() | st.booleans() | st.integers(-2, 12) | st.floats() | st.sampled_from(["", "a", "10", "button"])
JSON = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES.split(" ")), inner, max_size=6),
    max_leaves=25,
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.integers(0, 6),
            "timestamp": st.integers(STARTED_AT, STARTED_AT + 5_000),
            "data": st.fixed_dictionaries(
                {"source": st.integers(0, 9), "type": st.just(2)},
                optional={
                    "node": JSON,
                    "id": JSON,
                    "adds": JSON,
                    "removes": JSON,
                    "texts": JSON,
                    "attributes": JSON,
                    "text": JSON,
                    "plugin": st.sampled_from(["rrweb/console@1", "rrweb/network@1"]),
                    "payload": JSON,
                },
            ),
        }
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=EVENTS, kind=st.sampled_from(["js_exception", "api_error", "validation_failed", "ui_no_effect"]))
def test_no_recording_whatsoever_raises(events: list[dict[str, Any]], kind: str) -> None:
    visit = failing_visit()
    marker = AnalysisMarker(2_500, kind, ORDERS_FAILED, 'input[name="a"] refused: patternMismatch')

    report = analyse(replace(visit.request(), events=[*visit.events, *events], markers=(marker,)), lambda: False)

    assert 0 <= report.confidence <= 1
    assert report.symptom
