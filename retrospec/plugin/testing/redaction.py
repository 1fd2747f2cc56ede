"""What every redactor must do."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest

from retrospec.plugin import Redactor

NOW = 1795342200123


def event(kind: int, **data: Any) -> bytes:
    """An rrweb event of that type as JSON text."""
    return json.dumps(
        {"type": kind, "data": data, "timestamp": NOW}, separators=(",", ":"), ensure_ascii=False
    ).encode()


def element(tag: str, *children: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """An element as a full snapshot has it."""
    return {"type": 2, "tagName": tag, "attributes": attributes, "childNodes": [*children], "id": 4}


def words(text: str, **more: Any) -> dict[str, Any]:
    """A text node as a full snapshot has it."""
    return {"type": 3, "textContent": text, "id": 5, **more}


def mutation(**changes: list[Any]) -> bytes:
    """The event of a changed page, with the kinds of changes given."""
    return event(3, source=0, **{"texts": [], "attributes": [], "removes": [], "adds": [], **changes})


# A page and what happened on it, without any secret: a redactor has nothing to take out of these.
HARMLESS: dict[str, bytes] = {
    "loaded": event(0),
    "address": event(4, href="http://shop.example/cart?page=2#top", width=1280, height=720),
    "stylesheet": event(
        2,
        node=element(
            "link",
            rel="stylesheet",
            href="https://cdn.example/npm/pkg@1.2.3/x.css?v=2",
            _cssText='@media (min-width: 40em) { .a > .b::before { content: "»" } }',
        ),
    ),
    "picture": event(2, node=element("img", src="https://cdn.example/logo@2x.png?Signature=a1b2&Expires=5")),
    "style": event(2, node=element("style", words("a:hover { color: #4111 }", isStyle=True))),
    "page": event(2, node=element("p", words("Two lamps, 24 EUR"), lang="en"), initialOffset={"left": 0, "top": 0}),
    "mouse": event(3, source=1, positions=[{"x": 512.5, "y": 7, "id": 8, "timeOffset": -450}]),
    "click": event(3, source=2, type=2, id=8, x=4, y=5),
    "scroll": event(3, source=3, id=1, x=0, y=333.3333435058594),
    "texts": mutation(texts=[{"id": 8, "value": "Three lamps"}], removes=[{"parentId": 3, "id": 6}]),
    "looks": mutation(attributes=[{"id": 5, "attributes": {"class": "on", "style": {"color": "red", "top": False}}}]),
    "input": event(3, source=5, text="two lamps", isChecked=False, id=9),
    "rule": event(3, source=8, id=6, adds=[{"rule": ".a::after { color: red }", "index": [0]}]),
    "declaration": event(3, source=13, id=6, index=[0], set={"property": "top", "value": "1px"}),
    "custom": event(5, tag="step", payload={"name": "cart", "items": 2}),
    "console": event(6, plugin="rrweb/console@1", payload={"level": "log", "trace": [], "payload": ['"ready"']}),
}

# Valid JSON that is hardly an event, and bytes that are hardly JSON.
ODD: tuple[bytes, ...] = (
    b"", b"null", b"true", b"0", b"-0", b"1e400", b'""', b"[]", b"{}", b"[[],{}]", b'{"":""}',
    b'{"type":2}', b'{"type":2,"data":null}', b'{"type":2,"data":{"node":[]}}', b'{"type":"2","data":"text"}',
    b'{"type":2,"data":{"node":{"type":2,"tagName":7,"attributes":[],"childNodes":{}}}}',
    b'{"type":2,"data":{"node":{"type":[],"childNodes":[1,"a",null,[]]}}}',
    b'{"type":[],"data":{"source":{}}}', b'{"type":3,"data":{"source":0,"texts":{},"attributes":[1],"adds":[null]}}',
    b'{"type":3,"data":{"source":0,"texts":[{"value":5}],"attributes":[{"attributes":[]}],"adds":[{}]}}',
    b'{"type":3,"data":{"source":5,"text":null}}', b'{"type":4,"data":{"href":12}}', b'{"type":6,"data":{"payload":1}}',
    b'{"a":123456789012345678901234567890}', b'{"a":"\\u0000"}', b"[" * 400 + b"]" * 400,
    b'{"type":3', b"\xff\xfe", b"not JSON", b'{"a":1}{"b":2}', b"NaN",
)  # fmt: skip


def carrying(text: str) -> dict[str, bytes]:
    """Events that carry a text where rrweb puts what people and programs write, by the name of the place."""
    logged = {"level": "log", "payload": [json.dumps(text)]}
    return {
        "a text node": event(2, node=element("p", words(text))),
        "a changed text": mutation(texts=[{"id": 5, "value": text}]),
        "an added text": mutation(adds=[{"parentId": 4, "nextId": None, "node": words(text)}]),
        "an input": event(3, source=5, text=text, isChecked=False, id=5),
        "a custom event": event(5, tag="step", payload={"note": text}),
        "a console message": event(6, plugin="rrweb/console@1", payload=logged),
        "a request's body": event(
            6, plugin="rrweb/network@1", payload={"requests": [{"url": "/", "requestBody": text}]}
        ),
    }


def styling(text: str) -> dict[str, bytes]:
    """Events that carry a text where a replay needs it as it is, by the name of the place."""
    sheet = {"rel": "stylesheet", "href": "/a.css", "_cssText": f"/* {text} */ a {{}}"}
    return {
        "a rule": event(3, source=8, id=6, adds=[{"rule": f'.a::after {{ content: "{text}" }}', "index": 0}]),
        "a stylesheet": event(2, node=element("link", **sheet)),
        "a style element": event(2, node=element("style", words(f'a::after {{ content: "{text}" }}', isStyle=True))),
        "a picture": event(2, node=element("img", src=f"https://cdn.example/{text}.png?sig={text}")),
        "a class": event(2, node=element("div", **{"class": text})),
        "an inline style": event(2, node=element("div", style=f"--note: '{text}'")),
    }


def shape(value: Any) -> Any:
    """The keys and lists of decoded JSON, with every value that is neither replaced by None."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else None


def numbers(value: Any) -> Iterator[tuple[str, float]]:
    """Every number directly under a key, with that key: ids, times, types and places."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from numbers(inner)
        elif isinstance(inner, int | float):
            yield str(key), inner


class RedactionSuite:
    """Inherit from this and override `redactor`, with a redactor that is open.

    ```python
    class TestNames(RedactionSuite):
        takes_out = ["Ada Lovelace"]

        @pytest.fixture
        async def redactor(self):
            async with Names(NamesSettings(names=["Ada Lovelace"])) as names:
                yield names
    ```

    Attributes:
        takes_out: Texts that the redactor promises to take out wherever they stand.
    """

    takes_out: ClassVar[Sequence[str]] = ()

    @pytest.fixture
    def redactor(self) -> Redactor:
        """Give the redactor under test, open."""
        raise NotImplementedError("override the fixture `redactor` with an open redactor")

    @pytest.mark.parametrize("name", HARMLESS)
    def test_an_event_without_secrets_comes_back_as_the_very_same_object(self, redactor: Redactor, name: str) -> None:
        for sent in (HARMLESS[name], json.dumps(json.loads(HARMLESS[name]), indent=1).encode()):
            assert redactor.redact(sent) is sent

    def test_what_it_promises_to_take_out_is_nowhere_left(self, redactor: Redactor) -> None:
        left = [
            (place, secret)
            for secret in self.takes_out
            for place, sent in carrying(f"this is {secret} here").items()
            if secret.encode() in redactor.redact(sent)
        ]
        assert left == []

    def test_what_it_promises_to_take_out_is_not_left_in_a_plain_text(self, redactor: Redactor) -> None:
        for secret in self.takes_out:
            cleaned = redactor.redact_text(f"this is {secret} here")
            assert secret not in cleaned
            assert cleaned.startswith("this is ")

    def test_events_keep_their_shape_and_their_numbers(self, redactor: Redactor) -> None:
        for secret in self.takes_out:
            for sent in carrying(secret).values():
                before, after = json.loads(sent), json.loads(redactor.redact(sent))
                assert shape(after) == shape(before)
                assert list(numbers(after)) == list(numbers(before))

    def test_redacting_again_changes_nothing(self, redactor: Redactor) -> None:
        for secret in self.takes_out:
            for sent in carrying(secret).values():
                once = redactor.redact(sent)
                assert redactor.redact(once) is once
            text = redactor.redact_text(secret)
            assert redactor.redact_text(text) == text

    def test_stylesheets_pictures_and_names_stay_even_with_secrets_in_them(self, redactor: Redactor) -> None:
        changed = [
            (place, secret)
            for secret in self.takes_out
            for place, sent in styling(secret).items()
            if redactor.redact(sent) != sent
        ]
        assert changed == []

    @pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd[:60]))
    def test_odd_input_never_raises_and_valid_json_stays_valid(self, redactor: Redactor, odd: bytes) -> None:
        for sent in (odd, *(odd.replace(b'"text"', json.dumps(secret).encode()) for secret in self.takes_out)):
            assert shape(self._read(redactor.redact(sent))) == shape(self._read(sent))

    @pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "{", '{"a":', "[" * 5_000, '"', "\\" * 99, "é ✓ 👩‍🔧"])
    def test_a_text_without_secrets_stays_as_it_is(self, redactor: Redactor, text: str) -> None:
        assert redactor.redact_text(text) == text

    async def test_it_says_that_it_works(self, redactor: Redactor) -> None:
        assert await redactor.check()

    @staticmethod
    def _read(sent: bytes) -> Any:
        try:
            return json.loads(sent)
        except ValueError:
            return None
