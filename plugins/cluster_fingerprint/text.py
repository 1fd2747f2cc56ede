"""Texts in one form, whatever wrote them."""

import re
import unicodedata
from functools import lru_cache

# What the server lets through. Input from elsewhere costs no more than this.
TEXT, EVIDENCE = 500, 4_000

_QUOTES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        "\u2026": "...",
    }
)
_TRAIL = re.compile(r"(?:^|[\s|])trail=")


def straight(text: str) -> str:
    """One form of each character and of quotes and dashes, one space between words; case stays."""
    text = text[:TEXT]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:TEXT]
    return " ".join(text.translate(_QUOTES).split())


def fold(text: str) -> str:
    """The same in one case."""
    return straight(text).casefold()


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """Letters, digits and single spaces only, without accents: what survives any spelling of a message."""
    text = unicodedata.normalize("NFKD", text[:TEXT])[: 2 * TEXT].casefold()
    kept = "".join(each if each.isalnum() else "" if unicodedata.combining(each) else " " for each in text)
    return " ".join(kept.split())


def before_trail(evidence: str) -> str:
    """Evidence without the breadcrumbs at its end, which tell what happened before rather than what failed."""
    evidence = evidence[:EVIDENCE]
    found = _TRAIL.search(evidence) if "trail=" in evidence else None
    return evidence[: found.start()] if found else evidence
