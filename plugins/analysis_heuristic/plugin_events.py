"""Console and network entries, as the recorder's plugins and their relatives write them."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from retrospec_plugins.analysis_heuristic.happenings import Call, Log
from retrospec_plugins.analysis_heuristic.stack import parse_frame, parse_stack
from retrospec_plugins.analysis_heuristic.values import as_dict, as_list, as_number, as_text, one_line

CONSOLE, NETWORK = "rrweb/console@", "rrweb/network@"
_MAX_REQUESTS = 200
_EPOCH_MS = 1e11
_SAYS_WHY = ("error", "message", "detail", "title", "reason", "error_description", "code")
_REQUEST_ID = frozenset(
    (
        "x-request-id",
        "x-correlation-id",
        "request-id",
        "x-amzn-requestid",
        "x-trace-id",
        "requestid",
        "request_id",
        "traceid",
    )
)
_IN_PROMISE = re.compile(r"^(Uncaught\s+(\(in promise\)\s*)?)+")


def read_log(payload: Any, at: float) -> Log:
    """A console entry. Its arguments are strings of JSON; other shapes are taken as they are."""
    entry = as_dict(payload)
    words = [_argument(one) for one in as_list(entry.get("payload"))[:10]] or [as_text(entry.get("message"))]
    text = " ".join(word for word in words if word)[:4000]
    trace = [parse_frame(line) for line in as_list(entry.get("trace"))[:50] if isinstance(line, str)]
    frames = tuple(frame for frame in trace if frame is not None) or parse_stack(text)
    first_line = text.split("\n", 1)[0]
    return Log(at, as_text(entry.get("level")).lower(), one_line(_IN_PROMISE.sub("", first_line), 300), frames)


def _argument(argument: Any) -> str:
    text = as_text(argument)[:4000]
    if not text.startswith('"'):
        return text
    try:
        return as_text(json.loads(text)) or text
    except ValueError:
        return text.strip('"')


class Calls:
    """Turns network entries into calls, on the recording's clock.

    Entries carry times on the page's own clock and arrive late, by as much as their body took to read. The
    smallest distance seen between an entry's end and its arrival tells where that clock began.
    """

    def __init__(self) -> None:
        self._began: float | None = None

    def page_opened(self) -> None:
        self._began = None

    def read(self, payload: Any, timestamp: float, start: float) -> list[Call]:
        """The calls of one entry that arrived at `timestamp`, in a recording that began at `start` (epoch, ms)."""
        requests = as_list(as_dict(payload).get("requests")) or [payload]
        calls = (self._call(as_dict(one), timestamp, start) for one in requests[:_MAX_REQUESTS])
        return [call for call in calls if call is not None]

    def _call(self, request: dict[str, Any], timestamp: float, start: float) -> Call | None:
        url = as_text(request.get("url")) or as_text(request.get("name"))
        kind = as_text(request.get("initiatorType"))
        # Pictures, scripts and styles are no calls of the page's code.
        if not url or (kind and kind not in ("fetch", "xmlhttprequest", "beacon")):
            return None
        began, ended = self._times(request, timestamp)
        body = _decoded(request.get("responseBody", request.get("response")))
        return Call(
            at=began - start,
            ended=ended - start,
            method=one_line(as_text(request.get("method")) or "GET", 10).upper(),
            path=path_of(url),
            status=_status(request, timed=as_number(request.get("startTime")) is not None),
            words=said_in(body),
            request_id=_request_id(as_dict(request.get("responseHeaders")), body),
        )

    def _times(self, request: dict[str, Any], timestamp: float) -> tuple[float, float]:
        first = as_number(request.get("startTime"))
        last = as_number(request.get("endTime"))
        duration = as_number(request.get("duration"))
        if last is None:
            last = first + (duration or 0) if first is not None else None
        if last is None:
            return timestamp - max(0.0, duration or 0), timestamp
        if first is None:
            first = last - (duration or 0)
        if last > _EPOCH_MS:
            return first, last
        self._began = timestamp - last if self._began is None else min(self._began, timestamp - last)
        return self._began + min(first, last), self._began + last


def path_of(url: str) -> str:
    """The path of an address, without its query, which may hold what a visitor typed."""
    try:
        path = urlsplit(url[:2000]).path
    except ValueError:
        path = url[:2000].split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]
    return one_line(path or "/", 200)


def _status(request: dict[str, Any], *, timed: bool) -> int | None:
    for name in ("status", "statusCode", "responseStatus"):
        status = as_number(request.get(name))
        if status is not None:
            return int(status) if 0 <= status < 1000 else None
    # The recorder leaves the status out both when no answer came and when it had no timing of the call.
    return 0 if timed and "method" in request and "responseHeaders" not in request else None


def said_in(body: Any) -> str:
    """What an answer says is wrong, under one of the usual names; empty if it does not."""
    answer = _decoded(body)
    for holder in (answer, as_dict(answer.get("error"))):
        for name in _SAYS_WHY:
            if as_text(holder.get(name)):
                return one_line(as_text(holder.get(name)), 160)
    return ""


def _decoded(body: Any) -> dict[str, Any]:
    if not isinstance(body, str):
        return as_dict(body)
    try:
        return as_dict(json.loads(body)) if len(body) < 20_000 and body.lstrip().startswith("{") else {}
    except (ValueError, RecursionError):
        return {}


def _request_id(headers: dict[str, Any], body: dict[str, Any]) -> str:
    named = [*headers.items(), *body.items()]
    return next((one_line(as_text(v), 80) for k, v in named if str(k).lower() in _REQUEST_ID and as_text(v)), "")
