"""A recording shows the same page before and after the redactor `default`, but for the secrets."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from retrospec.demo import Recording, read_recordings
from retrospec_plugins.redact_default import DefaultRedactor
from tests.demo.replaying import replay

RECORDINGS = {recording.name: recording for recording in read_recordings()}
BEGUN = 1_795_342_200_000

CSS = """
.password:hover, [data-token='a1b2c3d4e5'] { color: rgb(1, 2, 3) }
/* ann@example.org, token=abc, 5555 5555 5555 4444 */
.secret::after { content: "Bearer a1b2c3d4e5" }
"""
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def redacted(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    redactor = DefaultRedactor()
    return [json.loads(redactor.redact(json.dumps(event).encode())) for event in events]


def replacements(before: Any, after: Any) -> Iterator[tuple[str, str]]:
    """Every text that was replaced, with what stands there now."""
    if isinstance(before, dict):
        for key in before:
            yield from replacements(before[key], after[key])
    elif isinstance(before, list):
        for old, new in zip(before, after, strict=True):
            yield from replacements(old, new)
    elif before != after:
        yield before, after


def node(number: int, tag: str, *children: dict[str, Any], **attributes: str) -> dict[str, Any]:
    return {"type": 2, "tagName": tag, "attributes": attributes, "childNodes": [*children], "id": number}


def words(number: int, text: str, **more: bool) -> dict[str, Any]:
    return {"type": 3, "textContent": text, "id": number, **more}


def page() -> list[dict[str, Any]]:
    """A page whose looks and names are full of what resembles secrets, and whose words hold real ones."""
    form = node(
        20,
        "form",
        node(21, "input", type="password", name="token", autocomplete="current-password", value="hunter2"),
        node(22, "input", type="email", id="mail", value="joe@example.com"),
        node(23, "input", type="submit", name="reset_password", value="Reset password"),
        **{"class": "password secret", "data-token": "on"},
    )
    body = node(
        10,
        "body",
        node(11, "p", words(12, "Signed in as joe@example.com"), id="auth-token", style="color: rgb(4, 5, 6)"),
        node(13, "img", src=f"{PIXEL}", alt="logo@2x.png"),
        node(14, "img", src="https://cdn.example/logo@2x.png?token=a1b2c3d4e5&u=ann@example.org"),
        form,
    )
    head = node(3, "head", node(4, "style", words(5, CSS, isStyle=True)), node(6, "style", _cssText=CSS))
    document = {
        "type": 0,
        "childNodes": [
            {"type": 1, "name": "html", "publicId": "", "systemId": "", "id": 2},
            node(9, "html", head, body),
        ],
        "id": 1,
    }
    changed = {
        "source": 0,
        "texts": [{"id": 5, "value": CSS + ".token:focus { top: 1px }"}],
        "attributes": [{"id": 14, "attributes": {"src": "https://cdn.example/b@3x.png?sig=1&token=a1b2c3d4e5"}}],
        "removes": [],
        "adds": [
            {"parentId": 10, "nextId": None, "node": node(30, "b")},
            {"parentId": 30, "nextId": None, "node": words(31, "Card 4111 1111 1111 1111")},
        ],
    }
    happened = [
        (4, {"href": "https://shop.example/?token=a1b2c3d4e5", "width": 800, "height": 600}),
        (2, {"node": document, "initialOffset": {"left": 0, "top": 0}}),
        (3, changed),
        (3, {"source": 5, "text": "joe@example.com", "isChecked": False, "id": 22}),
    ]
    return [{"type": kind, "data": data, "timestamp": BEGUN + 10 * at} for at, (kind, data) in enumerate(happened)]


@pytest.mark.parametrize("name", ["03-farid-express", "06-jonas-buys"])
def test_a_recorded_visit_shows_the_same_page_but_for_its_secrets(name: str) -> None:
    recording: Recording = RECORDINGS[name]
    assert_same_page(recording.events)


def test_a_page_that_looks_full_of_secrets_shows_the_same_but_for_the_real_ones() -> None:
    shown = assert_same_page(page())
    assert "Signed in as [email]" in shown
    assert "Card [card]" in shown
    assert "hunter2" not in shown
    assert 'name="token"' in shown
    assert "[data-token='a1b2c3d4e5']" in shown or '[data-token="a1b2c3d4e5"]' in shown


def assert_same_page(events: list[dict[str, Any]]) -> str:
    """Assert that only the replaced texts differ.

    Returns:
        The page as it shows after redaction.
    """
    cleaned = redacted(events)
    replaced = dict(replacements(events, cleaned))
    assert replaced
    end = events[-1]["timestamp"] - events[0]["timestamp"] + 1
    before, after = replay(events, end), replay(cleaned, end)
    expected = before.dom
    # The longest first: one secret may stand within another.
    for old in sorted(replaced, key=len, reverse=True):
        expected = expected.replace(old, replaced[old])
    assert after.dom == expected
    assert after.requested == before.requested
    assert after.errors == before.errors == ()
    return after.dom
