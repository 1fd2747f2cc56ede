"""Texts and addresses without what varies."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

# What the server lets through. Input from elsewhere costs no more than this.
TEXT, EVIDENCE = 500, 4_000

Found = re.Match[str]

_QUOTES = str.maketrans("\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb", '\'\'\'"""""')

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\ ?[ap]m)?"
_TIMESTAMP = re.compile(
    rf"""(?<![\w.])
    (?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{{0,6}},?\ )?
    (?: \d{{4}}-\d\d-\d\d | \d{{1,2}}[/.]\d{{1,2}}[/.]\d{{4}}
      | {_MONTH}\ \d{{1,2}},?\ \d{{4}} | \d{{1,2}}\ {_MONTH}\ \d{{4}} )
    (?: (?:t|,?\ ){_CLOCK}(?:\ ?(?:z|gmt|utc))?(?:[+-]\d\d:?\d\d)?(?:\ \([^()]{{1,40}}\))? )?
    (?!\w)
    | (?<![\w.:]){_CLOCK}(?![\w:])""",
    re.VERBOSE,
)
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PASSWORD = re.compile(r"(?<=//)[^\s/@?#]*@")
_DATA_URL = re.compile(r"(?<!\w)data:[\w/+.-]*[;,][^\s\"')]*")
# A bare path counts where a word begins: `and/or` and `</div>` hold none.
_ADDRESS = re.compile(
    r"""(?<!\w)(?:[a-z][a-z0-9+.-]{1,30}:)?//
    (?P<host>\[[0-9a-f:.]+\]|[^\s/:?\#"'`<>()|]*)(?::\d+)?
    (?P<path>[^\s"'`<>()|]*)
    | (?<![\w/*.<])(?P<bare>/(?![\s/])[^\s"'`<>()|]*)""",
    re.VERBOSE,
)
_HOST_AND_PORT = re.compile(r"(?<![\w.-])(localhost|(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}):\d+(?::\d+)?(?!\w)")
_OPERATION = re.compile(r"(?<![^&])(?:op|operation|operationname|action|method|cmd|command|rpc)=[a-z][a-z_.]*(?![^&])")
_VERSION = re.compile(r"v?\d{1,2}\.\d{1,2}")

_STATUS = re.compile(r"(?<![\w.,*-])([45])(\d\d)(?![\w*-]|[.,]\d)")
_OUTCOME = re.compile(r":([45])(\d\d)$")
_REASON = re.compile(r"(?<=5xx)\W{1,3}(?:internal server error|bad gateway|service unavailable|gateway time-?out)\b\)?")
_CODE = re.compile(r"\b(error ?#|error |(?:errno|code)[ :=]{1,2}#?)(\d{1,5})(?![\w.])")
_QUOTED = re.compile(r"(?<!\w)(['\"`])((?:(?!\1).){0,200})\1(?!\w)")
_IDENTIFIER = re.compile(r"[^\W\d][\w$.\[\]()-]*")

_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")
_HEX = re.compile(r"(?=[a-f]*\d|[a-f]{8})[0-9a-f]+")
_DIGITS = re.compile(r"\d+")
_WITH_DIGIT = re.compile(r"(?<![\w-])[\w-]*\d[\w-]*")
_NUMBER = re.compile(r"[\d_-]+(ms|s|sec|min|h|px|kb|mb|gb|st|nd|rd|th)?")
_DIGIT_INSIDE = re.compile(r"[a-z]\d+[a-z]")
_RUN = re.compile(r"[^\W_]+")
_STARS = re.compile(r"\*(?:[\s.,:'+-]*\*)+")

# Hexadecimal by accident: parts of paths that people name.
_NAMES = frozenset(("2d", "3d", "2fa", "e2e", "b2b", "b2c", "c2c", "d2c", "ec2"))


def fold(text: str) -> str:
    """One case, one form of each character, one space between words."""
    return _folded(text[:TEXT])


# The same defect says the same again and again, and texts are most of what a key costs: with what was said before at
# hand, a session's three keys take 14 µs instead of 60.
@lru_cache(maxsize=2048)
def _folded(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:TEXT].translate(_QUOTES)
    return " ".join(text.casefold().split())


def _run(found: Found) -> str:
    """Letters and digits within a longer word: `98238` of `seat-98238` is an id, `1` of `line-1` is not."""
    run = found[0]
    if run.isdigit():
        return "*" if len(run) > 2 else run
    if len(run) >= 6 and _HEX.fullmatch(run):
        return "*"
    return "*" if len(run) >= 10 and len(_DIGITS.findall(run)) > 1 else run


def _word(found: Found) -> str:
    """A word with a digit in it: a number with its unit, a random id, or a name that stays."""
    word = found[0]
    if number := _NUMBER.fullmatch(word):
        return "*" + (number[1] or "")
    if len(word) >= 16 and _DIGIT_INSIDE.search(word) and len(_DIGITS.findall(word)) > 1:
        return "*"
    return _RUN.sub(_run, word)


def _segment(part: str) -> str:
    """One part of a path, where a number or hexadecimal is an id however short it is."""
    if "%" in part:
        part = fold(unquote(part, errors="replace")).replace("/", "-")
    if part in _NAMES or _VERSION.fullmatch(part):
        return part
    if _HEX.fullmatch(part):
        return "*"
    return _WITH_DIGIT.sub(_word, part)


def endpoint(address: str) -> str:
    """What serves a path: `/orders/7?page=2` is `/orders/*`, `/rpc?op=save&at=7` is `/rpc?op=save`."""
    outcome = _OUTCOME.search(address)
    if outcome:
        address = address[: outcome.start()]
    path, _, query = address.partition("#")[0].partition("?")
    parts = [_segment(part) for part in path.partition(";")[0].rstrip(".,:!").split("/") if part]
    operations = sorted(_OPERATION.findall(query)) if "=" in query else []
    ending = ("?" + "&".join(operations) if operations else "") + (f":{_status(outcome)}" if outcome else "")
    return "/".join(("", *parts)) + ending


def _status(found: Found) -> str:
    # A letter beside it keeps a status from being taken for a number later on.
    return "5xx" if found[1] == "5" else f"http{found[1]}{found[2]}"


def _quoted(found: Found) -> str:
    """A property's name or an address stays, any other quoted text is a value."""
    return found[0] if "/" in found[2] or _IDENTIFIER.fullmatch(found[2]) else "*"


def _prose(text: str) -> str:
    """What stands between addresses."""
    text = _REASON.sub("", _STATUS.sub(_status, _HOST_AND_PORT.sub(r"\1", text)))
    return _WITH_DIGIT.sub(_word, _CODE.sub(r"\1n\2", text))


def _pieces(text: str) -> Iterator[str]:
    """Addresses apart from the rest: the digits in the name of a host tell services apart, and stay."""
    end = 0
    for found in _ADDRESS.finditer(text) if "/" in text else ():
        yield _prose(text[end : found.start()])
        yield (found["host"] or "") + endpoint(found["path"] or found["bare"] or "")
        end = found.end()
    yield _prose(text[end:])


@lru_cache(maxsize=2048)
def plain(text: str, *, quotes: bool = True) -> str:
    """A folded text without what varies.

    Args:
        text: As `fold` gives it.
        quotes: Keep quoted text. Without it, only the quoted names of properties are kept.
    """
    if "@" in text:
        text = _EMAIL.sub("*", _PASSWORD.sub("", text))
    if "data:" in text:
        text = _DATA_URL.sub("data:*", text)
    if _DIGITS.search(text):
        text = _UUID.sub("*", _TIMESTAMP.sub("*", text))
    text = "".join(_pieces(text))
    if not quotes:
        text = _QUOTED.sub(_quoted, text)
    return _STARS.sub("*", text).strip(" .,:;!")
