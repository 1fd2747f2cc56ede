"""Recordings made by hand: what a visitor did and what the page did, as the events that rrweb writes."""

import json
from collections.abc import Mapping
from typing import Any

from retrospec.plugin.analysis import AnalysisMarker, AnalysisRequest

STARTED_AT = 1_780_000_000_000
_STRENGTH = ("ui_no_effect", "validation_failed", "api_error", "js_exception")
_FULL_SNAPSHOT, _INCREMENTAL, _META, _PLUGIN = 2, 3, 4, 6


def element(tag: str, *children: Any, **attributes: str) -> dict[str, Any]:
    """An element to put on a page; it gets its id there.

    Args:
        tag: Its name.
        children: Elements and texts.
        attributes: `aria_label` becomes `aria-label`, `for_` becomes `for`. `ref` is no attribute: it names the
            element for the test, as its `id` does where it has one.
    """
    inside = [{"type": 3, "textContent": one} if isinstance(one, str) else one for one in children]
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    ref = named.pop("ref", named.get("id"))
    return {"type": 2, "tagName": tag, "attributes": named, "childNodes": inside, "ref": ref}


class Visit:
    """A recording that grows as the test tells it.

    Attributes:
        events: The rrweb events so far.
        markers: The failures marked so far.
        now: Time since the first event, in ms.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.markers: list[AnalysisMarker] = []
        self.now = 0
        self._ids: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._last_id = 0

    def wait(self, ms: int) -> "Visit":
        """Let time pass."""
        self.now += ms
        return self

    def open(self, path: str, *body: dict[str, Any], title: str = "") -> "Visit":
        """Load a page with this in its body. Ids begin anew, as they do in a fresh page."""
        self._ids.clear()
        self._last_id = 0
        head = element("head", element("title", title))
        document = {"type": 0, "childNodes": [element("html", head, element("body", *body, id="body"))]}
        self._event(_META, {"href": f"https://shop.example{path}", "width": 1280, "height": 720})
        return self._event(_FULL_SNAPSHOT, {"node": self._number(document), "initialOffset": {"top": 0, "left": 0}})

    def click(self, ref: str) -> "Visit":
        """Click an element."""
        return self._incremental(2, type=2, id=self._ids[ref], x=1, y=1)

    def type(self, ref: str, text: str) -> "Visit":
        """Write into a field, letter by letter, or choose from a list."""
        for end in range(1, len(text) + 1):
            self._incremental(5, id=self._ids[ref], text=text[:end], isChecked=False)
        return self

    def mutate(self, **mutation: Any) -> "Visit":
        """Change the page; `texts`, `attributes`, `removes` and `adds` as in rrweb."""
        return self._incremental(0, **{"texts": [], "attributes": [], "removes": [], "adds": [], **mutation})

    def set(self, ref: str, **attributes: str | None) -> "Visit":
        """Change attributes of an element; None takes one away."""
        named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return self.mutate(attributes=[{"id": self._ids[ref], "attributes": named}])

    def show(self, ref: str, *children: dict[str, Any] | str) -> "Visit":
        """Add elements or texts to an element."""
        new = [self._number({"type": 3, "textContent": one} if isinstance(one, str) else one) for one in children]
        adds = [{"parentId": self._ids[ref], "nextId": None, "node": one} for one in new]
        return self.mutate(adds=adds)

    def say(self, ref: str, text: str) -> "Visit":
        """Change the text of an element."""
        return self.mutate(texts=[{"id": self._texts[ref], "value": text}])

    def log(self, level: str, message: str, *trace: str) -> "Visit":
        """An entry of the console, with the frames of its stack."""
        payload = {"level": level, "trace": list(trace), "payload": [json.dumps(message)]}
        return self._event(_PLUGIN, {"plugin": "rrweb/console@1", "payload": payload})

    def call(self, method: str, path: str, status: int | None, *, took: int = 20, body: str = "") -> "Visit":
        """A request that begins now; the answer's entry arrives, and time stands, when it ends."""
        request = {
            "method": method,
            "initiatorType": "fetch",
            "name": f"https://shop.example{path}",
            "status": status,
            "startTime": self.now,
            "endTime": self.now + took,
            "duration": took,
            "responseBody": body,
        }
        self.wait(took)
        return self._event(_PLUGIN, {"plugin": "rrweb/network@1", "payload": {"requests": [request]}})

    def mark(self, kind: str, label: str, evidence: str = "") -> "Visit":
        """Mark a failure now."""
        self.markers.append(AnalysisMarker(self.now, kind, label, evidence))
        return self

    def request(self) -> AnalysisRequest:
        """What an analyzer is asked about it."""
        kinds = [marker.kind for marker in self.markers if marker.kind in _STRENGTH]
        return AnalysisRequest(
            project_id="proj_default",
            session_id="sess-1",
            site="shop.example",
            route="/checkout",
            trigger_kind=max(kinds, key=_STRENGTH.index, default="ui_no_effect"),
            markers=tuple(self.markers),
            events=self.events,
        )

    def _event(self, kind: int, data: Mapping[str, Any]) -> "Visit":
        self.events.append({"type": kind, "timestamp": STARTED_AT + self.now, "data": dict(data)})
        return self

    def _incremental(self, source: int, **data: Any) -> "Visit":
        return self._event(_INCREMENTAL, {"source": source, **data})

    def _number(self, node: dict[str, Any]) -> dict[str, Any]:
        self._last_id += 1
        numbered = {**node, "id": self._last_id}
        ref = numbered.pop("ref", None)
        if ref:
            self._ids[ref] = numbered["id"]
        if "childNodes" in node:
            numbered["childNodes"] = [self._number(child) for child in node["childNodes"]]
            texts = [child["id"] for child in numbered["childNodes"] if child["type"] == 3]
            self._texts.update({ref: texts[0]} if ref and texts else {})
        return numbered
