"""Takes passwords, tokens, cookies, e-mail addresses and card numbers out of recordings, and leaves what replays need.

One event at a time: what was typed into a field by an input event is judged by its own form, for only a full snapshot
tells which field is a password's (rrweb masks those itself).
"""

import json
from typing import Any

import msgspec

from retrospec.plugin import Redactor, redactor
from retrospec_plugins.redact_default.events import clean_event
from retrospec_plugins.redact_default.payload import clean_string
from retrospec_plugins.redact_default.texts import Source, clean_text
from retrospec_plugins.redact_default.triggers import may_hold_secrets


@redactor("default", "Takes out values under secret names, e-mail addresses, bearer tokens and card numbers")
class DefaultRedactor(Redactor):
    """Replaces secrets with `[redacted]`, `[email]` or `[card]`. Holds no state."""

    def redact(self, event: bytes) -> bytes:
        if not may_hold_secrets(event):
            return event
        try:
            decoded = msgspec.json.decode(event)
            return msgspec.json.encode(decoded) if clean_event(decoded) else event
        except (msgspec.MsgspecError, RecursionError):
            return _redact_oddity(event)

    def redact_text(self, text: str) -> str:
        return clean_string(text)


def _redact_oddity(event: bytes) -> bytes:
    """What msgspec does not read: numbers beyond a double, lone surrogates, endless nesting, and what is no JSON."""
    try:
        decoded: Any = json.loads(event, parse_float=_finite)
        return json.dumps(decoded, separators=(",", ":")).encode() if clean_event(decoded) else event
    except (ValueError, RecursionError):
        text = event.decode("utf-8", "surrogateescape")
        cleaned = clean_text(text, Source.DATA)
        return event if cleaned == text else cleaned.encode("utf-8", "surrogateescape")


def _finite(number: str) -> float:
    """JavaScript reads 1e400 as Infinity, which JSON cannot write: the greatest double stands for it."""
    return max(-1.7976931348623157e308, min(1.7976931348623157e308, float(number)))
