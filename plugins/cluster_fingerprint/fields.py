"""Fields that keep a form from being sent: which field of which form, and which constraint."""

import re
from functools import lru_cache

from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint.constraints import constraint
from retrospec_plugins.cluster_fingerprint.controls import name, selected
from retrospec_plugins.cluster_fingerprint.paths import template
from retrospec_plugins.cluster_fingerprint.tables import words
from retrospec_plugins.cluster_fingerprint.text import TEXT, bare, straight
from retrospec_plugins.cluster_fingerprint.tokens import UUID, is_id
from retrospec_plugins.cluster_fingerprint.values import plain

Parts = list[tuple[str, str]]

_BLOCKED = re.compile(r"(?P<field>[^\s():][^():]{0,120}?)\s*(?:\((?P<message>.*)\)?|:\s+(?P<after>.+))$", re.DOTALL)
_PREFIX = re.compile(r"[^():]{0,80}:\s+(?=\S)")
_HINT_ID = re.compile(r"(?:^|[:-])(?:id|name|test):((?:(?!-(?:id|name|test|class|type):)[^:])+)")
_HINT_FORM = re.compile(r"(?:^|[:-])form(?:-id)?:([\w-]{1,60})")
_INDEX = re.compile(r"\[(?:\d+|[0-9a-fA-F-]{8,})\]|(?<=[._-])\d+(?=[._-])|(?<=[a-z])\d+(?=[._\[])")
_JOINTS = re.compile(r"[^A-Za-z0-9\u0080-\uffff]+")
# What is written otherwise is the caption of a field, in the visitor's language.
_NAME = re.compile(r"[A-Za-z_$][\w$.:\[\]-]*", re.ASCII)
_NAMELESS = frozenset(("", "unknown", "field", "input", "undefined", "null", "unnamed", "select", "textarea", "*"))
# `address-2` is another field than `address-1`; `guest-2` is the same field of another guest.
_NUMBERED = words("""
    address addr line street adresse phone tel email mail name question answer option password contact choice
""")


@lru_cache(maxsize=2048)
def field(value: str) -> str:
    """A field's name in one form, with `*` for what counts rows: `guests-*-name` of `guests[2].name`."""
    words: list[str] = []
    for word in _JOINTS.split(_INDEX.sub(".0.", UUID.sub(".0.", value))):
        if not word:
            continue
        lower = word.casefold()
        counts = lower.isdigit() and not (len(lower) == 1 and lower != "0" and words and words[-1] in _NUMBERED)
        words.append("*" if counts or (word.isascii() and not lower.isdigit() and is_id(word)) else lower)
    return "-".join(words)


def _broken(message: str) -> str:
    """The constraint, or what the site itself says about it."""
    return constraint(bare(message)) or plain(straight(message))


def _selected(hint: str) -> str:
    """The field that a CSS selector leads to."""
    located = {} if "/" in hint else selected(hint)
    return field(located.get("name") or located.get("id") or "")


def invalid_field(marker: MarkerFacts) -> Parts:
    """Form, field and constraint."""
    label, hint = straight(marker.label), marker.hint[:TEXT].removeprefix(f"{marker.kind}:")
    said = label[prefix.end() :] if (prefix := _PREFIX.match(label)) else label
    form = ("form", template(marker.route[:TEXT]))
    if named := _HINT_FORM.search(hint):
        form = ("form", name(named[1]))
    found = _BLOCKED.match(said)
    which = field(found["field"]) if found else ""
    if (which in _NAMELESS or (found and not _NAME.fullmatch(found["field"]))) and (hinted := _HINT_ID.search(hint)):
        which = field(hinted[1])
    if not found:
        which = which or _selected(hint)
        if which:
            return [form, ("field", which), ("constraint", _broken(label))]
        return [form, ("field", ""), ("message", plain(label)), ("hint", "" if label else plain(straight(hint)))]
    message = (found["message"] or found["after"] or "").removesuffix(")")
    return [form, ("field", which), ("constraint", _broken(message))]
