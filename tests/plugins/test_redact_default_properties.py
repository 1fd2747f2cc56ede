"""What holds for the redactor `default` whatever it is given, hostile input included."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrospec.plugin.testing.redaction import carrying, numbers, shape
from retrospec_plugins.redact_default import DefaultRedactor
from retrospec_plugins.redact_default.cards import is_card
from retrospec_plugins.redact_default.events import clean_event
from retrospec_plugins.redact_default.triggers import may_hold_secrets

redactor = DefaultRedactor()
MEGABYTE = 1_000_000

# Texts made of what the patterns look for, so that matches touch, overlap and cut each other off.
PIECES = [
    *("password", "token", "Cookie", "Authorization", "api_key", "auth", "sid", "cvv", "tokenType", "userSsn", "Set-"),
    *(
        "=",
        ":",
        " : ",
        " = ",
        "&",
        "?",
        ";",
        ",",
        " ",
        "\n",
        "%3D",
        "%26",
        "%22",
        "%40",
        "%5B",
        "]",
        "[",
        "{",
        "}",
        "/",
    ),
    *('"', "'", "`", "\\", '\\"', '\\\\\\"', "@", ".", "-", "_", "+", "*", "://", "[redacted]", "[email]", "[card]"),
    *("joe", "example.com", "a", "Z", "7", "é", "Bearer ", "Basic ", "am9lOnNlY3JldA==", "eyJhbGciOiJI", ".eyJzdWIi"),
    *(
        "4111",
        "1111",
        "4111111111111111",
        "378282246310005",
        "5555 5555 5555 4444",
        "true",
        "null",
        "must",
        "Unexpected ",
    ),
    *('{"token":"a"}', '{"a":"joe@example.com"}', '["password","x"]', "a{color:red}", "@import ", "data:text/css,"),
]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=14).map("".join)
names = st.sampled_from(
    [
        "password",
        "token",
        "name",
        "value",
        "type",
        "attributes",
        "textContent",
        "childNodes",
        "tagName",
        "node",
        "texts",
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
data = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | texts, inner), max_leaves=12
)
events = st.fixed_dictionaries(
    {"type": st.integers(0, 7), "timestamp": st.integers(1_700_000_000_000, 1_900_000_000_000)}
).flatmap(
    lambda own: st.fixed_dictionaries(
        {"source": st.integers(0, 17), "payload": data, "node": data, "texts": data, "href": texts, "text": texts}
    ).map(lambda fields: {**own, "data": fields})
)


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


@given(events)
def test_shape_and_idempotence_hold_for_any_event(sent: dict[str, Any]) -> None:
    once = redactor.redact(encoded(sent))
    assert shape(json.loads(once)) == shape(json.loads(encoded(sent)))
    assert redactor.redact(once) is once


@given(data)
def test_any_json_stays_json_of_the_same_shape(sent: Any) -> None:
    assert shape(json.loads(redactor.redact(encoded(sent)))) == shape(json.loads(encoded(sent)))


@given(texts)
def test_a_text_is_cleaned_once_and_for_all(text: str) -> None:
    once = redactor.redact_text(text)
    assert redactor.redact_text(once) == once


@given(texts)
def test_the_numbers_of_rrweb_stay_whatever_the_text_beside_them(text: str) -> None:
    for sent in carrying(text).values():
        assert list(numbers(json.loads(redactor.redact(sent)))) == list(numbers(json.loads(sent)))


@given(events)
def test_the_quick_look_misses_nothing_that_reading_would_find(sent: dict[str, Any]) -> None:
    raw = encoded(sent)
    if clean_event(msgspec.json.decode(raw)):
        assert may_hold_secrets(raw)


@given(st.binary(max_size=200) | texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_that_are_no_json_never_raise(sent: bytes) -> None:
    assert isinstance(redactor.redact(sent), bytes)


@given(st.sampled_from(["4", "51", "2221", "34", "6011", "62"]), st.integers(0, 10**12))
def test_every_issued_number_has_exactly_one_right_check_digit(issuer: str, account: int) -> None:
    length = 15 if issuer == "34" else 16
    body = issuer + str(account).zfill(length)[-(length - 1 - len(issuer)) :]
    assert sum(is_card(f"{body}{digit}") for digit in range(10)) == 1


HOSTILE = {
    "one letter": "a",
    "digits": "4",
    "digits in groups": "4111 ",
    "digits in wide groups": "4111-111111111 ",
    "local parts": "a.",
    "at signs": "a@",
    "labels": "a@b.",
    "one long label": "@" + "a" * 99,
    "percent": "%40",
    "names": "password",
    "names and signs": "password=",
    "names and spaces": "password    ",
    "names and colons": "pwd:",
    "names that open a quote": "pwd:'\"",
    "names that open a deeper quote": 'pwd\\":\\\\"',
    "names and backslashes": "pwd" + "\\" * 15,
    "parameters of nothing": "pwd=.,)",
    "harmless names": "tokenType:",
    "names with long tails": "token" + "_" * 60,
    "masks": 'pwd="*',
    "tokens that never end": "eyJ",
    "tokens with dots": "eyJhbGciOi.",
    "bearers": "bearer ",
    "basics": "basic aaaa",
    "users": "://a",
    "brackets": "[",
    "braces": '{"token":',
    "quotes": '"',
    "backslashes": "\\",
    "rules": "a{b:",
    "comments": "/**",
    "commas": "a,",
    "spaces": " ",
    "unicode": "é",
    "unexpected": "unexpected token:",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """A quadratic pattern would need hours for these: no time is asserted, the test just ends."""
    text = piece * (MEGABYTE // len(piece)) + '@ password="'
    redactor.redact_text(text)
    assert isinstance(redactor.redact(carrying(text)["a text node"]), bytes)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join))
def test_any_piece_repeated_many_times_ends(piece: str) -> None:
    redactor.redact_text(piece * (MEGABYTE // 10 // len(piece)))
