"""A small mirror of the recorded page: enough of it to name what was clicked and what changed."""

import re
from collections.abc import Iterator
from typing import Any

from retrospec_plugins.analysis_heuristic.values import as_dict, as_id, as_list, as_number, as_text

DOCUMENT, ELEMENT, TEXT = 0, 2, 3
# Deeper or longer chains than this are not pages; the limits keep a hostile recording from holding a thread.
MAX_NODES = 200_000
MAX_DEPTH = 512
_TEXT_KEPT = 300
_ORDERED_CHILDREN = 2_000
_KEPT = frozenset(
    [
        "id",
        "name",
        "type",
        "role",
        "href",
        "title",
        "alt",
        "placeholder",
        "value",
        "for",
        "class",
        "hidden",
        "disabled",
        "required",
        "pattern",
        "min",
        "max",
        "minlength",
        "maxlength",
        "step",
        "action",
        "method",
        "novalidate",
        "checked",
        "selected",
        "contenteditable",
        "onclick",
        "tabindex",
        "open",
        "target",
        "download",
        "data-testid",
        "aria-label",
        "aria-labelledby",
        "aria-invalid",
        "aria-errormessage",
        "aria-describedby",
        "aria-disabled",
        "aria-hidden",
        "aria-busy",
        "aria-pressed",
        "aria-expanded",
        "aria-live",
        "aria-modal",
    ]
)
_STYLE = re.compile(r"(display|visibility)\s*:\s*([a-z-]+)", re.IGNORECASE)


class Node:
    """One element, text or document of the page."""

    __slots__ = ("attributes", "children", "id", "parent", "tag", "text")

    def __init__(self, node_id: int, tag: str, text: str) -> None:
        self.id = node_id
        self.tag = tag
        self.text = text
        self.parent: Node | None = None
        self.children: list[Node] = []
        self.attributes: dict[str, str] = {}

    def get(self, attribute: str) -> str:
        return self.attributes.get(attribute, "")

    def has(self, attribute: str) -> bool:
        return attribute in self.attributes

    def ancestors(self) -> Iterator["Node"]:
        """The node itself, its parent, and so on."""
        node: Node | None = self
        for _ in range(MAX_DEPTH):
            if node is None:
                return
            yield node
            node = node.parent


class Mirror:
    """The page as it stands at one moment of the recording."""

    def __init__(self) -> None:
        self._nodes: dict[int, Node] = {}
        self._named: dict[str, int] = {}
        self._labels: dict[str, int] = {}
        self._values: dict[int, str] = {}
        self.root: Node | None = None

    def load(self, snapshot: Any) -> None:
        """Start over from a full snapshot's node."""
        self._nodes.clear()
        self._named.clear()
        self._labels.clear()
        self._values.clear()
        self.root = self._graft(as_dict(snapshot), None, None)

    def get(self, node_id: Any) -> Node | None:
        known = as_id(node_id)
        return None if known is None else self._nodes.get(known)

    def named(self, html_id: str) -> Node | None:
        return self._still(self._named, html_id, "id")

    def label_for(self, html_id: str) -> Node | None:
        return self._still(self._labels, html_id, "for")

    def value(self, node: Node) -> str:
        """What a field holds. Only ever to be measured or compared, never to be told."""
        return self._values.get(node.id, node.get("value"))

    def type_in(self, node: Node, value: str, checked: bool) -> None:
        if node.get("type") in {"checkbox", "radio"}:
            self._mark(node, "checked", checked)
        else:
            self._values[node.id] = value

    def walk(self, start: Node | None = None) -> Iterator[Node]:
        """Every node below and including `start` (the page), in the order of the document."""
        below = [start or self.root]
        for _ in range(MAX_NODES):
            if not below:
                return
            node = below.pop()
            if node is not None:
                yield node
                below.extend(reversed(node.children))

    def apply(self, mutation: dict[str, Any]) -> None:
        """Bring the mirror up to date: removals, then additions, texts and attributes, as a replayer does."""
        for removal in as_list(mutation.get("removes")):
            self._prune(self.get(as_dict(removal).get("id")))
        self._add_all([as_dict(addition) for addition in as_list(mutation.get("adds"))])
        for change in as_list(mutation.get("texts")):
            node = self.get(as_dict(change).get("id"))
            if node is not None:
                node.text = as_text(change.get("value"))[:_TEXT_KEPT]
        for change in as_list(mutation.get("attributes")):
            node = self.get(as_dict(change).get("id"))
            if node is not None:
                self._set(node, as_dict(change.get("attributes")))

    def _add_all(self, additions: list[dict[str, Any]]) -> None:
        # A batch may name a child before its parent: it waits until the parent is there.
        waiting: dict[int, list[dict[str, Any]]] = {}
        for addition in additions:
            ready = [addition]
            while ready:
                one = ready.pop()
                parent_id = as_id(one.get("parentId"))
                parent = self.get(parent_id)
                if parent is None:
                    if parent_id is not None:
                        waiting.setdefault(parent_id, []).append(one)
                    continue
                added = self._graft(as_dict(one.get("node")), parent, self.get(one.get("nextId")))
                if added is not None:
                    ready.extend(waiting.pop(added.id, ()))

    def _graft(self, serialized: dict[str, Any], parent: Node | None, before: Node | None) -> Node | None:
        top: Node | None = None
        below: list[tuple[Any, Node | None]] = [(serialized, parent)]
        while below and len(self._nodes) < MAX_NODES:
            source, above = below.pop()
            node = self._make(as_dict(source))
            if node is None:
                continue
            self._attach(node, above, before if top is None else None)
            top = top or node
            below.extend((child, node) for child in reversed(as_list(source.get("childNodes"))))
        return top

    def _make(self, source: dict[str, Any]) -> Node | None:
        node_id = as_id(source.get("id"))
        kind = as_id(source.get("type"))
        if node_id is None or kind not in (DOCUMENT, ELEMENT, TEXT):
            return None
        # The same id again is the same node, moved: what hung below the old one goes.
        self._prune(self._nodes.get(node_id))
        tag = as_text(source.get("tagName")).lower()[:60] or "unknown" if kind == ELEMENT else ""
        text = as_text(source.get("textContent"))[:_TEXT_KEPT] if kind == TEXT and not source.get("isStyle") else ""
        node = Node(node_id, "#document" if kind == DOCUMENT else tag, text)
        self._nodes[node_id] = node
        self._set(node, as_dict(source.get("attributes")))
        return node

    def _attach(self, node: Node, parent: Node | None, before: Node | None) -> None:
        node.parent = parent
        if parent is None:
            return
        if before is not None and before.parent is parent and len(parent.children) < _ORDERED_CHILDREN:
            parent.children.insert(parent.children.index(before), node)
        else:
            parent.children.append(node)

    def _prune(self, node: Node | None) -> None:
        if node is None:
            return
        if node.parent is not None:
            node.parent.children = [child for child in node.parent.children if child is not node]
            node.parent = None
        below = [node]
        while below:
            one = below.pop()
            if self._nodes.get(one.id) is one:
                del self._nodes[one.id]
                self._values.pop(one.id, None)
            below.extend(one.children)

    def _set(self, node: Node, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            if name == "style":
                self._set_style(node, value)
            elif name in _KEPT:
                self._mark(node, name, value)
                self._index(node, name)
        if "value" in attributes:
            self._values.pop(node.id, None)

    def _index(self, node: Node, name: str) -> None:
        if name == "id":
            self._named[node.get(name)] = node.id
        elif name == "for":
            self._labels[node.get(name)] = node.id

    def _mark(self, node: Node, name: str, value: Any) -> None:
        if value is None or value is False:
            node.attributes.pop(name, None)
        else:
            number = as_number(value)
            node.attributes[name] = f"{number:g}" if number is not None else as_text(value)[:_TEXT_KEPT]

    def _set_style(self, node: Node, style: Any) -> None:
        if isinstance(style, dict):
            # The recorder's difference of styles: `value`, `[value, priority]`, or false for removed.
            found = {name: style[name] for name in ("display", "visibility") if name in style}
        else:
            found = {"display": None, "visibility": None, **dict(_STYLE.findall(as_text(style).lower()))}
        for name, value in found.items():
            first = value[0] if isinstance(value, list) and value else value
            self._mark(node, f"style-{name}", as_text(first) or None)

    def _still(self, index: dict[str, int], key: str, attribute: str) -> Node | None:
        node = self._nodes.get(index.get(key, -1)) if key else None
        return node if node is not None and node.get(attribute) == key else None
