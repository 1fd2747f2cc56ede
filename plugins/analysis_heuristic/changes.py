"""What one mutation of the page meant to somebody who looked at it."""

from typing import Any

from retrospec_plugins.analysis_heuristic.dom import Mirror, Node
from retrospec_plugins.analysis_heuristic.happenings import Change
from retrospec_plugins.analysis_heuristic.naming import (
    Element,
    describe,
    is_control,
    is_disabled,
    is_hidden,
    is_typed_text,
    text_of,
)
from retrospec_plugins.analysis_heuristic.page import is_message
from retrospec_plugins.analysis_heuristic.values import as_dict, as_id, as_list

MAX_TEXTS, MAX_TARGETS = 6, 300
_COSMETIC = frozenset(("class", "style"))
_SWITCHES = frozenset(("disabled", "aria-disabled"))
_SHOWING = frozenset(("hidden", "style", "class", "open", "aria-hidden"))


def apply_mutation(mirror: Mirror, mutation: dict[str, Any], at: float) -> Change | None:
    """Bring the mirror up to date and say what changed; None if only what the visitor writes did."""
    entries = _Entries(mutation)
    hidden_before, gone = entries.hidden(mirror), entries.gone(mirror)
    mirror.apply(mutation)
    targets = entries.targets(mirror)
    if not targets:
        return None
    return Change(
        at=at,
        targets=frozenset(targets),
        texts=tuple(one for one in entries.appeared(mirror, hidden_before) if one[1] not in gone)[:MAX_TEXTS],
        disabled=tuple(entries.disabled(mirror)),
        enabled=frozenset(entries.enabled(mirror)),
        cosmetic=entries.cosmetic,
    )


class _Entries:
    """One mutation event, taken apart."""

    def __init__(self, mutation: dict[str, Any]) -> None:
        self._added = [as_dict(one) for one in as_list(mutation.get("adds"))]
        self._removed = [as_dict(one) for one in as_list(mutation.get("removes"))]
        self._texts = [as_dict(one).get("id") for one in as_list(mutation.get("texts"))]
        attributes = [as_dict(one) for one in as_list(mutation.get("attributes"))]
        self._attributes = [(one.get("id"), as_dict(one.get("attributes"))) for one in attributes]
        only_looks = all(names.keys() <= _COSMETIC for _, names in self._attributes)
        self.cosmetic = only_looks and not (self._added or self._removed or self._texts)

    def hidden(self, mirror: Mirror) -> frozenset[int]:
        """Those whose attributes change and that are not shown yet."""
        nodes = (mirror.get(node_id) for node_id, names in self._attributes if names.keys() & _SHOWING)
        return frozenset(node.id for node in nodes if node is not None and is_hidden(node))

    def gone(self, mirror: Mirror) -> frozenset[str]:
        """Texts that go away; one that comes back at once was only drawn again."""
        ids = [*(one.get("id") for one in self._removed), *self._texts]
        nodes = (mirror.get(node_id) for node_id in ids[: MAX_TEXTS * 5])
        return frozenset(text_of(node, 120) for node in nodes if node is not None)

    def changed(self, mirror: Mirror) -> list[tuple[Node, dict[str, Any]]]:
        pairs = ((mirror.get(node_id), names) for node_id, names in self._attributes)
        return [(node, names) for node, names in pairs if node is not None]

    def targets(self, mirror: Mirror) -> set[int]:
        """What was touched, leaving out what the visitor writes in place."""
        found = {as_id(one.get("parentId")) for one in (*self._added, *self._removed)}
        for node in (mirror.get(node_id) for node_id in self._texts):
            found.add(node.parent.id if node is not None and node.parent is not None else None)
        found.update(node.id for node, _ in self.changed(mirror))
        nodes = (mirror.get(node_id) for node_id in list(found)[:MAX_TARGETS])
        return {node.id for node in nodes if node is not None and not is_typed_text(node)}

    def disabled(self, mirror: Mirror) -> list[Element]:
        off = [node for node in self._switched(mirror) if is_control(node) and is_disabled(node)]
        return [describe(mirror, node) for node in off[:MAX_TEXTS]]

    def enabled(self, mirror: Mirror) -> list[int]:
        return [node.id for node in self._switched(mirror) if not is_disabled(node)]

    def _switched(self, mirror: Mirror) -> list[Node]:
        return [node for node, names in self.changed(mirror) if names.keys() & _SWITCHES]

    def appeared(self, mirror: Mirror, hidden_before: frozenset[int]) -> list[tuple[int, str]]:
        """Texts that were not to be seen before, each with the node it stands in."""
        nodes = [*self._new_tops(mirror), *self._new_texts(mirror)]
        for node, names in self.changed(mirror):
            shown_now = node.id in hidden_before and not is_hidden(node)
            if shown_now or ("class" in names and is_message(node) and not is_hidden(node)):
                nodes.append(node)
        texts: list[tuple[int, str]] = []
        for node in nodes[: MAX_TEXTS * 5]:
            text = "" if is_hidden(node) or is_typed_text(node) else text_of(node, 120)
            if text and all(text not in told for _, told in texts):
                texts.append((node.id, text))
        # A message says more than the rest of what appeared with it.
        return sorted(texts, key=lambda one: not _tells(mirror, one[0]))

    def _new_tops(self, mirror: Mirror) -> list[Node]:
        ids = {as_id(as_dict(one.get("node")).get("id")) for one in self._added}
        tops = (mirror.get(as_dict(one.get("node")).get("id")) for one in self._added if one.get("parentId") not in ids)
        return [self._with_text(node) for node in tops if node is not None]

    def _new_texts(self, mirror: Mirror) -> list[Node]:
        return [self._with_text(node) for node in map(mirror.get, self._texts) if node is not None]

    def _with_text(self, node: Node) -> Node:
        return node.parent if node.tag == "" and node.parent is not None else node


def _tells(mirror: Mirror, node_id: int) -> bool:
    node = mirror.get(node_id)
    return node is not None and is_message(node)


def touched(node_id: Any, at: float) -> Change | None:
    """Something else than the document changed at a node: a film started, a drawing was drawn."""
    known = as_id(node_id)
    return None if known is None else Change(at, frozenset((known,)))
