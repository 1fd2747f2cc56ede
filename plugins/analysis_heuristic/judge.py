"""Chooses which failures to look into, and which of the findings the report is about."""

from collections.abc import Callable, Iterable
from typing import Any

from retrospec.plugin import Analysis, AnalysisMarker, AnalysisRequest
from retrospec_plugins.analysis_heuristic import dead_controls, exceptions, failed_calls, refused_fields
from retrospec_plugins.analysis_heuristic.evidence import SLACK_MS, Evidence, Finding
from retrospec_plugins.analysis_heuristic.happenings import Click
from retrospec_plugins.analysis_heuristic.story import picture, tell
from retrospec_plugins.analysis_heuristic.values import one_line
from retrospec_plugins.analysis_heuristic.watcher import Watcher
from retrospec_plugins.analysis_heuristic.wording import Quoter

# A session may have a thousand markers; the first and the last of each failure tell what the others repeat.
MAX_SCENES = 12
ACCEPTABLE = 0.6
_LONGEST = 4_000
_INVESTIGATE: dict[str, Callable[[Evidence], Finding]] = {
    "js_exception": exceptions.investigate,
    "api_error": failed_calls.investigate,
    "validation_failed": refused_fields.investigate,
    "ui_no_effect": dead_controls.investigate,
}
_STRENGTH = ("ui_no_effect", "validation_failed", "api_error", "js_exception")


def analyse(request: AnalysisRequest, stopped: Callable[[], bool]) -> Analysis:
    """Read the recording and explain its strongest failure. Blocks; `stopped` ends the reading early.

    Raises:
        Exception: What reading the events raised, unless it says that they are damaged (`ValueError`).
    """
    markers = tuple(request.markers)
    watcher = Watcher(worth_a_look(markers, request.trigger_kind))
    cut = _watch(watcher, request.events, stopped)
    watcher.finish(cut=cut)
    words = Quoter(watcher.recording.typed)
    cases = [Evidence(scene, watcher.recording, markers, words) for scene in watcher.scenes]
    if not cases:
        return _nothing_marked()
    found = [(case, _INVESTIGATE.get(case.marker.kind, dead_controls.investigate)(case)) for case in cases]
    case, finding = max(found, key=lambda one: _weight(one[0], one[1], request.trigger_kind))
    trigger = case.trigger(case.at + SLACK_MS)
    return Analysis(
        symptom=one_line(finding.symptom, 300) or "Something failed.",
        technical_root_cause=finding.cause[:_LONGEST],
        suggested_fix=finding.fix[:_LONGEST],
        text_summary=tell(case, markers)[:_LONGEST],
        visual_summary=picture(case, trigger if isinstance(trigger, Click) else None)[:_LONGEST],
        confidence=round(min(0.95, max(0.0, finding.confidence)), 2),
    )


def worth_a_look(markers: Iterable[AnalysisMarker], trigger_kind: str) -> list[AnalysisMarker]:
    """The first and the last marker of each failure, the strongest kind first."""
    firsts: dict[tuple[str, str], AnalysisMarker] = {}
    lasts: dict[tuple[str, str], AnalysisMarker] = {}
    for marker in markers:
        key = (marker.kind, marker.label)
        if key in firsts:
            lasts[key] = marker
        else:
            firsts[key] = marker
    ordered = sorted(firsts, key=lambda key: (key[0] != trigger_kind, -_strength(key[0])))
    chosen = [one for key in ordered for one in (firsts[key], lasts.get(key)) if one is not None]
    return chosen[:MAX_SCENES]


def _strength(kind: str) -> int:
    return _STRENGTH.index(kind) if kind in _STRENGTH else 0


def _weight(case: Evidence, finding: Finding, trigger_kind: str) -> tuple[bool, bool, int, float, float]:
    """A report that would be thrown away is worth less than one of a weaker kind that stands."""
    kind = case.marker.kind
    stands = finding.confidence >= ACCEPTABLE
    return (stands, kind == trigger_kind, _strength(kind), finding.confidence, -case.at)


def _watch(watcher: Watcher, events: Iterable[dict[str, Any]], stopped: Callable[[], bool]) -> bool:
    """Whether the recording broke off before what was looked for."""
    try:
        for event in events:
            if stopped() or not watcher.see(event):
                return False
    except ValueError:
        # Damaged JSON raises this, whichever decoder reads it; what came before it is still true.
        return True
    return False


def _nothing_marked() -> Analysis:
    return Analysis(
        symptom="No failure is marked in this session.",
        technical_root_cause="The session has no markers, so there is nothing to explain.",
        suggested_fix="Nothing.",
        text_summary="The session has no markers.",
        visual_summary="",
        confidence=0.0,
    )
