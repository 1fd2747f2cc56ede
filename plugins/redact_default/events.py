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
# rrweb's own fields; recorders add more beside them.
_OWN = frozenset({"data", "delay", "timestamp", "type"})
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
    changed = _clean_some(event, event.keys() - _OWN)
    return _clean_fields(event.get("type"), data) or changed


def _clean_fields(kind: Any, data: Fields) -> bool:
    source = data.get("source") if kind == _INCREMENTAL else None
    if kind == _INCREMENTAL and isinstance(source, int) and source in _LITERAL:
        return False
    if kind == _FULL_SNAPSHOT:
        return clean_tree(data.get("node"))
    if kind == _META:
        return _put(data, "href", lambda url: clean_text(url, Source.ADDRESS))
    if isinstance(source, int) and source in _BY_SOURCE:
        return _BY_SOURCE[source](data)
    if kind in (_CUSTOM, _PLUGIN):
        return _clean_some(data, ["payload"])
    return clean_data(data)


def _clean_some(fields: Fields, names: Iterable[str]) -> bool:
    """Clean the fields of these names as plain data."""
    some = {name: fields[name] for name in names if name in fields}
    changed = clean_data(some)
    fields.update(some)
    return changed
