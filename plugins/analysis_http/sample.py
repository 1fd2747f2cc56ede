"""What of a recording a model gets to see: the events around the failures, redacted, within a bound."""

import heapq
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from retrospec.plugin import AnalysisMarker, AnalysisRequest, Redactor

SCHEMA_VERSION = "retrospec.analysis.v1"
MAX_EVENTS = 180
MAX_CHARACTERS = 45_000
# As replays are cut: what led to a failure, and what followed.
BEFORE_MS, AFTER_MS = 2_000, 8_000
MAX_MARKERS = 20
# One event is not to take the place of thirty others.
_EVENT_CHARACTERS = 3_000
_TEXT, _ITEMS, _DEPTH = 200, 8, 7
# Of JSON: what is not ASCII takes six characters there.
_LABEL, _EVIDENCE, _MARKERS = 500, 1_500, 15_000
_META, _PLUGIN, _INCREMENTAL = 4, 6, 3
_POINTER_MOVES = (1, 6, 12)
Json = Mapping[str, Any]


class _Kept(NamedTuple):
    """An event that may be sent. The heap's smallest is the one to let go of first."""

    worth: tuple[int, float]
    place: int
    event: dict[str, Any]


def sample(request: AnalysisRequest, redactor: Redactor, given_up: Callable[[], bool]) -> dict[str, Any]:
    """Cut a sample out of a session. Reads JSON: call it in a thread.

    Args:
        request: The session.
        redactor: Goes over every event and text, whatever the project has decided for its recordings.
        given_up: Whether nobody waits for it any more; asked between events.

    Returns:
        `schemaVersion`, names, markers and events; at most 180 events, and 45,000 characters of JSON in all.
    """
    strongest = _strongest(request)
    markers = [_marker(marker, redactor, _MARKERS // len(strongest)) for marker in strongest]
    told: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "projectId": request.project_id,
        "sessionId": request.session_id,
        "site": _cut(redactor.redact_text(_storable(request.site)), _LABEL),
        "route": _cut(redactor.redact_text(_storable(request.route)), _LABEL),
        "triggerKind": request.trigger_kind,
        "markers": markers,
        "eventCount": 0,
        "events": [],
    }
    kept, told["eventCount"] = _nearest(request.events, [marker["offsetMs"] for marker in markers], given_up)
    told["events"] = _within(kept, redactor, MAX_CHARACTERS - _size(told))
    return told


def _strongest(request: AnalysisRequest) -> Sequence[AnalysisMarker]:
    """The failures to tell of: those of the strongest kind first, where there are many."""
    if len(request.markers) <= MAX_MARKERS:
        return request.markers
    ranked = sorted(request.markers, key=lambda marker: marker.kind != request.trigger_kind)
    return sorted(ranked[:MAX_MARKERS], key=lambda marker: marker.offset_ms)


def _marker(marker: AnalysisMarker, redactor: Redactor, room: int) -> dict[str, Any]:
    return {
        "offsetMs": marker.offset_ms,
        "kind": marker.kind,
        "label": _cut(redactor.redact_text(_storable(marker.label)), min(_LABEL, room // 2)),
        "evidence": _cut(redactor.redact_text(_storable(marker.evidence)), min(_EVIDENCE, room // 2)),
    }


def _cut(text: str, size: int) -> str:
    """The beginning of a text that takes no more characters of JSON than that."""
    text = text[:size]
    while (length := _size(text)) > size + 2:
        text = text[: min(len(text) - 1, len(text) * size // length)]
    return text


def _nearest(
    events: Iterable[Any], offsets: Sequence[int], given_up: Callable[[], bool]
) -> tuple[list[dict[str, Any]], int]:
    """The events that tell most of the failures, in their order, and how many there are in all."""
    heap: list[_Kept] = []
    began: float | None = None
    count = 0
    for event in events:
        if given_up():
            break
        count += 1
        time = event.get("timestamp") if isinstance(event, dict) else None
        if not isinstance(time, int | float) or not -1e15 < time < 1e15:
            continue
        began = time if began is None else began
        kept = _Kept(_worth(event, time - began, offsets), count, event)
        if len(heap) < MAX_EVENTS:
            heapq.heappush(heap, kept)
        else:
            heapq.heappushpop(heap, kept)
    return [kept.event for kept in sorted(heap, key=lambda kept: kept.worth, reverse=True)], count


def _worth(event: Json, offset: float, offsets: Sequence[int]) -> tuple[int, float]:
    """How much an event tells: what it is and whether it lies in a failure's window, then how near it lies."""
    distance = min((abs(offset - marker) for marker in offsets), default=offset)
    within = any(marker - BEFORE_MS <= offset <= marker + AFTER_MS for marker in offsets)
    data = event.get("data")
    source = data.get("source") if isinstance(data, dict) else None
    if event.get("type") == _INCREMENTAL and isinstance(source, int) and source in _POINTER_MOVES:
        return 0, -distance
    # Pages, consoles and requests say what happened in words.
    tells = event.get("type") in (_META, _PLUGIN)
    return (3 if tells else 2) if within else (2 if event.get("type") == _META else 1), -distance


def _within(events: Iterable[dict[str, Any]], redactor: Redactor, room: int) -> list[dict[str, Any]]:
    """Those that fit, those that tell most first; then brought into the order of time."""
    fitting = []
    for event in events:
        if (clean := _clean(event, redactor)) is None:
            continue
        # With the comma and the space before it.
        size = _size(clean) + 2
        if size <= room:
            room -= size
            fitting.append(clean)
    return sorted(fitting, key=lambda event: event["timestamp"])


def _clean(event: dict[str, Any], redactor: Redactor) -> dict[str, Any] | None:
    """An event without secrets and bulk; None for one that is no JSON a server would take."""
    try:
        redacted = msgspec.json.decode(redactor.redact(_encoded(event)), type=dict[str, Any])
        if _size(redacted) > _EVENT_CHARACTERS:
            redacted = {name: _trimmed(value, 1) for name, value in list(redacted.items())[:_ITEMS]}
        if _size(redacted) > _EVENT_CHARACTERS:
            redacted = {"type": event.get("type"), "data": {"leftOut": "too large"}}
        return {**redacted, "timestamp": event["timestamp"]}
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError):
        return None


def _encoded(event: object) -> bytes:
    try:
        return msgspec.json.encode(event)
    except (UnicodeEncodeError, OverflowError):
        # Half a surrogate pair, or a number that no double holds.
        return _storable(json.dumps(event, ensure_ascii=False)).encode()


def _trimmed(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _TEXT else f"{value[:_TEXT]}…"
    if depth >= _DEPTH and isinstance(value, dict | list):
        return "…"
    if isinstance(value, dict):
        return {name[:_TEXT]: _trimmed(one, depth + 1) for name, one in list(value.items())[:_ITEMS]}
    if isinstance(value, list):
        return [_trimmed(one, depth + 1) for one in value[:_ITEMS]]
    return value


def _size(value: object) -> int:
    """Characters of a value as JSON, the way most libraries write it."""
    return len(json.dumps(value, allow_nan=False))


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()
