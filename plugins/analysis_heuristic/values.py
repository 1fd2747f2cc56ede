"""Reading values that may be of any type, and saying what a typed value looks like without saying what it is."""

import math
import re
from typing import Any

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# What the recorder or the server put in a value's place.
_MASK = re.compile(r"\*+|•+|[\[<({]*(redacted|masked|filtered|email|card)[\])>}]+", re.IGNORECASE)
_SHAPES = (
    ("letters", str.isalpha),
    ("digits", str.isdigit),
    ("spaces", str.isspace),
    ("hyphens", "-‐–".__contains__),  # noqa: RUF001 the dashes that people type
    ("dots", ".".__contains__),
    ("slashes", "/".__contains__),
    ("an @", "@".__contains__),
)


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def as_number(value: Any) -> float | None:
    """A finite number that a time or a status can be; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e15 < value < 1e15 and math.isfinite(value) else None


def as_id(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def one_line(text: str, limit: int = 160) -> str:
    """The text without line breaks, control characters and half characters, cut to `limit`."""
    line = _SURROGATE.sub("", _BLANK.sub(" ", text[: limit * 8])).strip()
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def is_masked(value: str) -> bool:
    return bool(value) and _MASK.fullmatch(value) is not None


def shape(value: str) -> str:
    """How a value looks, e.g. `8 characters: letters, digits and hyphens`. Never the value."""
    if not value:
        return "empty"
    length = "1 character" if len(value) == 1 else f"{len(value)} characters"
    if is_masked(value):
        return "masked in the recording"
    kinds = [name for name, belongs in _SHAPES if any(belongs(letter) for letter in value)]
    if any(not any(belongs(letter) for _, belongs in _SHAPES) for letter in value):
        kinds.append("other signs")
    return f"{length}: {joined(kinds)}"


def joined(parts: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
