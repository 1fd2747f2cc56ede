"""A script threw: what, where, after which deed, and how it left the page."""

from retrospec_plugins.analysis_heuristic.evidence import SLACK_MS, Evidence, Finding
from retrospec_plugins.analysis_heuristic.happenings import Call, Change, Click, Log, Opened, Typing
from retrospec_plugins.analysis_heuristic.known_errors import meaning_of
from retrospec_plugins.analysis_heuristic.naming import Element
from retrospec_plugins.analysis_heuristic.page import is_busy
from retrospec_plugins.analysis_heuristic.stack import Frame, first_own, parse_stack
from retrospec_plugins.analysis_heuristic.values import joined
from retrospec_plugins.analysis_heuristic.wording import clock, lasted, sentence, soon_after, times

_NEAR_MS = 1_500
_CALL_BEFORE_MS = 3_000
_FRAMES_TOLD = 4


def investigate(evidence: Evidence) -> Finding:
    """Explain an uncaught exception."""
    log = _matching_log(evidence)
    frames = (log.frames if log else ()) or parse_stack(evidence.marker.evidence)
    own = first_own(frames)
    trigger = evidence.trigger(log.at if log else evidence.at)
    if frames and all(frame.from_extension for frame in frames):
        return _from_extension(evidence, frames[0])
    where = (own or frames[0]).words if frames else "the code that runs then"
    contrast = _contrast(evidence, trigger)
    case = evidence.words.quote(trigger.element.name, 60) if contrast and isinstance(trigger, Click) else "this input"
    meaning = meaning_of(evidence.marker.label, evidence.words.plain(where), case)
    left = _Aftermath(evidence)
    return Finding(
        symptom=_symptom(evidence, trigger, left),
        cause=" ".join(
            sentence(part)
            for part in (
                _thrown(evidence, trigger, own or (frames[0] if frames else None)),
                meaning.why,
                contrast,
                _failed_call_before(evidence),
                left.cause,
                _told_stack(evidence, frames),
            )
            if part
        ),
        fix=sentence(meaning.fix) + _fix_for_page(left),
        confidence=_confidence(evidence, log, own, bool(contrast)),
    )


def _matching_log(evidence: Evidence) -> Log | None:
    label = _core(evidence.marker.label)
    near = evidence.all(Log, evidence.at - _NEAR_MS, evidence.at + _NEAR_MS)
    same = [
        one
        for one in near
        if one.level in ("error", "assert") and label and _core(one.message) and _alike(label, _core(one.message))
    ]
    return min(same, key=lambda one: (not one.frames, abs(one.at - evidence.at)), default=None)


def _alike(label: str, message: str) -> bool:
    return label in message or message in label


def _core(message: str) -> str:
    line = message.strip().split("\n", 1)[0].lower()
    return line.removeprefix("uncaught ").removeprefix("(in promise) ").removeprefix("error: ").strip()[:200]


def _confidence(evidence: Evidence, log: Log | None, own: Frame | None, contrast: bool) -> float:
    if log is not None and own is not None:
        return 0.92 if contrast else 0.9
    if log is not None:
        return 0.75 if log.frames or evidence.marker.evidence else 0.65
    if evidence.is_empty:
        return 0.3
    if any(one.level == "error" for one in evidence.all(Log)):
        # The console was recorded and tells of other errors, not of this one.
        return 0.5
    deed = evidence.trigger(evidence.at) is not None
    return 0.65 if own is not None and deed else 0.5 if own is not None else 0.35


def _name(evidence: Evidence) -> str:
    name = evidence.label.removeprefix("Uncaught ").removeprefix("(in promise) ").split(":", 1)[0]
    return name if name.isidentifier() else "a script error"


def _symptom(evidence: Evidence, trigger: Click | Typing | Opened | None, left: "_Aftermath") -> str:
    words = evidence.words
    where = words.page(evidence.page, evidence.path)
    if isinstance(trigger, Click):
        deed = f"After a click on {words.quote(trigger.element.name or trigger.element.selector, 60)}"
    elif isinstance(trigger, Typing):
        deed = f"While {words.short(trigger.element)} was filled in"
    elif isinstance(trigger, Opened):
        deed = f"While {where} opened"
    else:
        deed = f"On {where}"
    return f"{deed}, {left.symptom or 'a script broke off and nothing told the visitor'} ({_name(evidence)})."


def _thrown(evidence: Evidence, trigger: Click | Typing | Opened | None, frame: Frame | None) -> str:
    words = evidence.words
    place = f" is thrown in {words.plain(frame.words)}" if frame else " is thrown"
    after = ""
    if isinstance(trigger, Click):
        after = f", {soon_after(evidence.at - trigger.at)} a click on {words.thing(trigger.element)}"
    elif isinstance(trigger, Typing):
        after = f", while {words.thing(trigger.element)} was filled in"
    elif isinstance(trigger, Opened):
        after = f", {soon_after(evidence.at - trigger.at)} the page {words.plain(trigger.path)} opened"
    count = len(evidence.repeats)
    again = f"; it was marked {times(count)} in this session" if count > 1 else ""
    return f"`{evidence.label}`{place}{after}{again}"


def _contrast(evidence: Evidence, trigger: Click | Typing | Opened | None) -> str:
    """A click on a thing of the same sort that went well narrows the fault to what differs."""
    if not isinstance(trigger, Click) or "#" in trigger.element.selector:
        return ""
    errors = [one.at for one in evidence.all(Log) if one.level == "error"]
    clicks = evidence.all(Click)
    for click, following in zip(clicks, [*clicks[1:], None], strict=True):
        alike = click.element.selector == trigger.element.selector and click.element.name != trigger.element.name
        until = min(click.at + _NEAR_MS, following.at if following else evidence.recording.end)
        went_well = not any(click.at <= at < until for at in errors)
        if alike and went_well and any(isinstance(one, Change) for one in evidence.effects(click)):
            worked, failed = (evidence.words.quote(one.element.name, 60) for one in (click, trigger))
            return f"A click on {worked} at {clock(click.at)} went through, so it hangs on what belongs to {failed}"
    return ""


def _failed_call_before(evidence: Evidence) -> str:
    calls = evidence.all(Call, evidence.at - _CALL_BEFORE_MS, evidence.at + SLACK_MS)
    failed = [one for one in calls if one.failed and one.ended <= evidence.at + SLACK_MS]
    if not failed:
        return ""
    last = failed[-1]
    return (
        f"{evidence.words.call(last)} {last.words_of_status} {lasted(max(0.0, evidence.at - last.ended))} before: "
        "the code probably went on without what it should have brought"
    )


def _told_stack(evidence: Evidence, frames: tuple[Frame, ...]) -> str:
    if len(frames) < 2:
        return ""
    told = " ← ".join(frame.words for frame in frames[:_FRAMES_TOLD])
    return f"Stack, innermost first: {evidence.words.plain(told, 400)}"


def _fix_for_page(left: "_Aftermath") -> str:
    if not left.is_stuck:
        return ""
    return " Put the page back into a usable state when this step fails, in a `finally` for instance."


def _from_extension(evidence: Evidence, frame: Frame) -> Finding:
    return Finding(
        symptom=f"On {evidence.words.page(evidence.page, evidence.path)} a browser extension of the visitor failed.",
        cause=f"`{evidence.label}` is thrown in {evidence.words.plain(frame.words)}: every frame of the stack "
        "belongs to a browser extension, none to the product.",
        fix="Nothing in the product; leave errors from extensions out of the error reporting.",
        confidence=0.7,
    )


class _Aftermath:
    """How the page was left: texts that promise more, controls that stayed off."""

    def __init__(self, evidence: Evidence) -> None:
        since = evidence.at - 2 * SLACK_MS
        around = evidence.all(Change, since, evidence.at + SLACK_MS)
        later = [one for one in evidence.all(Change) if one.at > evidence.at + SLACK_MS]
        self._words = evidence.words
        # A deed of the visitor within the window may have changed it; until then it stayed.
        changed_later = {node for one in later for node in one.targets} if not _visitor_went_on(evidence) else set()
        self.waiting = [
            text for one in around for node, text in one.texts if is_busy(text) and node not in changed_later
        ]
        enabled = (
            {node for one in (*around, *later) for node in one.enabled} if not _visitor_went_on(evidence) else set()
        )
        self.off: list[Element] = [element for one in around for element in one.disabled if element.node not in enabled]

    @property
    def is_stuck(self) -> bool:
        return bool(self.waiting or self.off)

    @property
    def symptom(self) -> str:
        parts = [f"the page stayed at {self._words.quote(self.waiting[-1], 60)}"] if self.waiting else []
        if self.off:
            parts.append(
                f"{self._words.quote(self.off[0].name or self.off[0].selector, 60)} could not be used any more"
            )
        return joined(parts)

    @property
    def cause(self) -> str:
        parts = [f"{self._words.quote(self.waiting[-1], 60)} was never replaced"] if self.waiting else []
        parts += [f"{self._words.thing(one)} stayed disabled" for one in self.off[:2]]
        return f"The steps after that line did not run: {joined(parts)}" if parts else ""


def _visitor_went_on(evidence: Evidence) -> bool:
    return bool(evidence.all(Click, evidence.at + SLACK_MS))
