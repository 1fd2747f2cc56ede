"""Errors in scripts: the failed expression, and the function that it failed in."""

import re
from functools import lru_cache

from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint.stack import FRAME, Frame, minified, thrown
from retrospec_plugins.cluster_fingerprint.text import TEXT, before_trail, straight
from retrospec_plugins.cluster_fingerprint.tokens import is_id
from retrospec_plugins.cluster_fingerprint.values import plain
from retrospec_plugins.cluster_fingerprint.wordings import BY_FUNCTION, EVERYWHERE, WORDINGS

Parts = list[tuple[str, str]]

# How an error arrived, and its class, which some ways of arrival leave out.
_CHANNEL = re.compile(
    r"^(?:(?:uncaught|caught|\(in promise\)|unhandled(?: promise)? rejection|unhandledrejection|%c"
    r"|(?:possibly )?unhandled exception|non-error promise rejection captured with value"
    r"|error (?=\w*(?:error|exception):))(?::\s*|\s+|$)"
    r"|(?:[\w$.]{0,60}(?:error|exception|rejection)|invariant violation|\[error\]|\[object \w+\]):\s*)+",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(r"\s*(?:[-+*/%&|^]|\*\*|<<|>>>?|\?\?|&&|\|\|)?=(?!=)|\+\+|--")
_LAST_NAME = re.compile(r"([\w$]+)\W*$")
_INDEX = re.compile(r"\[(?P<quote>['\"])?(?P<name>[^\[\]]*?)(?P=quote)?\]$|\[[^\[\]]*\]$")
# Longer texts were cut somewhere else each time; so much of them is telling enough.
_TELLING, _CUT = 120, 200


def _without_call(expression: str) -> str:
    """`cart.find(a)` calls `cart.find`."""
    while expression.endswith(")"):
        depth = 0
        for at in range(len(expression) - 1, -1, -1):
            depth += {")": 1, "(": -1}.get(expression[at], 0)
            if not depth:
                break
        if at == 0 or depth:
            break
        expression = expression[:at].rstrip()
    return expression


def _last_name(expression: str) -> str:
    """The name that an expression ends in: `total` of `this.cart.total(x)`; nothing if a minifier made it up."""
    if assigned := _ASSIGNED.search(expression):
        expression = expression[: assigned.start()]
    expression = _without_call(expression.rstrip(" ;,"))
    if expression.endswith("]"):
        index = _INDEX.search(expression)
        return index["name"] if index and index["quote"] else "*"
    last = _LAST_NAME.search(expression)
    if not last or (minified(last[1]) and last.start() == 0):
        return ""
    bare = expression[: last.start()].rstrip("?.")
    return "" if len(last[1]) <= 2 and bare in ("", "new ") else last[1]


def _property(name: str) -> str:
    return "*" if name.isdigit() or (name.isalnum() and name.isascii() and len(name) > 5 and is_id(name)) else name


def _expression(kind: str, groups: dict[str, str | None]) -> str:
    parts = []
    if (name := groups.get("x")) is not None:
        parts.append(_last_name(name.removeprefix("new ")))
    if (name := groups.get("p")) is not None:
        parts.append(_property(name.strip()))
    if (name := groups.get("id")) is not None:
        parts.append("" if name.isalpha() and len(name) <= 2 and kind == "name" else name)
    if (status := groups.get("status")) is not None:
        parts.append("5xx" if status[0] == "5" else status)
    if (actual := groups.get("is")) is not None:
        parts.append(actual)
    return " ".join(part for part in parts if part)


@lru_cache(maxsize=4096)
def recognise(message: str) -> tuple[str, str] | None:
    """Kind and failed expression of a message that an engine, a browser or a framework wrote; None for any other.

    Args:
        message: In lower case, with or without what stands before it.
    """
    if channel := _CHANNEL.match(message):
        message = f"{message[channel.end() :]}\n{message}"
    for kind, needle, pattern in WORDINGS:
        if needle in message and (found := pattern.search(message)):
            return kind, _expression(kind, found.groupdict())
    return None


@lru_cache(maxsize=2048)
def _said(message: str) -> str:
    text = plain(_CHANNEL.sub("", message, count=1))
    if len(message) >= _CUT and " " in text:
        text = text.rpartition(" ")[0]
    return text if len(text) <= _TELLING else text[:_TELLING].rpartition(" ")[0] or text[:_TELLING]


def _place(frame: Frame) -> tuple[str, str]:
    return ("function", frame.function.casefold()) if frame.function else ("module", frame.script)


def exception(marker: MarkerFacts) -> Parts:
    """What was thrown, and where.

    The function is what stays the same from browser to browser and build to build. Where a minifier renamed it, or
    the stack is cut off before it, the module stands in.
    """
    label, stack = marker.label[:TEXT], before_trail(marker.evidence)
    inlined = FRAME.search(label) if "@" in label or ("at " in label and ":" in label) else None
    message = straight(label[: inlined.start()] if inlined else label)
    if inlined and not FRAME.search(stack):
        stack = label[inlined.start() :]
    frame, foreign = thrown(stack, marker.hint[:TEXT].removeprefix(f"{marker.kind}:"))
    known = recognise(message.casefold())
    if known and known[0] in EVERYWHERE:
        return [("error", " ".join(known).strip())]
    parts = [("error", known[0]), ("expression", known[1])] if known else [("message", _said(message))]
    if known and known[0] in BY_FUNCTION and frame.function:
        parts.pop()
    if foreign:
        return [("thrown by", "browser extension"), *parts]
    if known and known[0] == "react component" and known[1]:
        return parts
    return [*parts, _place(frame)]
