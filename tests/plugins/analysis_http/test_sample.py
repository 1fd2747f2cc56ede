"""What a model gets to see: the events around the failures, nothing secret, and never more than the bound."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrospec.plugin import AnalysisMarker, AnalysisRequest
from retrospec.plugin.testing.analysis import deep_page
from retrospec.plugin.testing.visit import STARTED_AT, Visit, element
from retrospec_plugins.analysis_http.sample import MAX_CHARACTERS, MAX_EVENTS, SCHEMA_VERSION, sample
from retrospec_plugins.redact_default import DefaultRedactor


def cut(request: AnalysisRequest) -> dict[str, Any]:
    told = sample(request, DefaultRedactor(), lambda: False)
    assert len(told["events"]) <= MAX_EVENTS
    assert len(json.dumps(told)) <= MAX_CHARACTERS
    times = [event["timestamp"] for event in told["events"]]
    assert times == sorted(times)
    return told


def failing_visit() -> Visit:
    visit = Visit().open("/checkout", element("button", "Pay", id="pay"), title="Shop").wait(1_000).click("pay")
    return visit.call("POST", "/api/orders", 500).mark("api_error", "POST /api/orders -> 500", "trace")


def test_it_says_what_it_is_and_of_which_session() -> None:
    visit = failing_visit()

    told = cut(visit.request())

    assert told["schemaVersion"] == SCHEMA_VERSION
    assert (told["projectId"], told["sessionId"], told["site"]) == ("proj_default", "sess-1", "shop.example")
    assert (told["route"], told["triggerKind"]) == ("/checkout", "api_error")
    marker = {"offsetMs": 1_020, "kind": "api_error", "label": "POST /api/orders -> 500", "evidence": "trace"}
    assert told["markers"] == [marker]
    assert told["eventCount"] == len(told["events"]) == len(visit.events)


def test_what_lies_around_a_failure_goes_before_what_lies_elsewhere() -> None:
    visit = Visit().open("/", element("p", "", id="said"))
    for number in range(400):
        visit.wait(100).set("said", n=str(number))
    visit.mark("js_exception", "TypeError: x is undefined").wait(60_000)
    for number in range(400, 800):
        visit.wait(100).set("said", n=str(number))

    told = cut(visit.request())

    numbers = [one for event in told["events"] if (one := _number(event)) is not None]
    assert set(range(380, 400)) <= set(numbers)
    assert max(numbers) < 400
    assert told["events"][0]["type"] == 4


def _number(event: dict[str, Any]) -> int | None:
    attributes = event["data"].get("attributes") or []
    return int(attributes[0]["attributes"]["n"]) if attributes else None


def test_movements_of_the_pointer_make_room_for_everything_else() -> None:
    visit = failing_visit()
    move = {"source": 1, "positions": [{"x": 1, "y": 1, "id": 1, "timeOffset": 0}]}
    moves = [{"type": 3, "timestamp": STARTED_AT + 900 + at, "data": move} for at in range(500)]

    told = cut(replace(visit.request(), events=[*visit.events[:2], *moves, *visit.events[2:]]))

    assert len(told["events"]) == MAX_EVENTS
    kept = [event for event in told["events"] if event["data"].get("source") != 1]
    assert len(kept) == len(visit.events)


def test_the_characters_are_bounded_also_where_every_event_is_large_and_none_is_ascii() -> None:
    visit = failing_visit()
    for _ in range(300):
        visit.wait(10).show("body", "“…”" * 900)

    told = cut(visit.request())

    assert len(json.dumps(told)) > MAX_CHARACTERS / 2


def test_many_long_failures_are_bounded_too_and_the_strongest_stay() -> None:
    visit = failing_visit()
    for number in range(200):
        visit.mark("ui_no_effect", f"{number} " + "é" * 480, "é" * 4_000)
    visit.mark("js_exception", "TypeError: the one")

    told = cut(visit.request())

    assert any(marker["label"] == "TypeError: the one" for marker in told["markers"])


def test_secrets_are_taken_out_whatever_the_project_stores() -> None:
    visit = failing_visit().log("error", "refused joe@example.com", "at f")
    visit.mark("js_exception", "no account for joe@example.com", "Authorization: Bearer abcdef0123456789abcdef")

    told = json.dumps(cut(visit.request()))

    assert "joe@example.com" not in told
    assert "abcdef0123456789" not in told


def test_one_that_nobody_waits_for_any_more_is_not_read_to_its_end() -> None:
    asked: list[int] = []

    def given_up() -> bool:
        asked.append(1)
        return len(asked) > 3

    told = sample(failing_visit().request(), DefaultRedactor(), given_up)

    assert told["eventCount"] == 3


@pytest.mark.parametrize("event", [deep_page(), {"type": 3, "timestamp": STARTED_AT, "data": {"x": float("nan")}}])
def test_what_no_server_would_read_is_made_readable_or_left_out(event: dict[str, Any]) -> None:
    visit = failing_visit()

    told = cut(replace(visit.request(), events=[*visit.events, event]))

    json.loads(json.dumps(told, allow_nan=False))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries({"type": _VALUES, "timestamp": st.integers(0, 10**13) | _VALUES, "data": _VALUES}),
        max_size=20,
    ),
    st.lists(st.integers(0, 10**7), max_size=30),
)
def test_any_recording_gives_a_bounded_sample_that_is_json(events: list[Any], offsets: list[int]) -> None:
    markers = tuple(AnalysisMarker(offset, "api_error", "x", "") for offset in offsets)

    told = cut(AnalysisRequest("p", "s", "site", "/", "api_error", markers, events))

    json.dumps(told, allow_nan=False).encode()
