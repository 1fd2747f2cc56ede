"""rrweb's events: which fields of which event carry words."""

from collections.abc import Callable, Iterable
from typing import Any

from retrospec_plugins.redact_default.attributes import clean_attributes
from retrospec_plugins.redact_default.pages import clean_tree, clean_words
from retrospec_plugins.redact_default.payload import clean_data
from retrospec_plugins.redact_default.texts import Source, clean_text, clean_typed

Fields = dict[str, Any]

_FULL_SNAPSHOT, _INCREMENTAL, _META, _CUSTOM, _PLUGIN = 2, 3, 4, 5, 6
# Where a replay takes every field literally: movements, styles, fonts, media, selections.
_LITERAL = frozenset({1, 2, 3, 4, 6, 7, 8, 10, 12, 13, 14, 15, 16})
# rrweb's own fields; what a recorder adds beside them is plain data.
_OWN = frozenset({"data", "delay", "timestamp", "type"})
_OWN_OF: dict[Any, frozenset[str]] = {
    _FULL_SNAPSHOT: frozenset({"node", "initialOffset"}),
    _META: frozenset({"href", "width", "height"}),
    _CUSTOM: frozenset({"tag", "payload"}),
    _PLUGIN: frozenset({"plugin", "payload"}),
    _INCREMENTAL: frozenset(
        [
            "source",
            "type",
            "id",
            "x",
            "y",
            "pointerType",
            "positions",
            "texts",
            "attributes",
            "adds",
            "removes",
            "isAttachIframe",
            "text",
            "isChecked",
            "userTriggered",
            "width",
            "height",
            "replace",
            "replaceSync",
            "styleId",
            "set",
            "remove",
            "index",
            "family",
            "fontSource",
            "buffer",
            "descriptors",
            "ranges",
            "property",
            "args",
            "commands",
            "currentTime",
            "volume",
            "muted",
            "playbackRate",
            "loop",
            "styles",
            "styleIds",
        ]
    ),
}
_WRITES_ON_CANVAS = frozenset({"fillText", "strokeText"})


def _put(fields: Fields, name: str, clean: Callable[[str], str]) -> bool:
    """Clean the field of that name, if it is a text."""
    value = fields.get(name)
    if not isinstance(value, str) or (cleaned := clean(value)) == value:
        return False
    fields[name] = cleaned
    return True


def _each(fields: Fields, name: str) -> list[Fields]:
    entries = fields.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _mutation(data: Fields) -> bool:
    changed = False
    for change in _each(data, "texts"):
        changed |= _put(change, "value", lambda text: clean_words(text, parent=None))
    for change in _each(data, "attributes"):
        attributes = change.get("attributes")
        changed |= isinstance(attributes, dict) and clean_attributes(None, attributes)
    for change in _each(data, "adds"):
        changed |= clean_tree(change.get("node"))
    return changed


def _input(data: Fields) -> bool:
    return _put(data, "text", clean_typed)


def _canvas(data: Fields) -> bool:
    changed = False
    for command in (data, *_each(data, "commands")):
        arguments = command.get("args")
        if command.get("property") in _WRITES_ON_CANVAS and isinstance(arguments, list):
            changed |= clean_data(arguments)
    return changed


_BY_SOURCE: dict[Any, Callable[[Fields], bool]] = {0: _mutation, 5: _input, 9: _canvas}


def clean_event(event: Any) -> bool:
    """Replace the secrets within one decoded event, in place.

    Args:
        event: An rrweb event; anything else is read as plain data.

    Returns:
        Whether anything was replaced.
    """
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict):
        return isinstance(event, dict | list) and clean_data(event)
    kind = event.get("type")
    changed = _clean_some(event, event.keys() - _OWN)
    own = _OWN_OF.get(kind) if isinstance(kind, int) else None
    if own is None:
        return clean_data(data) or changed
    changed |= _clean_some(data, data.keys() - own)
    return _clean_own(kind, data) or changed


def _clean_own(kind: Any, data: Fields) -> bool:
    """Clean the fields that rrweb itself writes."""
    if kind == _FULL_SNAPSHOT:
        return clean_tree(data.get("node"))
    if kind == _META:
        return _put(data, "href", lambda url: clean_text(url, Source.ADDRESS))
    if kind in (_CUSTOM, _PLUGIN):
        return _clean_some(data, ["payload"])
    source = data.get("source")
    if not isinstance(source, int):
        return clean_data(data)
    if source in _LITERAL:
        return False
    return _BY_SOURCE[source](data) if source in _BY_SOURCE else clean_data(data)


def _clean_some(fields: Fields, names: Iterable[str]) -> bool:
    """Clean the fields of these names as plain data."""
    some = {name: fields[name] for name in names if name in fields}
    changed = clean_data(some)
    fields.update(some)
    return changed
