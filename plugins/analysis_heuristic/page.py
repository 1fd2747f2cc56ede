"""What stood on the page at one moment: its headings, its messages, its fields."""

import re
from dataclasses import dataclass

from retrospec_plugins.analysis_heuristic.dom import Mirror, Node
from retrospec_plugins.analysis_heuristic.naming import (
    Element,
    describe,
    is_disabled,
    is_field,
    is_hidden,
    text_of,
)
from retrospec_plugins.analysis_heuristic.rules import broken
from retrospec_plugins.analysis_heuristic.values import one_line, shape

MAX_FIELDS, MAX_TEXTS = 60, 8
_MESSAGE_NAME = re.compile(
    r"(^|[\s_-])(error|invalid|alert|warning|danger|toast|snackbar|failure|notice)([\s_-]|$)", re.I
)
# A part of the page that announces its changes is no message.
_WHOLE_PARTS = frozenset(
    ("html", "body", "main", "section", "article", "form", "header", "footer", "nav", "button", "a")
)
_BUSY = re.compile(
    r"^(?=.{3,60}$)(.*(\.\.\.|…)|(loading|please wait|updating|saving|processing|one moment|working).*)$", re.IGNORECASE
)
# Lists whose choice decides what other fields may hold. What is chosen was written by the page, not by the visitor.
_DECIDING = re.compile(
    r"countr|region|locale|language|currenc|\bstate\b|deliver|shipping|method|type|kind", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field, what it asks for, and what its value looks like.

    Attributes:
        rules: Its constraints as they stand in the page, e.g. `{"pattern": "[0-9]{5}"}`.
        shape: The value in words, never the value.
        breaks: The constraints that the value breaks, as the browser names them, as far as can be told.
        message: What the page says about it.
    """

    element: Element
    html_id: str
    form_name: str
    rules: dict[str, str]
    shape: str
    empty: bool
    invalid: bool
    breaks: tuple[str, ...]
    message: str
    form: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """What a person would have seen; texts are the page's own, the largest heading first."""

    title: str
    headings: tuple[str, ...]
    messages: tuple[str, ...]
    dialogs: tuple[str, ...]
    busy: tuple[str, ...]
    disabled: tuple[Element, ...]
    fields: tuple[Field, ...]
    choices: tuple[tuple[str, str], ...]


def is_message(node: Node) -> bool:
    """Whether an element is made to tell the visitor something: an alert, a status, an error below a field."""
    if is_field(node) or node.tag in _WHOLE_PARTS:
        return False
    return (
        node.get("role") in ("alert", "status", "alertdialog")
        or node.get("aria-live") in ("assertive", "polite")
        or _MESSAGE_NAME.search(f"{node.get('class')} {node.get('id')}") is not None
    )


def is_busy(text: str) -> bool:
    return _BUSY.match(text) is not None


def look(mirror: Mirror) -> Page:
    """Read the page as it stands. Costs one walk over it."""
    found: dict[str, list[Node]] = {"title": [], "heading": [], "message": [], "dialog": [], "busy": [], "off": []}
    fields: list[Node] = []
    for node in mirror.walk():
        if is_field(node) and len(fields) < MAX_FIELDS:
            fields.append(node)
        kind = _kind(node)
        if kind and len(found[kind]) < MAX_TEXTS and (kind == "title" or not is_hidden(node)):
            found[kind].append(node)
    return Page(
        title=_title(found["title"]),
        headings=_texts(sorted(found["heading"], key=lambda node: node.tag != "h1")),
        messages=_texts(found["message"]),
        dialogs=_texts(found["dialog"]),
        busy=tuple(one_line(node.text, 80) for node in found["busy"]),
        disabled=tuple(describe(mirror, node) for node in found["off"]),
        fields=tuple(_field(mirror, node) for node in fields if not is_hidden(node)),
        choices=tuple(_choice(mirror, node) for node in fields if node.tag == "select" and _decides(mirror, node)),
    )


def _kind(node: Node) -> str:
    if node.text:
        return "busy" if is_busy(node.text.strip()) and not _in_field(node) else ""
    if node.tag in ("h1", "h2", "h3") or node.get("role") == "heading":
        return "heading"
    if (node.tag == "dialog" and node.has("open")) or node.get("role") in ("dialog", "alertdialog"):
        return "dialog"
    if is_disabled(node):
        return "off"
    if is_message(node):
        return "message"
    return "title" if node.tag == "title" else ""


def _in_field(text: Node) -> bool:
    return any(one.tag in ("textarea", "select", "title", "style", "script") for one in text.ancestors())


def _title(titles: list[Node]) -> str:
    # Pictures have titles too; the page's own is the one in its head.
    own = next((node for node in titles if node.parent is not None and node.parent.tag == "head"), None)
    return one_line(" ".join(child.text for child in own.children), 120) if own else ""


def _texts(nodes: list[Node]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in (text_of(node, 120) for node in nodes) if text))


def _field(mirror: Mirror, node: Node) -> Field:
    value = mirror.value(node)
    ticked = node.get("type") in ("checkbox", "radio")
    rules = {
        name: node.get(name) for name in ("pattern", "min", "max", "minlength", "maxlength", "step") if node.has(name)
    }
    if node.has("required"):
        rules["required"] = ""
    if node.tag == "input" and node.get("type") in ("email", "url", "number", "date", "tel"):
        rules["type"] = node.get("type")
    empty = not node.has("checked") if ticked else not value
    return Field(
        element=describe(mirror, node),
        html_id=node.get("id"),
        form_name=node.get("name"),
        rules=rules,
        shape=("not ticked" if empty else "ticked") if ticked else shape(value),
        empty=empty,
        invalid=node.get("aria-invalid") not in ("", "false"),
        breaks=broken(rules, value, empty=empty),
        message=_message_for(mirror, node),
        form=next((one.id for one in node.ancestors() if one.tag == "form"), None),
    )


def _message_for(mirror: Mirror, node: Node) -> str:
    told = f"{node.get('aria-errormessage')} {node.get('aria-describedby')}".split()
    near = [one for one in (mirror.named(html_id) for html_id in told) if one is not None]
    if not near and node.parent is not None:
        near = [one for one in node.parent.children if is_message(one)]
    return next((text for text in (text_of(one, 120) for one in near if not is_hidden(one)) if text), "")


def _decides(mirror: Mirror, node: Node) -> bool:
    return _DECIDING.search(f"{node.get('name')} {node.get('id')} {describe(mirror, node).name}") is not None


def _choice(mirror: Mirror, node: Node) -> tuple[str, str]:
    """The name of a list and what is chosen in it."""
    options = [one for one in mirror.walk(node) if one.tag == "option"]
    value = mirror.value(node)
    texts = [one_line(" ".join(child.text for child in one.children), 60) for one in options]
    chosen = (
        [text for one, text in zip(options, texts, strict=True) if value and value in (one.get("value"), text)]
        or [text for one, text in zip(options, texts, strict=True) if one.has("selected")]
        or texts
    )
    return describe(mirror, node).name, chosen[0] if chosen else ""
