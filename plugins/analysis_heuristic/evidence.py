"""Questions that every investigation asks of a scene."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from retrospec.plugin import AnalysisMarker
from retrospec_plugins.analysis_heuristic.happenings import Call, Change, Click, Happening, Log, Opened, Typing
from retrospec_plugins.analysis_heuristic.page import Page
from retrospec_plugins.analysis_heuristic.watcher import AFTER_MS, Recording, Scene
from retrospec_plugins.analysis_heuristic.wording import Quoter

Kind = TypeVar("Kind", Click, Typing, Opened, Log, Call, Change)
# An effect within this time is taken as the click's; the recorder's own marker waits as long.
EFFECT_MS = 1_000
# Clocks of marker and recording are set a moment apart.
SLACK_MS = 250
_STALE_MS = 5_000
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one investigation came to; `confidence` within 0 and 1."""

    symptom: str
    cause: str
    fix: str
    confidence: float


class Evidence:
    """One marker's scene, ready to be asked."""

    def __init__(self, scene: Scene, recording: Recording, markers: tuple[AnalysisMarker, ...], words: Quoter) -> None:
        self.marker = scene.marker
        self.at = float(scene.marker.offset_ms)
        self.page: Page | None = scene.page
        self.path = scene.path
        self.happenings = scene.happenings
        self.recording = recording
        self.words = words
        self.label = words.plain(scene.marker.label, 200)
        self.markers = markers

    def all(self, kind: type[Kind], since: float = float("-inf"), until: float = float("inf")) -> list[Kind]:
        """Everything of one kind between two times, earliest first."""
        return [one for one in self.happenings if isinstance(one, kind) and since <= one.at <= until]

    @property
    def is_empty(self) -> bool:
        """Whether the recording shows nothing at all around the marker."""
        return not self.happenings

    @property
    def repeats(self) -> list[float]:
        """When the same failure was marked, this time included."""
        same = (self.marker.kind, self.marker.label)
        return sorted(float(one.offset_ms) for one in self.markers if (one.kind, one.label) == same)

    def trigger(self, at: float) -> Click | Typing | Opened | None:
        """What most likely set off something at `at`: the last thing done before it, if that was not long ago."""
        deeds = [one for one in self.happenings if isinstance(one, Click | Typing | Opened)]
        before = [one for one in deeds if at - _STALE_MS <= one.at <= at + SLACK_MS]
        # A click comes with the choice that it makes; the click is what a person remembers.
        clicks = [one for one in before if isinstance(one, Click)]
        if clicks and before and before[-1].at - clicks[-1].at < SLACK_MS:
            return clicks[-1]
        return before[-1] if before else None

    def clicks_on_same(self, click: Click) -> list[Click]:
        return [one for one in self.all(Click) if one.element.node == click.element.node]

    def effects(self, click: Click, within: float = EFFECT_MS) -> Iterator[Happening]:
        """What followed a click and may be its doing: changes, requests, errors, another page."""
        background = self.background(click.at)
        for one in self.happenings:
            if one is click or not click.at <= one.at <= click.at + within:
                continue
            if isinstance(one, Change) and self._is_noise(one, click, background):
                continue
            if isinstance(one, Log) and one.level not in ("error", "warn"):
                continue
            if isinstance(one, Typing) and one.element.node != click.element.node:
                continue
            if not isinstance(one, Click):
                yield one

    def background(self, at: float) -> frozenset[int]:
        """What changed again and again before, with nobody's doing: clocks, carousels."""
        deeds = [one.at for one in self.happenings if isinstance(one, Click | Typing | Opened)]
        alone = (
            one for one in self.all(Change, until=at - 1) if not any(0 <= one.at - deed <= EFFECT_MS for deed in deeds)
        )
        counts = Counter(node for one in alone for node in one.targets)
        return frozenset(node for node, count in counts.items() if count > 2)

    def messages_after(self, since: float, until: float | None = None) -> list[str]:
        """Texts that appeared on the page within a time, messages first, the page's own words."""
        last = self.at + AFTER_MS if until is None else until
        return [text for change in self.all(Change, since, last) for _, text in change.texts]

    def mentions(self, text: str) -> bool:
        """Whether the marker speaks of this name, by all its words."""
        wanted = [word.lower() for word in _WORD.findall(text)]
        said = {word.lower() for word in _WORD.findall(f"{self.marker.label} {self.marker.evidence}")}
        return bool(wanted) and all(word in said for word in wanted)

    def _is_noise(self, change: Change, click: Click, background: frozenset[int]) -> bool:
        own = change.targets <= click.element.parts | {click.element.node}
        return change.targets <= background or (change.cosmetic and own)
