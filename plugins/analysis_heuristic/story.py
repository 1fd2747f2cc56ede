"""Tells what was to be seen: the steps around the failure with their times, and the page as it stood."""

from collections.abc import Iterable

from retrospec.plugin import AnalysisMarker
from retrospec_plugins.analysis_heuristic.evidence import SLACK_MS, Evidence
from retrospec_plugins.analysis_heuristic.happenings import Click, Opened
from retrospec_plugins.analysis_heuristic.steps import steps_of
from retrospec_plugins.analysis_heuristic.values import joined
from retrospec_plugins.analysis_heuristic.wording import clock, sentence, times

_STEPS, _STEPS_AFTER = 9, 3
_MARKED = {
    "validation_failed": "a field was refused",
    "api_error": "a request failed",
    "js_exception": "a script threw",
    "ui_no_effect": "a click had no effect",
}


def tell(evidence: Evidence, markers: Iterable[AnalysisMarker]) -> str:
    """The steps before and after the marker, each with its time."""
    steps = steps_of(evidence)
    first = max(0, len([at for at, _ in steps if at <= evidence.at + SLACK_MS]) - (_STEPS - _STEPS_AFTER))
    told = [sentence(f"At {clock(at)} {words}") for at, words in steps[first : first + _STEPS]]
    if not told:
        told = [
            f"The recording shows nothing around {clock(evidence.at)}, where {_marked(evidence.marker)} was marked."
        ]
    return " ".join([*told, *_ending(evidence), *_elsewhere(evidence, markers)])


def _marked(marker: AnalysisMarker) -> str:
    return f"“{_MARKED.get(marker.kind, _MARKED['ui_no_effect'])}”"


def _ending(evidence: Evidence) -> list[str]:
    count = len(evidence.repeats)
    ending = [f"The same was marked {times(count)} in this session."] if count > 1 else []
    left = evidence.all(Opened, evidence.at + SLACK_MS)
    if left:
        ending.append(f"The visitor left for {evidence.words.plain(left[0].path)}.")
    if evidence.recording.cut:
        ending.append("The recording could not be read to its end.")
    return ending


def _elsewhere(evidence: Evidence, markers: Iterable[AnalysisMarker]) -> list[str]:
    others: dict[str, float] = {}
    for one in markers:
        if (one.kind, one.label) != (evidence.marker.kind, evidence.marker.label):
            others.setdefault(f"{_MARKED.get(one.kind, one.kind)}: {one.label}", float(one.offset_ms))
    told = [f"{evidence.words.quote(words, 120)} ({clock(at)})" for words, at in list(others.items())[:3]]
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return [f"The session also met {joined(told)}{more}."] if told else []


def picture(evidence: Evidence, control: Click | None) -> str:
    """What the page showed about a second after the failure; empty if the recording has no page there."""
    page, words = evidence.page, evidence.words
    if page is None:
        return ""
    parts = [_headline(evidence)]
    if control is not None:
        parts.append(f"The last thing clicked was {words.thing(control.element)}")
    messages = [text for text in (*page.messages, *(one.message for one in page.fields)) if text]
    if messages:
        told = [words.quote(text, 100) for text in dict.fromkeys(messages)]
        parts.append(f"It told the visitor {joined(told[:3])}")
    if page.dialogs:
        parts.append(f"A dialog was open: {words.quote(page.dialogs[0], 80)}")
    if page.busy:
        parts.append(f"It looked busy: {words.quote(page.busy[0], 60)}")
    if page.disabled:
        parts.append(f"Disabled: {joined([words.short(one) for one in page.disabled[:3]])}")
    refused = [one for one in page.fields if one.invalid]
    if refused:
        told = [f"{words.short(one.element)} ({one.shape})" for one in refused[:4]]
        parts.append(f"Marked as refused: {joined(told)}")
    return " ".join(sentence(part) for part in parts)


def _headline(evidence: Evidence) -> str:
    page, words = evidence.page, evidence.words
    if page is None or len(page.headings) < 2:
        return f"The visitor saw {words.page(page, evidence.path)}"
    headings = joined([words.quote(one, 60) for one in page.headings[1:4]])
    return f"The visitor saw {words.page(page, evidence.path)}, further headed {headings}"
