"""Secrets that show by the name before them: `token=abc`, `"password": "x"`, `Cookie: a=b; c=d`."""

import re
from collections.abc import Iterator
from enum import Enum

from retrospec_plugins.redact_default.keys import is_common_word, looks_opaque, looks_secret, says_nothing, words
from retrospec_plugins.redact_default.marks import REDACTED


class Source(Enum):
    """Where a text comes from, which says how much of a sentence may be taken for a secret."""

    DATA = "written by programs: logs, bodies, headers"
    PAGE = "read by people: what a page shows"
    ADDRESS = "a URL: only parameters have names"


# What each alternative of _NAME begins with. Looking for literals takes 0.5 ms a megabyte each; letting `re` try all
# alternatives at every character takes 300 ms, with the interpreter's lock held.
_BEGINNINGS = words(
    "access amz api auth bearer card cc cookie credential csrf cvc cvv encryption goog jwt one otp pass private pwd"
    " secret security sess sid signing social ssn subscription token xsrf"
)
# Something of each name that `looks_secret` may accept. The rest of the name is taken possessively and bounded,
# and a search goes on behind it: linear, whatever stands there.
_NAME = re.compile(
    r"""(?ix)
    (?:pass(?:w|phrase|code|(?![a-z])) | pwd | secret | token | auth(?:orization|(?![a-z])) | bearer | cookie
     | credential | (?:api|access|private|encryption|signing|subscription)[ _.-]?key | sess(?:ion)?[ _.-]?id
     | jwt | [cx]srf | cvv | cvc | (?:card|cc)[ _.-]?num | security[ _.-]?code | cc.csc | one.time.code
     | (?:amz|goog).signature | social.security | sid | otp | ssn )
    (?:[\w.\[\]-]|%5[bd]){0,48}+
    (?: (?P<quote>\\{0,16}+["'`]|%22)? \]? (?P<space>[\ \t]{0,8}+)
        (?P<sign>=(?:>|={0,2}+)|:=?(?!:)|%3[ad]) [\ \t]{0,8}+ (?:%22)?+ )?
    """
)
_NO_WORD = re.compile(r"(?:%[0-9A-Fa-f]{2}|[^\w-])+")
_BEFORE = re.compile(r"[\w.\[\]-]*\Z")
_QUOTED = re.compile(
    r"""(?x) (?P<open>\\{0,16}+(?P<mark>["'`]))
    (?: (?<=\\.) (?P<nested>[^\n]*?) (?<!\\)(?P=open) | (?<!\\.) (?P<plain>(?:(?!(?P=mark))[^\\\n]|\\.)*+)(?P=mark) )"""
)
_CUT_OFF = re.compile(r'\\{0,16}+"(?P<plain>[^\n]+)')
_SCHEME = r"(?:(?:bearer|basic|token|digest|negotiate|apikey)(?: |%20|\+){1,4})?"
_PARAMETER = re.compile(_SCHEME + r"(?:(?!%26|%22)[^\s&;#\"'`<>\\])+", re.IGNORECASE)
_WORD = re.compile(_SCHEME + r"[^\s,;&\"'`<>\\{}\[\]()]+", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n\"'`\\]+")
_HEADER = re.compile(r"(?i)(?:authorization|cookie2?)$")
_PROSE = words(
    "a an any are at boolean cannot contains does enter expected expired failed for forgot has have in incorrect"
    " invalid is minimum missing must needs never no not number of please required should show string that the this"
    " to too undefined unknown use was we will with wrong you your"
)


def _named(text: str, found: re.Match[str], done: int) -> str:
    """The whole name that ends at the sign, or nothing where the words only look like one."""
    head = text[max(done, found.start() - 48) : found.start()]
    before = _BEFORE.search(head)
    begun = before[0] if before else ""
    # "Unexpected token = in JSON" is what JavaScript says of a syntax error; "//token.example.com:8080" is a host.
    if head.lower().endswith("unexpected ") or (found["sign"][0] == ":" and head.endswith("/" + begun)):
        return ""
    return _NO_WORD.sub(" ", begun + text[found.start() : found.start("sign")]).strip()


def _bare(text: str, found: re.Match[str], name: str, source: Source) -> tuple[int, int] | None:
    """Where a value without quotes lies."""
    at, parameter = found.end(), found["sign"][0] != ":"
    if source is Source.ADDRESS and not parameter:
        return None
    value = (_PARAMETER if parameter else _WORD).match(text, at)
    if not value:
        return None
    bare = value[0].rstrip(",.)")
    if _is_sentence(bare, found, name, source):
        return None
    if not parameter and _HEADER.search(name) and (line := _LINE.match(text, at)):
        return line.span()
    return at, at + len(bare)


def _is_sentence(bare: str, found: re.Match[str], name: str, source: Source) -> bool:
    """Whether the word behind the sign goes on a sentence ("Password: must have 8 characters")."""
    colon = found["sign"][0] == ":"
    if colon and bare.rstrip("!").lower() in _PROSE:
        return True
    careful = source is Source.PAGE and (colon or bool(found["space"]))
    if not careful and not (colon and is_common_word(name)):
        return False
    return "=" not in bare and not looks_opaque(bare.rpartition(" ")[2])


def _value(text: str, found: re.Match[str], name: str, source: Source) -> tuple[int, int] | None:
    """Where the value of a name lies in the text."""
    if quoted := _QUOTED.match(text, found.end()):
        return quoted.span("plain" if quoted["plain"] is not None else "nested")
    if source is Source.DATA and (cut := _CUT_OFF.match(text, found.end())):
        return cut.span("plain")
    return _bare(text, found, name, source)


def _beginnings(text: str) -> list[int]:
    """Where a name may begin, in order."""
    # The one capital whose small form is longer would shift every place behind it.
    folded = text.replace("\u0130", "I").lower()
    present = [beginning for beginning in _BEGINNINGS if beginning in folded]
    return sorted({found.start() for beginning in present for found in re.finditer(beginning, folded)})


def _pieces(text: str, source: Source) -> Iterator[str]:
    done = at = 0
    for beginning in _beginnings(text):
        found = _NAME.match(text, beginning) if beginning >= at else None
        if found is None:
            continue
        at = found.end()
        name = _named(text, found, done) if found["sign"] else ""
        span = _value(text, found, name, source) if looks_secret(name) else None
        if span is None or says_nothing(text[slice(*span)]):
            continue
        # A number of a JSON text needs quotes once it is words.
        marks = found["quote"] or "" if text[span[0] - 1] not in "\"'`" else ""
        yield text[done : span[0]]
        yield marks + REDACTED + marks if text[slice(*span)].isdigit() else REDACTED
        done = at = span[1]
    yield text[done:]


def without_named(text: str, source: Source) -> str:
    """The text with the values behind secret names replaced; the names stay."""
    return "".join(_pieces(text, source))
