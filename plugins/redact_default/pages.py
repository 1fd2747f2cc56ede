"""Pages as rrweb writes them: trees of nodes, of which only words change."""

import re
from typing import Any

from retrospec_plugins.redact_default.attributes import clean_attributes, holds_secret
from retrospec_plugins.redact_default.keys import says_nothing
from retrospec_plugins.redact_default.marks import REDACTED
from retrospec_plugins.redact_default.texts import Source, clean_text

_ELEMENT, _TEXT, _CDATA, _COMMENT = 2, 3, 4, 5

# "selector { property:", "selector { selector", or an at-rule; a JSON text begins with its brace.
_CSS = re.compile(
    r"(?:\s|/\*(?:[^*]|\*(?!/))*+\*/)*+"
    r"(?:@(?:charset|font-face|import|keyframes|layer|media|namespace|supports)\b"
    r"|[.#:*\[>a-z][^{};]{0,4000}+\{\s*(?:[\w-]{1,64}\s*:|[.#@&:*\[>}]|/\*)[^}]*\})"
)


def looks_like_css(text: str) -> bool:
    """Whether a text whose element is unknown is a stylesheet's."""
    return bool(_CSS.match(text))


def clean_words(text: str, *, parent: str | None, secret: bool = False) -> str:
    """The text of a node without secrets.

    Args:
        text: What the node holds.
        parent: The tag of its element in lower case; None where the event does not tell.
        secret: It is what was typed into a secret field.
    """
    if parent == "style" or (parent is None and looks_like_css(text)):
        return text
    if secret:
        return text if says_nothing(text) else REDACTED
    return clean_text(text, Source.PAGE)


def clean_tree(root: Any) -> bool:
    """Replace the secrets within a serialized node and everything below it, in place.

    Args:
        root: A node of a full snapshot or of a mutation's `adds`.

    Returns:
        Whether anything was replaced.
    """
    changed = False
    # A stack, because a page may nest deeper than Python calls.
    waiting: list[tuple[Any, str | None, bool]] = [(root, None, False)]
    while waiting:
        node, parent, secret = waiting.pop()
        if not isinstance(node, dict):
            continue
        kind = node.get("type")
        if kind in (_TEXT, _CDATA, _COMMENT):
            changed |= _clean_text_node(node, "" if kind == _COMMENT else parent, secret)
            continue
        tag, attributes = str(node.get("tagName", "")).lower(), node.get("attributes")
        if kind == _ELEMENT and isinstance(attributes, dict):
            changed |= clean_attributes(tag, attributes)
            secret = tag == "textarea" and holds_secret(tag, attributes)
        children = node.get("childNodes")
        if isinstance(children, list):
            waiting.extend((child, tag, secret) for child in children)
    return changed


def _clean_text_node(node: dict[str, Any], parent: str | None, secret: bool) -> bool:
    text = node.get("textContent")
    if not isinstance(text, str) or node.get("isStyle"):
        return False
    cleaned = clean_words(text, parent=parent, secret=secret)
    if cleaned == text:
        return False
    node["textContent"] = cleaned
    return True
