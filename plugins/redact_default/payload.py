"""Data of any shape: what the page's code logged, sent and received, and what custom events carry."""

import re
from typing import Any

import msgspec

from retrospec_plugins.redact_default.cards import CARD, is_card
from retrospec_plugins.redact_default.keys import looks_secret, says_nothing
from retrospec_plugins.redact_default.marks import REDACTED
from retrospec_plugins.redact_default.texts import Source, clean_text

# JSON in JSON in JSON: a request body logged by a logger. What lies deeper is read as text.
_MAX_NESTED = 3
# An image or a font; "data: token=abc" is neither.
_INLINE = re.compile(r"\s*(?:blob:|data:[\w.+-]*/[\w.+-]+[;,])")
_JSON = re.compile(r'\s*["{\[]')
_TITLES = ("name", "key", "field", "header", "id", "type")


def clean_string(text: str, source: Source = Source.DATA, nested: int = 0) -> str:
    """The string without secrets, read as JSON if it is some; the string itself when it has none."""
    if len(text) < 5 or _INLINE.match(text):
        return text
    if nested < _MAX_NESTED and _JSON.match(text):
        try:
            box = [msgspec.json.decode(text)]
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            return clean_text(text, source)
        return msgspec.json.encode(box[0]).decode() if clean_data(box, nested + 1) else text
    return clean_text(text, source)


def clean_data(data: dict[str, Any] | list[Any], nested: int = 0) -> bool:
    """Replace the secrets within decoded JSON, in place; keys and shape stay.

    Returns:
        Whether anything was replaced.
    """
    changed = False
    # A stack, because a client chooses how deep this goes. True: everything below stands under a secret's name.
    waiting: list[tuple[dict[str, Any] | list[Any], bool]] = [(data, False)]
    while waiting:
        container, secret = waiting.pop()
        places = list(container.items()) if isinstance(container, dict) else list(enumerate(container))
        told = _titled(container, nested)
        for place, value in places:
            hidden = secret or place == told or (isinstance(place, str) and looks_secret(place))
            if isinstance(value, dict | list):
                waiting.append((value, hidden))
                continue
            cleaned = _hide(place, value) if hidden else _clean_leaf(value, nested)
            if cleaned is not value:
                container[place] = cleaned  # type: ignore[index]
                changed = True
    return changed


def _titled(container: dict[str, Any] | list[Any], nested: int) -> str | int | None:
    """Where the secret lies in a name with its value: `{"name": "Cookie", "value": "…"}`, `["token", "…"]`."""
    if isinstance(container, list):
        return 1 if len(container) == 2 and _is_title(container[0], nested) else None
    if "value" not in container:
        return None
    return "value" if any(_is_title(container.get(title), nested) for title in _TITLES) else None


def _is_title(name: Any, nested: int) -> bool:
    # Judged as it will stand afterwards, so that redacting again comes to the same.
    return isinstance(name, str) and looks_secret(clean_string(name, nested=nested))


def _hide(place: str | int, value: Any) -> Any:
    if isinstance(value, str):
        return value if says_nothing(value) or value == REDACTED else REDACTED
    # Numbers under a plural count something: {"tokens": 1500}.
    counted = isinstance(place, str) and place.endswith("s")
    return value if value is None or isinstance(value, bool) or counted else REDACTED


def _clean_leaf(value: Any, nested: int) -> Any:
    if isinstance(value, str):
        return clean_string(value, nested=nested)
    if isinstance(value, int) and value > 10**12 and is_card(str(value)):
        return CARD
    return value
