"""Texts that people wrote for people, without the values in them."""

import re

from retrospec_plugins.cluster_fingerprint.hosts import service
from retrospec_plugins.cluster_fingerprint.paths import template
from retrospec_plugins.cluster_fingerprint.scripts import script
from retrospec_plugins.cluster_fingerprint.tokens import NAMES, UUID, is_id, is_version

Found = re.Match[str]

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\ ?[ap]\.?m\.?)?"
_TIME = re.compile(
    rf"""(?<![\w.])
    (?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{{0,6}},?\ )?
    (?: \d{{4}}-\d\d-\d\d | \d{{4}}/\d\d/\d\d | \d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}
      | {_MONTH}\ \d{{1,2}}(?:st|nd|rd|th)?,?\ \d{{4}} | \d{{1,2}}\.?\ {_MONTH}\ \d{{4}} )
    (?: (?:t|,?\ (?:at\ )?){_CLOCK}(?:\ ?(?:z|gmt|utc|ce?s?t|[ep][sd]t))?(?:\ ?[+-]\d\d:?\d\d)?
        (?:\ \([^()]{{1,40}}\))? )?
    (?!\w)
    | (?<![\w.:]){_CLOCK}(?:\ ?(?:gmt|utc))?(?![\w:])""",
    re.VERBOSE | re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_URL = re.compile(
    r"(?<!\w)(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,30}):)?//(?P<host>[^\s/:?#\"'<>()|]*)(?::\d+)?(?P<path>[^\s\"'<>()|]*)"
    r"|(?<![\w/*.<~-])(?P<bare>/(?![\s/])[^\s\"'<>()|,;]*)"
)
_INLINE = re.compile(r"(?<!\w)(?:data|blob):[^\s\"')]*")
# A quoted value ends where its own kind of quote does, unless that is an apostrophe.
_QUOTED = re.compile(r"(?<!\w)(['\"])((?:(?!\1).){0,200})\1(?!\w)")
_NAME = re.compile(r"[A-Za-z_$][\w$.\[\]()-]{0,60}")
_CURRENCY = (
    r"(?:[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20aa\u0e3f]|us\$|z\u0142|kr\.?|k\u010d"
    r"|(?:usd|eur|gbp|chf|jpy|cny|inr|rub|krw|try|pln|sek|nok|dkk|czk|huf|cad|aud|nzd|brl|mxn|zar|sgd|hkd|ils|thb|aed)\b)"
)
# Beside no amount a code is one only in capitals, and where it is no word.
_CODES = re.compile(
    r"(?<![\w-])(?:USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|KRW|PLN|SEK|NOK|DKK|CZK|HUF|CAD|AUD|NZD|BRL|MXN|ZAR|SGD|HKD|ILS|THB|AED"
    r"|SAR|RON|BGN|UAH|TWD|MYR|IDR|PHP|VND|COP|CLP|ARS|EGP|NGN|KES)(?![\w-])"
)
_NUMBER = r"\d(?:[\d.,'_\u202f\u00a0]*\d)?(?:e[+-]?\d+)?"
_AMOUNT = re.compile(
    rf"(?:(?<!\w){_CURRENCY}\ ?)?(?<![\w\u2116])(?<!\w[-_])#?[+-]?{_NUMBER}(?:\ ?{_CURRENCY})?"
    r"(?:\ ?(?:%|ms|sec|secs|seconds?|minutes?|mins?|hours?|hrs?|days?|bytes|px|[kmgt]i?b|[smhd])(?!\w))?"
    r"(?![\w*]|[-_]\w)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(error ?#|error |errno[ :=]{1,2}|code[ :=]{1,2}#?|status(?: code)?(?: of)?[ :=]{1,2}|http[ /]|exit code )"
    r"(\d{1,5})(?![\w.])",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?<![\w*\u2116-])#?[\w-][\w=+~%-]*")
# Not `{0}` or `[cart]`, which are names; a page fills what is left of the message.
_OPENING = re.compile(
    r"(?<=.)(?:\{(?=\s*[\"'\w]+\s*:|\s*$)|\[(?=\s*[\"'{\d[])|<(?=!doctype|html|\?xml|!--))", re.IGNORECASE
)
_RANGE = re.compile(r"[\d_-]+")
_RUNS = re.compile(r"[^A-Za-z0-9]+")
_STARS = re.compile(r"\*(?:[\s.,:'+/&x-]*\*)+")
_PLURAL = re.compile(r"(?<=\* )([a-z]{3,24}?)(ies|(?<=[sxz])es|(?<=[cs]h)es|s)(?![\w*])")


def _quoted(found: Found) -> str:
    inner = found[2]
    return found[0] if "/" in inner or (_NAME.fullmatch(inner) and not _random(inner)) else "*"


def _url(found: Found) -> str:
    if found["bare"]:
        return template(found["bare"])
    name = script(found["path"])
    return name or f"{service(found['host'])}{template(found['path']).rstrip('/')}"


def _random(word: str) -> bool:
    return any(is_id(run) and not (run.isdigit() and len(run) < 3) for run in _RUNS.split(word) if run)


def _word(found: Found) -> str:
    word = found[0]
    if word.isalpha():
        return "*" if word.isascii() and len(word) > 5 and is_id(word) else word
    if _RANGE.fullmatch(word):
        return "*" if any(map(str.isdigit, word)) else word
    if word.casefold() in NAMES or is_version(word):
        return word
    return "*" if _random(word) else word


def _code(found: Found) -> str:
    """Codes are names; those of servers that failed are one name."""
    # U+2116, which no text holds by now, keeps it from being taken for a number.
    code = "5xx" if found[2][0] == "5" and len(found[2]) == 3 else f"\u2116{found[2]}"
    return found[1] + code


def _without_snippet(text: str) -> str:
    """JSON, lists and markup within a message are values, and so is what is left of them where it was cut off."""
    opening = _OPENING.search(text)
    if not opening:
        return text
    start, closing = opening.start(), {"{": "}", "[": "]"}.get(opening[0][0], "")
    end = text.rfind(closing) if closing else -1
    return f"{text[:start]}*{text[end + 1 :] if end > start else ''}"


def plain(text: str) -> str:
    """A text in one case, with `*` for values: dates, amounts, ids, quoted words, e-mail and other addresses, JSON.

    Args:
        text: As `straight` gives it, its own case kept: that tells random ids from words.
    """
    if "{" in text or "[" in text or "<" in text:
        text = _without_snippet(text)
    if "@" in text:
        text = _EMAIL.sub("*", text)
    if ":" in text:
        text = _INLINE.sub("*", text)
    if "/" in text:
        text = _URL.sub(_url, text)
    if "'" in text or '"' in text:
        text = _QUOTED.sub(_quoted, text)
    text = _CODES.sub("*", _CODE.sub(_code, UUID.sub("*", text)))
    text = _AMOUNT.sub("*", _TIME.sub("*", text))
    text = _STARS.sub("*", _WORD.sub(_word, text)).casefold()
    return _PLURAL.sub(_singular, text).strip(" .,:;!*-") or "*"


def _singular(found: Found) -> str:
    return found[1] + ("y" if found[2] == "ies" else "")
