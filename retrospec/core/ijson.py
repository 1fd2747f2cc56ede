"""JSON that means the same everywhere: I-JSON (RFC 7493) without U+0000.

Two parsers may disagree about duplicate names, NaN or half a surrogate pair, and PostgreSQL's jsonb
refuses U+0000. Such a body gets 400 on every database, and nothing of it is stored.
"""

import json
import math
import re
from typing import Any, NoReturn, TypeVar

import msgspec

from retrospec.core.errors import InvalidPayload

Shape = TypeVar("Shape")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

# An escaped surrogate or NUL behind an even number of backslashes. Pairs are matched first, whole.
_ESCAPES = re.compile(
    rb"\\(?:u(?:([dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}|([dD][89a-fA-F][0-9a-fA-F]{2})|(0000))|.)",
    re.S,
)
_INTEGERS = 2.0**63
_SUSPECT = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
# A tree of 50 MB takes 500: what is larger is checked without building it.
_SMALL = 256 * 1024
# A number of fewer digits is within IEEE 754 doubles.
_LONG = 309
# To find a run of digits by a regex took 0.45 s for 50 MB, this 0.05 s.
_DIGITS = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_MANY_DIGITS = b"0" * _LONG


def decode(body: bytes, shape: type[Shape]) -> Shape:
    """Check a body and decode it into its shape.

    Args:
        body: UTF-8 JSON.
        shape: A msgspec struct, or any type that msgspec knows.

    Raises:
        InvalidPayload: What is wrong, with its position or the field's path.
    """
    check(body)
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as mistake:
        raise InvalidPayload(str(mistake)) from mistake


def check(body: bytes) -> None:
    """Refuse JSON that parsers may read differently.

    Args:
        body: One JSON value in UTF-8.

    Raises:
        InvalidPayload: It is malformed, repeats a name in an object, holds NaN, an infinity, a number
            outside IEEE 754 doubles, U+0000 or half a surrogate pair, or is nested too deeply.
    """
    if not _is_good(body):
        check_closely(body)


def check_closely(body: bytes) -> None:
    """As `check`, without its short cut.

    Raises:
        InvalidPayload: What is wrong, and where.
    """
    check_text(body)
    try:
        json.loads(
            body.decode(),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except RecursionError as mistake:
        raise InvalidPayload("nested too deeply") from mistake
    except json.JSONDecodeError as mistake:
        raise InvalidPayload(f"{mistake.msg} (byte {len(mistake.doc[: mistake.pos].encode())})") from mistake
    except UnicodeDecodeError as mistake:
        raise InvalidPayload(f"not UTF-8 (byte {mistake.start})") from mistake
    except ValueError as mistake:
        raise InvalidPayload(str(mistake)) from mistake


def _is_good(body: bytes) -> bool:
    """Whether msgspec shows at once that nothing is wrong with a body: a third of what it costs to look for it.

    msgspec refuses what is refused here, but for U+0000, long integers and names that stand twice: of these it keeps
    the last. Encoded again such an object has fewer colons; those inside of texts stay, where none came from a `\\u`.
    """
    if len(body) > _SMALL or (b"\\" in body and b"\\u" in body):
        return False
    try:
        again = _encode(_decode(body))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    if again.count(b":") != body.count(b":"):
        return False
    return len(body) < _LONG or _MANY_DIGITS not in body.translate(_DIGITS)


def check_text(body: bytes) -> None:
    """Refuse escapes that stand for U+0000 or for half a surrogate pair.

    Raises:
        InvalidPayload: Which of them, and where.
    """
    if not _SUSPECT.search(body):
        return
    for escape in _ESCAPES.finditer(body):
        if escape[2]:
            raise InvalidPayload(f"half a surrogate pair (byte {escape.start()})")
        if escape[3]:
            raise InvalidPayload(f"U+0000 in a text (byte {escape.start()})")


def steady(value: Any) -> Any:
    """A decoded value as both databases give it back.

    PostgreSQL keeps a number's digits and not its form: 5e16 comes back as an integer, and -0.0 as 0. So whole
    numbers are made integers before they are stored, as far as these reach.
    """
    match value:
        case float() if value.is_integer() and abs(value) < _INTEGERS:
            return int(value)
        case dict():
            return {name: steady(inner) for name, inner in value.items()}
        case list():
            return [steady(inner) for inner in value]
    return value


def _unique(pairs: list[tuple[str, Any]]) -> None:
    """Refuse a name that stands twice. Objects become None: nobody looks at them, and a tree of 50 MB takes 500."""
    if len(dict(pairs)) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {twice[:100]!r} stands twice in one object")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:40]}… is too large")
    return number


def _integer(digits: str) -> float:
    # Through float: int() is quadratic in the number of digits, and refuses more than 4,300.
    return _finite(digits)
