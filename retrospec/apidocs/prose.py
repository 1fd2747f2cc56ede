"""Docstrings and JSON as HTML."""

import json
import re
from collections.abc import Iterator
from typing import Any

from html5tagger import Builder, E

_CODE = re.compile(r"`([^`]+)`")
_TOKEN = re.compile(
    r'(?P<name>"(?:\\.|[^"\\])*"(?=:))|(?P<text>"(?:\\.|[^"\\])*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>true|false|null)"
)


def inline(text: str) -> Builder:
    """A text with its `code` marked as such."""
    line = E("")
    for number, part in enumerate(_CODE.split(text)):
        line = line.code(part) if number % 2 else line(part)
    return line


def paragraphs(text: str) -> Builder:
    """Paragraphs, and lists whose lines begin with `- `, with empty lines between them."""
    shown = E("")
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("- "):
            items = (" ".join(item.split()) for item in re.split(r"^- ", block, flags=re.M)[1:])
            shown = shown.ul(*(E.li(inline(item)) for item in items))
        elif block:
            shown = shown.p(inline(" ".join(block.split())))
    return shown


def json_text(value: Any) -> str:
    """A value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def json_block(value: Any) -> Builder:
    """A value as indented JSON, its tokens marked for the style sheet."""
    return E.pre(E.code(*_marked(json_text(value))))


def _marked(text: str) -> Iterator[Builder | str]:
    end = 0
    for token in _TOKEN.finditer(text):
        yield text[end : token.start()]
        yield E.span(token[0], class_=f"json-{token.lastgroup}")
        end = token.end()
    yield text[end:]
