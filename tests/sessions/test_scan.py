"""Events are found in any JSON, whatever stands around them and in them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrospec.core.errors import InvalidPayload
from retrospec.sessions.scan import EventSpans, Span, find_events

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | TEXTS
    | st.sampled_from(['"', "\\", "{", "}", "]", '\\"}'])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
EVENTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=5)
BESIDE = st.dictionaries(TEXTS.filter(lambda name: name != "events"), VALUES, max_size=3)


def found(body: bytes) -> tuple[list[Any], Span | None]:
    events: list[Any] = []
    span = find_events(body, lambda _, where: events.append(json.loads(body[where.start : where.end])))
    return events, span


@settings(deadline=None)
@given(before=BESIDE, events=EVENTS, after=BESIDE, indent=st.none() | st.integers(0, 2), ascii_only=st.booleans())
def test_every_event_is_found_and_nothing_else(
    before: dict[str, Any], events: list[Any], after: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    sent = {**before, "events": events, **{name: after[name] for name in after if name not in before}}
    body = json.dumps(sent, indent=indent, ensure_ascii=ascii_only).encode()

    seen, span = found(body)

    assert seen == events
    assert span is not None
    assert json.loads(body[span.start : span.end]) == events


@settings(deadline=None)
@given(events=EVENTS.filter(bool), cut=st.data())
def test_a_body_cut_off_anywhere_is_refused(events: list[Any], cut: st.DataObject) -> None:
    body = json.dumps({"site": "s", "events": events}).encode()
    short = body[: cut.draw(st.integers(0, len(body) - 1))]

    with pytest.raises(InvalidPayload):
        find_events(short, lambda *_: None)


def test_a_name_written_with_escapes_is_the_same_name() -> None:
    events, _ = found(rb'{"\u0065vents":[{"a":1}]}')

    assert events == [{"a": 1}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "expected an object (byte 0)"),
        (b"[]", "expected an object (byte 0)"),
        (b'\xef\xbb\xbf{"events":[]}', "expected an object (byte 0)"),
        (b"{", "expected a name in quotes and a colon (byte 1)"),
        (b'{"events":[],}', "expected a name in quotes and a colon (byte 13)"),
        (b'{"events":[]', "expected `,` or `}` (byte 12)"),
        (b'{"events":[]]', "expected `,` or `}` (byte 12)"),
        (b'{"events":[]}x', "there is more after the object (byte 13)"),
        (b'{"events":{}}', "events must be an array (byte 10)"),
        (b'{"events":null}', "events must be an array (byte 10)"),
        (b'{"events":[1]}', "events[0] must be an object (byte 11)"),
        (b'{"events":[{},[]]}', "events[1] must be an object (byte 14)"),
        (b'{"events":[{},]}', "events[1] must be an object (byte 14)"),
        (b'{"events":[,]}', "events[0] must be an object (byte 11)"),
        (b'{"events":[{} {}]}', "expected `,` or `]` after events[0] (byte 13)"),
        (b'{"events":[{"a":"}', "events[0] is cut off (byte 11)"),
        (b'{"events":[{"a":{}', "events[0] is cut off (byte 11)"),
        (b'{"a":[1,{},"events":[]', "a value is cut off (byte 5)"),
        (b'{"a":"', "expected a value (byte 5)"),
        (b'{"a":}', "expected a value (byte 5)"),
        (b'{"events":[],"events":[]}', "the name 'events' stands twice in one object (byte 22)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(body: bytes, said: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        find_events(body, lambda *_: None)

    assert refusal.value.detail == said


@pytest.mark.parametrize(
    "body",
    [
        b'{"events":[' + b'{"a":"' * 50_000,
        b'{"events":[{"a":' + b'"' * 100_001,
        b'{"events":[' + b"{" * 100_000,
        b'{"a":' + b"[" * 100_000,
        b'{"events":[{"a":"' + b"\\" * 100_001,
    ],
)
def test_hostile_bodies_take_time_linear_in_their_length(body: bytes) -> None:
    # Quadratic, each would take hours; the run's own time limit is the measure.
    with pytest.raises(InvalidPayload):
        find_events(body * 10, lambda *_: None)


def test_a_stored_array_tells_where_it_ends() -> None:
    spans = EventSpans(b' [{"a":1} , {"b":"]"}] ', 0)

    assert list(spans) == [Span(2, 9), Span(12, 21)]
    assert spans.end == 22
