"""The happenings of a scene as steps, each in a few words; a run of the same deed is one step."""

from retrospec_plugins.analysis_heuristic.evidence import SLACK_MS, Evidence
from retrospec_plugins.analysis_heuristic.happenings import Call, Change, Click, Happening, Log, Opened, Typing
from retrospec_plugins.analysis_heuristic.watcher import AFTER_MS
from retrospec_plugins.analysis_heuristic.wording import Quoter, lasted, times

_BURST_MS = 3_000
_SLOW_MS = 1_000
_MAX_SHOWN = 4
Deed = Click | Typing


def steps_of(evidence: Evidence) -> list[tuple[float, str]]:
    """When and what, in order. What says nothing to a reader is left out."""
    steps: list[tuple[float, str]] = []
    background = evidence.background(evidence.at)
    shown = 0
    for run in _runs([one for one in evidence.happenings if one.at <= evidence.at + AFTER_MS]):
        one = run[0]
        if isinstance(one, Change):
            if shown == _MAX_SHOWN or one.targets <= background:
                continue
            shown += bool(_changed(one, evidence))
        words = _deed(run, evidence.words) if isinstance(one, Click | Typing) else _event(one, evidence)
        if words:
            steps.append((one.at, words))
    return steps


def _runs(happenings: list[Happening]) -> list[list[Happening]]:
    """Everything by itself, but deeds of one sort at one control, shortly after each other, together."""
    runs: list[list[Happening]] = []
    current: list[Happening] = []
    for one in happenings:
        if not isinstance(one, Click | Typing):
            runs.append([one])
        elif current and _goes_on(current[-1], one):
            current.append(one)
        else:
            # A click that only puts the cursor into a field, or makes the choice that follows, is no step.
            if current and _only_prepares(current[-1], one):
                runs.remove(current)
            current = [one]
            runs.append(current)
    return runs


def _goes_on(last: Happening, one: Deed) -> bool:
    same = type(last) is type(one) and isinstance(last, Click | Typing) and last.element.node == one.element.node
    return same and one.at - last.at <= _BURST_MS


def _only_prepares(last: Happening, one: Deed) -> bool:
    return isinstance(last, Click) and isinstance(one, Typing) and last.element.node == one.element.node


def _deed(run: list[Happening], words: Quoter) -> str:
    first, last = run[0], run[-1]
    if isinstance(last, Typing):
        return _entered(last, words)
    if isinstance(first, Click) and len(run) == 1:
        return f"the visitor clicked {words.short(first.element)}"
    if isinstance(first, Click):
        return f"the visitor clicked {words.short(first.element)} {times(len(run))} within {lasted(last.at - first.at)}"
    return ""


def _entered(last: Typing, words: Quoter) -> str:
    what = words.short(last.element)
    if last.shape == "chosen":
        return f"the visitor chose from {what}"
    if last.shape in ("ticked", "not ticked"):
        return f"the visitor {'ticked' if last.shape == 'ticked' else 'took the tick from'} {what}"
    return f"the visitor filled in {what} ({last.shape})"


def _event(one: Happening, evidence: Evidence) -> str:
    if isinstance(one, Opened):
        return f"the page {evidence.words.plain(one.path)} opened"
    if isinstance(one, Log):
        return _logged(one, evidence.words)
    if isinstance(one, Call):
        return _called(one, evidence.words)
    return _changed(one, evidence) if isinstance(one, Change) else ""


def _logged(log: Log, words: Quoter) -> str:
    level = {"error": "error", "assert": "error", "warn": "warning"}.get(log.level)
    return f"the console had the {level} {words.quote(log.message, 140)}" if level else ""


def _called(call: Call, words: Quoter) -> str:
    if call.failed:
        return f"the page sent {words.call(call)}, which {call.words_of_status}"
    took = call.ended - call.at
    slow = f" after {lasted(took)}" if took >= _SLOW_MS else ""
    if call.method == "GET" and not slow:
        return ""
    answered = f", which {call.words_of_status}{slow}" if call.status else slow
    return f"the page sent {words.call(call)}{answered}"


def _changed(change: Change, evidence: Evidence) -> str:
    # Only what can be read, and only near the marker: pages change for many reasons.
    if not change.texts or not -SLACK_MS * 4 <= change.at - evidence.at <= AFTER_MS:
        return ""
    return f"the page showed {evidence.words.quote(change.texts[0][1], 100)}"
