"""What a person would call a thing on the page."""

from collections.abc import Iterator
from dataclasses import dataclass

from retrospec_plugins.analysis_heuristic.dom import Mirror, Node
from retrospec_plugins.analysis_heuristic.values import one_line

_UNREAD = frozenset(("style", "script", "noscript", "template", "textarea", "select", "option", "head"))
_PRESSED = frozenset(("submit", "button", "reset", "image"))
_BUTTON_ROLES = frozenset(("button", "link", "tab", "menuitem", "checkbox", "radio", "switch", "option", "combobox"))
_FIELDS = frozenset(("input", "select", "textarea"))
_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Element:
    """What is worth knowing about one element at one moment, kept after the page has moved on.

    Attributes:
        node: Its id in the recording.
        what: `button`, `link`, `field`, `checkbox` …, or the tag's name.
        name: What a person reads on it; may be empty.
        selector: How an engineer finds it, e.g. `button#apply`.
        control: Whether it is made to be clicked or filled in.
        elsewhere: Whether it opens another window or a file, which a recording does not show.
        parts: Ids of the nodes between the one that was hit and this one.
    """

    node: int
    tag: str
    what: str
    name: str
    selector: str
    type: str
    href: str
    control: bool
    disabled: bool
    in_form: bool
    elsewhere: bool
    parts: frozenset[int]


def is_field(node: Node) -> bool:
    return node.tag in _FIELDS and node.get("type") not in _PRESSED | {"hidden"}


def is_hidden(node: Node) -> bool:
    """Whether the element or one around it says that it is not shown; style sheets are not consulted."""
    return any(
        one.has("hidden")
        or one.get("style-display") == "none"
        or one.get("style-visibility") == "hidden"
        or one.get("aria-hidden") == "true"
        for one in node.ancestors()
    )


def is_disabled(node: Node) -> bool:
    return node.has("disabled") or node.get("aria-disabled") == "true"


def is_typed_text(node: Node) -> bool:
    """Whether the node's text is what a visitor writes: a text area, or an element that is edited in place."""
    return any(
        one.tag == "textarea" or (one.has("contenteditable") and one.get("contenteditable") != "false")
        for one in node.ancestors()
    )


def _shown(start: Node) -> Iterator[Node]:
    """Like `Mirror.walk`, without what is hidden, not read, or written by the visitor."""
    below = [start]
    while below:
        node = below.pop()
        unseen = node.has("hidden") or node.get("style-display") == "none" or node.get("style-visibility") == "hidden"
        edited = node.has("contenteditable") and node.get("contenteditable") != "false"
        if node.tag in _UNREAD or unseen or edited:
            continue
        yield node
        below.extend(reversed(node.children))


def text_of(start: Node, limit: int = _NAME_LENGTH, until: Node | None = None) -> str:
    """The shown text within an element; with `until`, only what stands before that node."""
    parts: list[str] = []
    length = 0
    for node in _shown(start):
        if node is until or length > limit * 2:
            break
        if node.text:
            parts.append(node.text)
            length += len(node.text)
    return one_line(" ".join(parts), limit)


def name_of(mirror: Mirror, node: Node) -> str:
    """The accessible name, near enough: labels first, then what stands on it, then its hints."""
    labelled = [mirror.named(one) for one in node.get("aria-labelledby").split()]
    words = " ".join(text_of(one) for one in labelled if one is not None) or node.get("aria-label")
    if not words and is_field(node):
        words = _label_of(mirror, node) or node.get("placeholder") or node.get("title") or node.get("name")
    elif not words and node.tag == "input":
        words = node.get("value") or node.get("alt")
    elif not words:
        words = text_of(node) or node.get("alt") or node.get("title") or _picture_in(node)
    return one_line(words, _NAME_LENGTH)


def _label_of(mirror: Mirror, field: Node) -> str:
    label = mirror.label_for(field.get("id"))
    if label is None:
        label = next((one for one in field.ancestors() if one.tag == "label"), None)
    if label is None:
        return ""
    # What follows the field within its label is often its error, which is no part of the name.
    return text_of(label, until=field) or text_of(label)


def _picture_in(node: Node) -> str:
    for child in _shown(node):
        words = child.get("alt") or child.get("aria-label") or child.get("title")
        if words and child is not node:
            return words
    return ""


def control_around(node: Node) -> Node:
    """The button, link or field that a hit on `node` was meant for, or the element itself."""
    first: Node | None = None
    for one in node.ancestors():
        if one.tag in ("", "#document"):
            continue
        first = first or one
        if is_control(one):
            return one
        if one.tag in ("body", "form", "main", "html"):
            break
    return first or node


def is_control(node: Node) -> bool:
    return (
        node.tag in ("button", "summary", "option")
        or (node.tag in _FIELDS and node.get("type") != "hidden")
        or (node.tag == "a" and node.has("href"))
        or node.get("role") in _BUTTON_ROLES
        or node.has("onclick")
        or (node.has("tabindex") and node.get("tabindex") != "-1" and node.tag not in ("body", "main"))
    )


def describe(mirror: Mirror, hit: Node) -> Element:
    """Everything that is said later about the control that was hit."""
    node = control_around(hit)
    between = []
    for one in hit.ancestors():
        between.append(one.id)
        if one is node:
            break
    return Element(
        node=node.id,
        tag=node.tag,
        what=_what(node),
        name=name_of(mirror, node),
        selector=selector_of(node),
        type=node.get("type").lower(),
        href=node.get("href"),
        control=is_control(node),
        disabled=is_disabled(node),
        in_form=any(one.tag == "form" for one in node.ancestors()),
        elsewhere=node.get("target") == "_blank" or node.has("download"),
        parts=frozenset(between),
    )


def selector_of(node: Node) -> str:
    """A selector by the first attribute that tells the element from others."""
    if node.get("id"):
        return one_line(f"{node.tag}#{node.get('id')}")
    for attribute in ("data-testid", "name", "aria-label"):
        if node.get(attribute):
            return one_line(f'{node.tag}[{attribute}="{node.get(attribute)}"]')
    classes = node.get("class").split()
    return one_line(f"{node.tag}.{classes[0]}" if classes else node.tag)


def _what(node: Node) -> str:
    role, kind = node.get("role"), node.get("type").lower()
    if role in _BUTTON_ROLES:
        return role
    if node.tag == "input" and kind in _PRESSED:
        return "button"
    if node.tag == "input" and kind in ("checkbox", "radio"):
        return "checkbox" if kind == "checkbox" else "choice"
    if node.tag in ("input", "textarea"):
        return "field"
    return {"a": "link", "button": "button", "select": "list", "img": "picture", "summary": "heading"}.get(
        node.tag, f"{node.tag} element"
    )
