"""Watches a recording once, event by event, and keeps only what happened around the markers."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from retrospec.plugin import AnalysisMarker
from retrospec_plugins.analysis_heuristic.changes import apply_mutation, touched
from retrospec_plugins.analysis_heuristic.dom import Mirror
from retrospec_plugins.analysis_heuristic.happenings import Call, Change, Click, Happening, Opened, Typing
from retrospec_plugins.analysis_heuristic.naming import describe
from retrospec_plugins.analysis_heuristic.page import Page, look
from retrospec_plugins.analysis_heuristic.plugin_events import CONSOLE, NETWORK, Calls, path_of, read_log
from retrospec_plugins.analysis_heuristic.values import as_dict, as_number, as_text, is_masked, shape

BEFORE_MS, AFTER_MS = 10_000, 3_000
# Answers are waited for a little longer than everything else: a slow one explains a page that seems dead.
ANSWERS_AFTER_MS = 8_000
SETTLED_MS = 1_000
_PER_KIND, _PER_SCENE, _MAX_TYPED, _MAX_CALL_NAMES = 200, 800, 300, 200
# One event with a wrong clock is no reason to stop reading; this many in a row are past the last marker.
_LATE_EVENTS = 50
_FULL_SNAPSHOT, _INCREMENTAL, _META, _PLUGIN = 2, 3, 4, 6
_MUTATION, _MOUSE, _INPUT, _MEDIA, _CANVAS = 0, 2, 5, 7, 9
_CLICKS = (2, 4)


@dataclass(slots=True)
class Scene:
    """A marker with what happened around it, and the page as it stood about a second later."""

    marker: AnalysisMarker
    happenings: list[Happening] = field(default_factory=list)
    page: Page | None = None
    path: str = ""


@dataclass(slots=True)
class Recording:
    """What is known of the recording besides its scenes.

    Attributes:
        start: Time of the first event, ms since 1970; None if there was none.
        end: Time of the last event that was read, from the first.
        console: Whether it holds console entries at all; likewise `network`.
        answered: How often each call of the session was answered well, by name.
        typed: What the visitor wrote, kept only so that it is never repeated.
        cut: Whether the recording could not be read to its end.
    """

    start: float | None = None
    end: float = 0.0
    console: bool = False
    network: bool = False
    answered: Counter[str] = field(default_factory=Counter)
    typed: set[str] = field(default_factory=set)
    cut: bool = False


class Watcher:
    """Sees every event in turn. Memory stays within the page's mirror and the windows around the markers."""

    def __init__(self, markers: Sequence[AnalysisMarker]) -> None:
        self.recording = Recording()
        self.scenes = [Scene(marker) for marker in sorted(markers, key=lambda one: one.offset_ms)]
        self._waiting = deque(self.scenes)
        self._live: list[Scene] = []
        self._recent: dict[type, deque[Happening]] = {}
        self._mirror = Mirror()
        self._calls = Calls()
        self._typing: dict[int, str] = {}
        self._path = ""
        self._now = 0.0
        self._late = 0

    def see(self, event: Any) -> bool:
        """Take in one event. False once nothing that follows can matter."""
        source = as_dict(event)
        timestamp = as_number(source.get("timestamp"))
        if timestamp is None:
            return True
        if self.recording.start is None:
            self.recording.start = timestamp
        self._now = timestamp - self.recording.start
        self.recording.end = max(self.recording.end, self._now)
        kind, data = source.get("type"), as_dict(source.get("data"))
        self._advance(leaving=kind in (_FULL_SNAPSHOT, _META))
        if kind == _INCREMENTAL:
            self._see_incremental(data)
        elif kind == _META:
            self._path = path_of(as_text(data.get("href"))) if data.get("href") else self._path
        elif kind == _FULL_SNAPSHOT:
            self._see_snapshot(as_dict(data.get("node")))
        elif kind == _PLUGIN:
            self._see_plugin(as_text(data.get("plugin")), data.get("payload"), timestamp)
        self._late = 0 if self._waiting or self._live else self._late + 1
        return self._late < _LATE_EVENTS

    def finish(self, *, cut: bool = False) -> None:
        """The recording is over: what is still open ends here."""
        self.recording.cut = cut
        for scene in self._waiting:
            if scene.marker.offset_ms <= self.recording.end + AFTER_MS:
                self._begin(scene)
        for scene in self.scenes:
            scene.happenings.sort(key=lambda one: one.at)
        for scene in self._live:
            self._look(scene)
        self._keep_typed()

    def _advance(self, *, leaving: bool) -> None:
        while self._waiting and self._waiting[0].marker.offset_ms <= self._now:
            self._begin(self._waiting.popleft())
        for scene in self._live:
            if leaving or self._now >= scene.marker.offset_ms + SETTLED_MS:
                self._look(scene)
        self._live = [one for one in self._live if self._now <= one.marker.offset_ms + ANSWERS_AFTER_MS]

    def _begin(self, scene: Scene) -> None:
        since = scene.marker.offset_ms - BEFORE_MS
        scene.happenings = [one for kept in self._recent.values() for one in kept if one.at >= since]
        self._live.append(scene)

    def _look(self, scene: Scene) -> None:
        if scene.page is None and self._mirror.root is not None:
            scene.page, scene.path = look(self._mirror), self._path

    def _happened(self, happening: Happening) -> None:
        self._recent.setdefault(type(happening), deque(maxlen=_PER_KIND)).append(happening)
        for scene in self._live:
            if happening.at <= scene.marker.offset_ms + AFTER_MS and len(scene.happenings) < _PER_SCENE:
                scene.happenings.append(happening)

    def _see_snapshot(self, node: dict[str, Any]) -> None:
        self._keep_typed()
        first = self._mirror.root is None
        self._mirror.load(node)
        # Ids start at 1 in a fresh page; a later snapshot of the same page goes on counting.
        if first or node.get("id") == 1:
            self._calls.page_opened()
            self._happened(Opened(self._now, self._path))

    def _see_incremental(self, data: dict[str, Any]) -> None:
        source = data.get("source")
        change: Change | None = None
        if source == _MUTATION:
            change = apply_mutation(self._mirror, data, self._now)
        elif source == _MOUSE and data.get("type") in _CLICKS:
            self._see_click(data)
        elif source == _INPUT:
            self._see_input(data)
        elif source in (_MEDIA, _CANVAS):
            change = touched(data.get("id"), self._now)
        if change is not None:
            self._happened(change)

    def _see_click(self, data: dict[str, Any]) -> None:
        node = self._mirror.get(data.get("id"))
        # A double click follows the two clicks it is made of.
        if node is not None and data.get("type") == _CLICKS[0]:
            self._happened(Click(self._now, describe(self._mirror, node)))

    def _see_input(self, data: dict[str, Any]) -> None:
        node = self._mirror.get(data.get("id"))
        if node is None:
            return
        value, checked = as_text(data.get("text")), data.get("isChecked") is True
        self._mirror.type_in(node, value, checked)
        choice = node.get("type") in ("checkbox", "radio")
        if choice and not checked and node.get("type") == "radio":
            return
        if not choice and node.tag != "select":
            self._remember(node.id, value)
        seen = ("ticked" if checked else "not ticked") if choice else "chosen" if node.tag == "select" else shape(value)
        self._happened(Typing(self._now, describe(self._mirror, node), seen))

    def _see_plugin(self, plugin: str, payload: Any, timestamp: float) -> None:
        if plugin.startswith(CONSOLE):
            self.recording.console = True
            self._happened(read_log(payload, self._now))
        elif plugin.startswith(NETWORK) and self.recording.start is not None:
            self.recording.network = True
            for call in self._calls.read(payload, timestamp, self.recording.start):
                self._count(call)
                self._happened(call)

    def _count(self, call: Call) -> None:
        known = call.name in self.recording.answered or len(self.recording.answered) < _MAX_CALL_NAMES
        if call.status and not call.failed and known:
            self.recording.answered[call.name] += 1

    def _remember(self, node_id: int, value: str) -> None:
        before = self._typing.get(node_id, "")
        # Letter by letter a value grows or shrinks; a different one begins anew.
        if not value.startswith(before) and not before.startswith(value):
            self._keep(before)
        if not is_masked(value):
            self._typing[node_id] = value

    def _keep(self, value: str) -> None:
        if len(self.recording.typed) < _MAX_TYPED:
            self.recording.typed.add(value.strip()[:200])

    def _keep_typed(self) -> None:
        for value in self._typing.values():
            self._keep(value)
        self._typing.clear()
