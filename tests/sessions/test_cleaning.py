"""What an upload goes through before it is stored."""

import json
import mmap
from collections.abc import Callable
from pathlib import Path

import pytest

from retrospec.core.errors import InvalidPayload, TooLarge, Unavailable
from retrospec.core.ijson import check, check_closely
from retrospec.sessions.cleaning import Cleaner, CleanUpload, GivenUp, RedactorFailed
from retrospec.sessions.spool import MEMORY_BYTES, Spool

Clean = Callable[..., CleanUpload]


@pytest.fixture
def clean(tmp_path: Path) -> Clean:
    def run(body: bytes, redact: Callable[[bytes], bytes] | None = None) -> CleanUpload:
        return Cleaner(body, redact, tmp_path / "aside", most_beside=1000).run()

    return run


def events_of(upload: CleanUpload) -> bytes:
    return upload.content[upload.start : upload.end]


def mask(event: bytes) -> bytes:
    return event.replace(b"secret", b"***") if b"secret" in event else event


def test_without_anything_to_take_out_the_bytes_are_those_that_were_sent(clean: Clean) -> None:
    sent = b'[ {"a" : 1.50, "b":"\\u00e9\\/"} ,\n{"type":3}\t]'
    body = b'{"site":"x","events":' + sent + b',"other":[1]}'

    upload = clean(body, mask)

    assert events_of(upload) == sent
    assert upload.content is body
    assert (upload.fields.site, upload.events) == ("x", 2)


def test_only_events_with_secrets_are_written_anew(clean: Clean) -> None:
    body = b'{"sessionId":"s","events": [ {"n": 1}, {"a":"secret"},{"n": 2} , {"b":["secret"]} ] }'

    upload = clean(body, mask)

    assert events_of(upload) == b'[ {"n": 1}, {"a":"***"},{"n": 2} , {"b":["***"]} ]'


def test_large_uploads_come_out_as_small_ones_do(clean: Clean, tmp_path: Path) -> None:
    events = [
        {"n": number, "text": "x" * 1000, **({"k": "secret"} if number % 7 == 0 else {})} for number in range(3000)
    ]
    body = json.dumps({"events": events}).encode()
    with Spool(tmp_path / "aside") as spool:
        spool.write([body])
        mapped = spool.finish()
    assert isinstance(mapped, mmap.mmap)

    upload = Cleaner(mapped, mask, tmp_path / "aside", most_beside=1000).run()

    assert isinstance(upload.content, mmap.mmap)
    assert events_of(upload) == json.dumps(events).encode().replace(b"secret", b"***")
    assert list((tmp_path / "aside").iterdir()) == []


def test_what_a_redactor_lengthens_may_go_beyond_memory(clean: Clean) -> None:
    upload = clean(b'{"events":[{"a":"secret"},{}]}', lambda event: b'{"a":"' + b"y" * 2 * MEMORY_BYTES + b'"}')

    assert upload.end - upload.start == 2 * (2 * MEMORY_BYTES + 8) + 3


BAD_EVENTS = {
    "NaN": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "duplicate names": b'{"a":{"b":1,"b":2}}',
    "duplicate names, once with escapes": b'{"a":1,"\\u0061":2}',
    "nesting": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "5,000 digits": b'{"a":' + b"1" * 5000 + b"}",
    "400 digits": b'{"a":' + b"1" * 400 + b"}",
    "beyond doubles": b'{"a":1e400}',
    "U+0000": b'{"a":"\\u0000"}',
    "U+0000 in a name": b'{"\\u0000":1}',
    "half a pair": b'{"a":"\\ud800"}',
    "other half": b'{"a":"\\udc00x"}',
    "half a pair in bytes": b'{"a":"\xed\xa0\x80"}',
    "no UTF-8": b'{"a":"\xff"}',
    "control character": b'{"a":"\x01"}',
    "leading zero": b'{"a":01}',
    "mismatched brackets": b'{"a":[1}',
    "no comma": b'{"a":1 "b":2}',
}


@pytest.mark.parametrize("event", BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_bad_event_is_refused_and_named(clean: Clean, event: bytes) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        clean(b'{"events":[{},' + event + b"]}")

    assert refusal.value.detail.startswith("events[1]: ")


@pytest.mark.parametrize("event", BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_the_quick_check_is_as_strict_as_the_slow_one(event: bytes) -> None:
    large = event[:-1] + b',"padding":"' + b"x" * 300_000 + b'"}'

    for judge, judged in ((check_closely, event), (check, event), (check, large)):
        with pytest.raises(InvalidPayload):
            judge(judged)


@pytest.mark.parametrize(
    "event",
    [
        b"{}", b'{"a":1e21}', b'{"a":1e+21}', b'{"a":0.000001}', b'{"a":-0}', b'{"a":1.0}',
        b'{"a":18446744073709551616}',
        b'{"a":"\\ud83d\\ude00"}', b'{"a":"\\\\u0000"}', b'{"a":"\xf0\x9f\x98\x80"}', b'{ "a" : [ ] }', b'{"":""}',
        b'{"a":"' + b"7" * 5000 + b'"}',
    ],
)  # fmt: skip
def test_what_is_unusual_but_right_is_taken(event: bytes) -> None:
    check_closely(event)
    check(event)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"site":5,"events":[]}', "Expected `str | null`, got `int` - at `$.site`"),
        (b'{"sessionId":[],"events":[]}', "Expected `str | null`, got `array` - at `$.sessionId`"),
        (b'{"site":"s"}', "Object missing required field `events`"),
        (b'{"a":1,"a":2,"events":[]}', "the name 'a' stands twice in one object"),
        (b'{"a":NaN,"events":[]}', "NaN is not JSON"),
        (b'{"a":"\\u0000","events":[]}', "U+0000 in a text (byte 6)"),
    ],
)
def test_what_stands_beside_the_events_is_checked_too(clean: Clean, body: bytes, said: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        clean(body)

    assert refusal.value.detail == said


@pytest.mark.parametrize("body", [b'{"events":[],"a":"%s"}', b'{"a":"%s"}'])
def test_there_is_a_limit_to_what_stands_beside_the_events(clean: Clean, body: bytes) -> None:
    with pytest.raises(TooLarge):
        clean(body % (b"x" * 1000))


def failing(event: bytes) -> bytes:
    raise ValueError(f"cannot read {event!r}")


@pytest.mark.parametrize("redact", [failing, lambda _: b"[]", lambda _: b"{", lambda _: None, lambda _: "{}"])
def test_a_broken_redactor_refuses_the_upload(clean: Clean, redact: Callable[[bytes], bytes]) -> None:
    with pytest.raises(RedactorFailed) as refusal:
        clean(b'{"events":[{"password":"hunter2"}]}', redact)

    assert "hunter2" not in f"{refusal.value} {refusal.value.__cause__} {refusal.value.__context__}"


def test_cleaning_ends_when_nobody_waits_any_more(tmp_path: Path) -> None:
    cleaner = Cleaner(b'{"events":[{}]}', None, tmp_path, most_beside=1000)
    cleaner.give_up()

    with pytest.raises(GivenUp):
        cleaner.run()


def test_a_folder_that_cannot_be_written_is_a_state_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with Spool(tmp_path / "file" / "aside") as spool, pytest.raises(Unavailable) as refusal:
        spool.write([b"x" * (MEMORY_BYTES + 1)])

    assert str(tmp_path) not in str(refusal.value)
