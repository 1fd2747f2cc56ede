"""A request failed: which, how, what had sent it, and what the visitor was told."""

import re
from http import HTTPStatus

from retrospec.plugin import AnalysisMarker
from retrospec_plugins.analysis_heuristic.evidence import SLACK_MS, Evidence, Finding
from retrospec_plugins.analysis_heuristic.happenings import Call, Click, Log, Opened, Typing
from retrospec_plugins.analysis_heuristic.plugin_events import said_in
from retrospec_plugins.analysis_heuristic.stack import first_own
from retrospec_plugins.analysis_heuristic.values import joined
from retrospec_plugins.analysis_heuristic.wording import clock, lasted, sentence, times, wall_clock

_NEAR_MS = 3_000
_SLOW_MS = 5_000
_LABEL = re.compile(r"\b(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(?:https?://[^/\s]+)?(?P<path>/[^\s?#]*)")
_STATUS = re.compile(r"(?<![\d/.:])([1-5]\d\d)(?![\d/.])")
_DEPENDS = re.compile(
    r"upstream|timed? ?-?out|did not answer|unavailable|connection|gateway|deadlock|refused", re.IGNORECASE
)
_TELLS = re.compile(
    r"error|fail|could ?n[o']t|unable|wrong|sorry|try again|unavailable|problem|denied|invalid|refused|not charged",
    re.IGNORECASE,
)


def investigate(evidence: Evidence) -> Finding:
    """Explain a request that failed."""
    call = _matching_call(evidence) or claimed_by(evidence.marker)
    if call is None:
        return _unseen(evidence)
    told = _told(evidence, call)
    trigger = evidence.trigger(call.at)
    parts = (
        _what_failed(evidence, call, trigger),
        _answer_words(evidence, call),
        _repeats(evidence, call),
        _others(evidence, call),
        _console(evidence, call),
        _page_reaction(evidence, told),
    )
    return Finding(
        symptom=_symptom(evidence, call, trigger, told),
        cause=" ".join(sentence(part) for part in parts if part),
        fix=_fix(evidence, call, bool(told)),
        confidence=_confidence(evidence, call, bool(told)),
    )


def _matching_call(evidence: Evidence) -> Call | None:
    """The failed request nearest to the marker that agrees with what it says."""
    calls = [one for one in evidence.all(Call) if abs(one.ended - evidence.at) <= _NEAR_MS and one.failed]
    claimed = claimed_by(evidence.marker)

    def distance(call: Call) -> tuple[bool, bool, float]:
        other = claimed is not None and not _same_path(claimed.path, call.path)
        return (other, claimed is not None and claimed.status != call.status, abs(call.ended - evidence.at))

    return min(calls, key=distance, default=None)


def _same_path(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def claimed_by(marker: AnalysisMarker) -> Call | None:
    """What a marker itself says about the request; None if it names none."""
    found = _LABEL.search(marker.label) or _LABEL.search(marker.evidence)
    if found is None:
        return None
    status = _STATUS.search(marker.label[found.end() :] if found.string is marker.label else marker.label)
    at = float(marker.offset_ms)
    return Call(at, at, found["method"], found["path"], int(status[1]) if status else 0, said_in(marker.evidence))


def _recorded(evidence: Evidence, call: Call) -> bool:
    return any(one is call for one in evidence.happenings)


def _confidence(evidence: Evidence, call: Call, told: bool) -> float:
    claimed = claimed_by(evidence.marker)
    if _recorded(evidence, call):
        if claimed is not None and not _same_path(claimed.path, call.path):
            return 0.55
        agrees = claimed is None or claimed.status in (call.status, 0)
        return (0.85 if agrees else 0.75) + (0.05 if told else 0) + (0.03 if evidence.repeats[1:] else 0)
    if evidence.is_empty:
        return 0.3
    near = evidence.all(Call, evidence.at - _NEAR_MS, evidence.at + _NEAR_MS)
    if any(_same_path(one.path, call.path) and one.status and not one.failed for one in near):
        return 0.35
    if evidence.recording.network and not any(_same_path(one.path, call.path) for one in near):
        return 0.5
    return 0.65 if told or _console(evidence, call) else 0.5


def _told(evidence: Evidence, call: Call) -> str:
    """What the page said about it: a message that appeared after the answer."""
    after = call.ended - SLACK_MS
    appeared = evidence.messages_after(after)
    standing = evidence.page.messages if evidence.page else ()
    telling = [text for text in appeared if text in standing or _TELLS.search(text)]
    return telling[0] if telling else ""


def _symptom(evidence: Evidence, call: Call, trigger: Click | Typing | Opened | None, told: str) -> str:
    words = evidence.words
    where = words.page(evidence.page, evidence.path)
    if isinstance(trigger, Click):
        deed = f"After a click on {words.quote(trigger.element.name or trigger.element.selector, 60)}"
    elif isinstance(trigger, Typing):
        deed = f"After filling in {words.short(trigger.element)}"
    elif isinstance(trigger, Opened):
        deed = f"While {where} opened"
    else:
        deed = f"On {where}"
    seen = f"the page said {words.quote(told)}" if told else "something failed without a word on the page"
    return f"{deed}, {seen} ({words.call(call)} {call.words_of_status})."


def _what_failed(evidence: Evidence, call: Call, trigger: Click | Typing | Opened | None) -> str:
    words = evidence.words
    phrase = f" {_phrase(call.status)}" if call.status else ""
    length = f" after {lasted(call.ended - call.at)}" if call.ended > call.at else ""
    if isinstance(trigger, Click):
        sent = f"sent by a click on {words.thing(trigger.element)}"
    elif isinstance(trigger, Typing):
        sent = f"sent after {words.thing(trigger.element)} was filled in"
    elif isinstance(trigger, Opened):
        sent = f"sent while the page {words.plain(trigger.path)} opened"
    else:
        sent = "sent by no deed of the visitor that the recording shows"
    return f"`{words.call(call)}` {call.words_of_status}{phrase}{length} at {clock(call.ended)}, {sent}"


def _phrase(status: int | None) -> str:
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""


def _answer_words(evidence: Evidence, call: Call) -> str:
    said = call.words or said_in(evidence.marker.evidence)
    return f"The answer says {evidence.words.quote(said, 160)}" if said else ""


def _repeats(evidence: Evidence, call: Call) -> str:
    each = {
        clock(at): other.status or "no answer"
        for at, other in ((float(one.offset_ms), claimed_by(one)) for one in evidence.markers)
        if other is not None and _same_path(other.path, call.path) and abs(at - evidence.at) > SLACK_MS
    }
    told = [f"at {at} with {status}" for at, status in list(each.items())[:4]]
    return f"The same request also failed {joined(told)}" if told else ""


def _others(evidence: Evidence, call: Call) -> str:
    """Other requests that were answered well tell a broken endpoint from a broken connection."""
    before = evidence.recording.answered[call.name]
    if before:
        return f"The same request was answered well {times(before)} in this session, so it fails only at times"
    others = [name for name in evidence.recording.answered if name != call.name]
    if not others:
        return ""
    told = evidence.words.plain(others[0])
    return f"Others were answered well (`{told}` for one): this endpoint fails, not the connection"


def _console(evidence: Evidence, call: Call) -> str:
    near = evidence.all(Log, call.ended - SLACK_MS, call.ended + 1_000)
    speaks = [
        one
        for one in near
        if one.level in ("error", "warn")
        and ((call.status and str(call.status) in one.message) or call.path in one.message or "fetch" in one.message)
    ]
    if not speaks:
        return ""
    own = first_own(speaks[0].frames)
    place = f" from {evidence.words.plain(own.words)}" if own else ""
    return f"The console has {evidence.words.quote(speaks[0].message, 160)}{place}"


def _page_reaction(evidence: Evidence, told: str) -> str:
    if told:
        return ""
    return "Nothing on the page told the visitor" if evidence.page is not None else ""


def _fix(evidence: Evidence, call: Call, told: bool) -> str:
    words = evidence.words
    name = f"`{words.call(call)}`"
    status = call.status or 0
    moment = wall_clock(evidence.recording.start, call.ended)
    log = f"around {moment}" if moment else f"at {clock(call.ended)} of the recording"
    identity = f", request id {words.plain(call.request_id)}" if call.request_id else ""
    look = f"Look up {name} in the server's log {log}{identity}"
    return " ".join(
        sentence(one)
        for one in (
            _fix_by_status(status, look, name, call),
            _fix_by_words(evidence, call),
            _TELL_THE_VISITOR * (not told),
        )
        if one
    )


_TELL_THE_VISITOR = (
    "Tell the visitor on the page when this request fails, and keep what they entered so that they can try again"
)
_BY_STATUS = {
    0: "{look}: if it never arrived there, check connection, CORS and blockers; catch the rejected request in the page",
    401: "Renew the session, or send the visitor to sign in when {name} answers 401 and bring them back afterwards",
    403: "Check the rights that {name} asks for against those of this visitor; hide the control from those without",
    404: "Check the address that the page builds for {name}: the route or the record behind it does not exist",
    408: "{look} and find what takes so long; answer within the time limit or do the work later",
    409: "Show what changed in between when {name} answers 409, and let the visitor decide",
    413: "Check the size before sending to {name}, and say what the limit is",
    429: "Send {name} less often (debounce, cache), and wait for `Retry-After` before trying again",
    502: "{look} and at the gateway: the service behind it was down or answered rubbish",
    503: "{look}: the service or something that it depends on was not available. Send `Retry-After` with the 503, and "
    "let the page try again by itself if the request may be repeated",
    504: "{look} and find what took longer than the gateway waits; answer sooner or do the work later",
}


def _fix_by_status(status: int, look: str, name: str, call: Call) -> str:
    known = _BY_STATUS.get(status)
    if known is not None:
        return known.format(look=look, name=name)
    if status >= 500:
        slow = call.ended - call.at >= _SLOW_MS
        wait = "; it took long, so look for a time-out of something it depends on" if slow else ""
        return f"{look}: the error is raised there{wait}"
    return f"Compare what the page sends to {name} with what the endpoint accepts, and show the visitor its reason"


def _fix_by_words(evidence: Evidence, call: Call) -> str:
    """What the answer's own words point to."""
    if (call.status or 0) < 500 or not call.words:
        return ""
    quoted = evidence.words.quote(call.words, 160)
    if _DEPENDS.search(call.words):
        return (
            f"By its own words ({quoted}) it depends on something that did not do its part: give that call a "
            "time-out, a retry or a fallback, and let the rest go on without it where it can"
        )
    return f"Begin with its own words: {quoted}"


def _unseen(evidence: Evidence) -> Finding:
    return Finding(
        symptom=f"A request failed on {evidence.words.page(evidence.page, evidence.path)}: {evidence.label}",
        cause=f"The marker says “{evidence.label}” without naming the request, and the recording holds no failed "
        f"request around {clock(evidence.at)}.",
        fix="Record requests (the recorder's network plugin), so that the next session shows which one failed.",
        confidence=0.3,
    )
