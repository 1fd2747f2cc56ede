"""JSON that means the same everywhere is taken; what parsers may read differently is refused."""

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrospec.core.errors import InvalidPayload
from retrospec.core.ijson import check, check_closely, decode, steady
from tests.journeys.bad_bodies import VALUES

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


# What makes good JSON bad, or look so.
PIECES = [
    b'"', b":", b",", b"{", b"}", b"[", b"]", b"\\", b"\\u003a", b"\\u003A", b"\\n", b'\\"', b"\\/", b"NaN", b"-", b"0",
    b"1e999", b"1" * 308, b"9" * 309, b".", b"e", b" ", b"\n", b"\0", b"\x1f", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80",
    b"\\u0000", b"\\ud800", b'"a":1,', b'"a":1,"a":2', b'{"a:b":1,"a:b":":"}', b"null", b'":"', b"\xef\xbb\xbf",
]  # fmt: skip


class Shape(msgspec.Struct):
    name: str
    size: int = 0


@given(JSON, st.booleans())
def test_whatever_can_be_said_in_one_way_is_taken(value: Any, escaped: bool) -> None:
    body = json.dumps(value, ensure_ascii=escaped).encode()

    check(body)

    assert decode(body, object) == json.loads(body)


@pytest.mark.parametrize("name", VALUES)
def test_what_can_be_said_in_two_ways_or_in_none_is_refused(name: str) -> None:
    raw, _ = VALUES[name]
    for body in (raw, b"[" + raw + b"]", b'{"a":' + raw + b"}"):
        with pytest.raises(InvalidPayload) as refused:
            check(body)
        assert str(refused.value) == "invalid payload"
        assert refused.value.detail


@given(JSON, st.booleans(), st.lists(st.tuples(st.sampled_from(PIECES), st.floats(0, 1), st.sampled_from((0, 1, 5)))))
def test_the_short_cut_takes_nothing_that_is_refused_otherwise(
    value: Any, escaped: bool, changes: list[tuple[bytes, float, int]]
) -> None:
    body = json.dumps(value, ensure_ascii=escaped).encode()
    for piece, place, length in changes:
        at = int(place * len(body))
        body = body[:at] + piece + body[at + length :]

    assert refusal(check, body) == refusal(check_closely, body)


def refusal(judge: Callable[[bytes], None], body: bytes) -> str | None:
    try:
        judge(body)
    except InvalidPayload as refused:
        return refused.detail
    return None


@pytest.mark.parametrize(
    "body",
    [
        rb'"\\u0000"',
        rb'"\\\\ud800"',
        rb'"\ud83d\ude00"',
        rb'"\uD83D\uDE00\uD83D\uDE00"',
        rb'"\\ud83d \\ude00"',
        '"\U0001f600"'.encode(),
        b"1e308",
        b"-0.0",
        b"1E+2",
        b"9" * 300,
        b'{"a":{"a":{"a":1}}}',
        b"[" * 500 + b"]" * 500,
        b" \n\r\t{ } ",
    ],
    ids=repr,
)
def test_what_only_looks_bad_is_taken(body: bytes) -> None:
    check(body)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"size":"x","name":"n"}', "Expected `int`, got `str` - at `$.size`"),
        (b"{}", "Object missing required field `name`"),
        (b'{"name":1}', "Expected `str`, got `int` - at `$.name`"),
        (b'{"name":"n","name":"m"}', "the name 'name' stands twice in one object"),
        (b'{"name":"n"', "Expecting ',' delimiter (byte 11)"),
        ('{"näme":"n",}'.encode(), "Expecting property name enclosed in double quotes (byte 13)"),
        (b'{"name":"n\xff"}', "not UTF-8 (byte 10)"),
        (rb'{"name":"n\u0000"}', "U+0000 in a text (byte 10)"),
        (rb'{"name":"\\\ud800"}', "half a surrogate pair (byte 11)"),
    ],
)
def test_a_refusal_names_the_field_or_the_byte(body: bytes, detail: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        decode(body, Shape)

    assert refused.value.detail == detail


def test_unknown_fields_are_passed_by_but_not_unchecked() -> None:
    assert decode(b'{"name":"n","more":[1,{"a":null}]}', Shape) == Shape("n")
    with pytest.raises(InvalidPayload, match="invalid payload"):
        decode(b'{"name":"n","more":[1,{"a":NaN}]}', Shape)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1.0, 1),
        (-0.0, 0),
        (5.05e16, 50500000000000000),
        (0.5, 0.5),
        (True, True),
        ("1.0", "1.0"),
        (None, None),
        (2**70, 2**70),
    ],
)
def test_whole_numbers_are_kept_as_integers(value: Any, kept: Any) -> None:
    assert (steady(value), type(steady(value))) == (kept, type(kept))
    assert steady({"a": [value, {"b": value}]}) == {"a": [kept, {"b": kept}]}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_changes_its_value(value: float) -> None:
    assert steady(value) == value
    assert math.isfinite(steady(value))
