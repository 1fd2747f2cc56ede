"""A click did nothing: was there truly no effect, and what could have swallowed it."""

from retrospec_plugins.analysis_heuristic.evidence import EFFECT_MS, SLACK_MS, Evidence, Finding
from retrospec_plugins.analysis_heuristic.happenings import Call, Change, Click, Happening, Log, Opened, Typing
from retrospec_plugins.analysis_heuristic.silent_reasons import reason_for
from retrospec_plugins.analysis_heuristic.stack import first_own
from retrospec_plugins.analysis_heuristic.values import joined
from retrospec_plugins.analysis_heuristic.wording import clock, lasted, sentence, times

_CLICK_BEFORE_MS = 3_000
_RAGE_CLICKS = 3
_TYPED_BEFORE_MS = 10_000


def investigate(evidence: Evidence) -> Finding:
    """Explain a click without effect."""
    click = _click(evidence)
    if click is None:
        return _unseen(evidence)
    effects = list(evidence.effects(click))
    errors = [one for one in effects if isinstance(one, Log) and one.level == "error"]
    calls = [one for one in effects if isinstance(one, Call)]
    shown = [one for one in effects if isinstance(one, Change | Opened | Typing)]
    if errors:
        return _broke(evidence, click, errors[0])
    if shown:
        return _had_effect(evidence, click, shown[0])
    if calls:
        return _silent_call(evidence, click, calls[0])
    return _dead(evidence, click)


def _click(evidence: Evidence) -> Click | None:
    """The click that the marker means: the nearest before it, on the control it names if it names one."""
    near = evidence.all(Click, evidence.at - _CLICK_BEFORE_MS, evidence.at + SLACK_MS)

    def distance(click: Click) -> tuple[bool, bool, float]:
        named = evidence.mentions(click.element.selector) or evidence.mentions(click.element.name)
        return (
            not named,
            not click.element.control,
            abs(click.at - evidence.at),
        )

    return min(near, key=distance, default=None)


def _dead(evidence: Evidence, click: Click) -> Finding:
    words = evidence.words
    clicks = evidence.clicks_on_same(click)
    reason = reason_for(click.element, words)
    confidence = reason.confidence
    again = f" {times(len(clicks))}" if len(clicks) > 1 else ""
    where = words.page(evidence.page, evidence.path)
    parts = (
        _silence(evidence, click, len(clicks)),
        reason.why,
        _typed_before(evidence, click),
    )
    if len(clicks) >= _RAGE_CLICKS and confidence >= 0.6:
        confidence += 0.05
    if evidence.recording.end < click.at + EFFECT_MS - SLACK_MS:
        confidence = min(confidence, 0.5)
    return Finding(
        symptom=f"On {where} {words.short(click.element)} did nothing when it was clicked{again}.",
        cause=" ".join(sentence(part) for part in parts if part),
        fix=sentence(reason.fix),
        confidence=confidence,
    )


def _silence(evidence: Evidence, click: Click, count: int) -> str:
    looked = ["no change of the page"]
    looked += ["no request"] if evidence.recording.network else []
    looked += ["no console error"] if evidence.recording.console else []
    looked.append("no other page")
    rage = ""
    if count > 1:
        clicks = [one.at for one in evidence.clicks_on_same(click)]
        rage = f"; {count} clicks within {lasted(clicks[-1] - clicks[0])} show that the visitor expected something"
    return (
        f"The click on {evidence.words.thing(click.element)} at {clock(click.at)} was followed by "
        f"{joined(looked, 'and')} within {lasted(EFFECT_MS)}{rage}"
    )


def _typed_before(evidence: Evidence, click: Click) -> str:
    typed = [
        one
        for one in evidence.all(Typing, click.at - _TYPED_BEFORE_MS, click.at)
        if one.element.node != click.element.node
    ]
    if not typed:
        return ""
    last = typed[-1]
    return (
        f"Before it, at {clock(last.at)}, the visitor had filled in {evidence.words.thing(last.element)} "
        f"({last.shape}), so the click was to use that"
    )


def _broke(evidence: Evidence, click: Click, error: Log) -> Finding:
    words = evidence.words
    own = first_own(error.frames)
    place = f" in {words.plain(own.words)}" if own else ""
    return Finding(
        symptom=f"On {words.page(evidence.page, evidence.path)} {words.short(click.element)} did nothing when "
        "it was clicked.",
        cause=f"The click on {words.thing(click.element)} at {clock(click.at)} ended in an error{place}, "
        f"{lasted(error.at - click.at)} later: {words.quote(error.message, 200)}. It stopped the listener before "
        "anything changed.",
        fix=f"Correct the error{place or ' that the console shows'}, and show the visitor a message when that "
        "step fails.",
        confidence=0.85 if own else 0.75,
    )


def _silent_call(evidence: Evidence, click: Click, call: Call) -> Finding:
    words = evidence.words
    took = call.ended - call.at
    waited = took > EFFECT_MS
    outcome = "failed" if call.failed else "was answered"
    told = (
        f"The click on {words.thing(click.element)} at {clock(click.at)} sent `{words.call(call)}`, which "
        f"{call.words_of_status if call.status is not None else outcome} after {lasted(took)}; "
    )
    rest = "until then nothing on the page showed that it was at work" if waited else "the page showed nothing of it"
    fix = (
        f"Show at once that the click on `{words.plain(click.element.selector)}` was taken (disable it, a spinner), "
        f"and make `{words.call(call)}` faster."
        if waited
        else f"Handle the answer of `{words.call(call)}` where it is sent: show its result, or a message when it fails."
    )
    return Finding(
        symptom=f"On {words.page(evidence.page, evidence.path)} {words.short(click.element)} seemed to do nothing.",
        cause=sentence(told + rest),
        fix=fix,
        confidence=0.78,
    )


def _had_effect(evidence: Evidence, click: Click, effect: Happening) -> Finding:
    words = evidence.words
    if isinstance(effect, Change) and effect.texts:
        what = f"{words.quote(effect.texts[0][1], 80)} appeared on the page"
    elif isinstance(effect, Opened):
        what = f"the page {words.plain(effect.path)} opened"
    else:
        what = "the page changed"
    return Finding(
        symptom=f"A click on {words.short(click.element)} was marked as without effect.",
        cause=f"The recording says otherwise: {lasted(effect.at - click.at)} after the click on "
        f"{words.thing(click.element)} at {clock(click.at)}, {what}. The change may lie out of sight, or have "
        "nothing to do with the click.",
        fix=f"Watch the replay at {clock(click.at)}; if the change is out of sight, bring it into view.",
        confidence=0.4,
    )


def _unseen(evidence: Evidence) -> Finding:
    return Finding(
        symptom=f"A click on {evidence.words.page(evidence.page, evidence.path)} had no effect: {evidence.label}",
        cause=f"The recording shows no click within {lasted(_CLICK_BEFORE_MS)} before {clock(evidence.at)}, so the "
        "control cannot be named.",
        fix="Watch the replay around the marker, and check that the recorder and the marker use the same clock.",
        confidence=0.3,
    )
