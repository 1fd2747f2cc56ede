"""Where in the site's code an error was thrown, from stacks of V8, SpiderMonkey and JavaScriptCore cut off anywhere."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from retrospec_plugins.cluster_fingerprint.letters import SHORT_WORDS
from retrospec_plugins.cluster_fingerprint.scripts import EXTENSION, script

_AT = r"(?:[a-z][a-z0-9+.-]{1,30}:)?/{1,3}[^\s()|]+|(?:webpack-internal|webpack|blob|file|node|app):[^\s()|]+"
FRAME = re.compile(
    rf"""(?<!\S)at\ (?:async\ |new\ |get\ |set\ |static\ )*
        (?P<v8>[^\s()@|]+)(?:\ \[as\ [^\]\s]{{1,80}}\])?\ \((?P<v8_at>{_AT}|<anonymous>|native|index\ \d+|eval\ at\ )?
    | (?<!\S)at\ (?:async\ )?(?P<nameless_at>[a-z][a-z0-9+.-]{{1,30}}:[^\s()|]+:\d+)
    | (?<![^\s|])(?P<gecko>[^\s@|()]*)(?:\ (?:handler|callback)\*[^\s@|()]*)?@(?P<gecko_at>{_AT})""",
    re.VERBOSE,
)
_LEADING = re.compile(rf"\s*(?P<at>{_AT}):\d+:\d+(?=\s|$)")
_VENDOR = re.compile(
    r"/node_modules/|[/~._-](?:vendors?|polyfills?|node_modules|third[-_]?party|libs?)[~._-]"
    r"|/(?:react(?:-dom)?|vue|jquery|lodash|angular|zone|core-js|preact|axios|rxjs|sentry|bootstrap)"
    r"(?:[.-](?:runtime|global|esm|cjs|umd|client|browser|slim|production|development))*"
    r"(?:[.-]?\d[\d.]*)?(?:[.-]min)?\.m?js|webpack/(?:bootstrap|runtime)|/(?:vendors?|polyfills?)\.js",
    re.IGNORECASE,
)
_BROWSER = ("<anony", "native", "index ")
# An address that is cut off before it does not tell whose code it is.
_WHOLE = re.compile(r"\.(?:[cm]?[jt]sx?|vue|svelte|astro|wasm)(?:[?#]|$)", re.IGNORECASE)
_DEPTH = 12
_NESTED = re.compile(r"(?:/|</|<$).*")  # SpiderMonkey writes functions without a name as `load/<` or `load/this.x<`.
_PARTS = re.compile(r"[.#*\[\]]+")
_IDENTIFIER = re.compile(r"[^\W\d][\w$]*|\$[\w$]+")
_NO_NAMES = frozenset(("anonymous", "code", "default", "eval", "exports", "global", "prototype"))


class Frame(NamedTuple):
    """The function that threw, and the script that it is in; either may be empty."""

    function: str
    script: str


def function(name: str) -> str:
    """A function's own name, as every browser has it: `update` of `Form.update`, `update/<` and `async*update`.

    Nothing when there is none, or a minifier made it up: such names change with every build.
    """
    name = _NESTED.sub("", name) if "<" in name or "/" in name else name
    own = [part for part in _PARTS.split(name) if part]
    if not own or not _IDENTIFIER.fullmatch(own[-1]):
        return ""
    last = own[-1].strip("_$") or own[-1]
    return "" if minified(last) or last.casefold() in _NO_NAMES else last


def minified(name: str) -> bool:
    """Whether a minifier made a name: one or two characters, or three that are no word, as `n9e` and `Ex1`."""
    return len(name) <= 2 or (
        len(name) == 3 and not (name.isalpha() and (name.islower() or name.casefold() in SHORT_WORDS))
    )


@lru_cache(maxsize=4096)
def _is_foreign(address: str) -> bool:
    return bool(_VENDOR.search(address))


def _without_position(address: str) -> str:
    """The same place in every line and column, so that caches know it again."""
    place, _, line = address.rpartition(":")
    while line.isdigit():
        address = place
        place, _, line = address.rpartition(":")
    return address


def _frames(stack: str) -> Iterator[tuple[str, str]]:
    """Names and addresses, nearest first, without those of the browser itself."""
    if "@" not in stack and "at " not in stack:
        return
    for frame in islice(FRAME.finditer(stack), _DEPTH):
        at = frame["v8_at"] or frame["nameless_at"] or frame["gecko_at"] or ""
        if at[:6] not in _BROWSER and "[native" not in at:
            yield frame["v8"] or frame["gecko"] or "", _without_position(at)


def thrown(stack: str, hint: str) -> tuple[Frame, bool]:
    """The site's own function nearest to an error, or the very nearest; and whether an extension threw it.

    Args:
        stack: Evidence without breadcrumbs.
        hint: What the SDK knows of the place, such as the address of a script.
    """
    frames = _frames(stack)
    nearest = own = next(frames, ("", ""))
    leading = _LEADING.match(stack)
    place = leading["at"] if leading else ""
    if any(map(EXTENSION.match, (nearest[1], place, hint))):
        return Frame("", ""), True
    if _is_foreign(nearest[1]):
        own = next((frame for frame in frames if not _is_foreign(frame[1]) and _WHOLE.search(frame[1])), nearest)
    if own is not nearest:
        return Frame(function(own[0]), script(own[1])), False
    # A stack that is cut off within its first address goes on where the address is told beside it.
    whole = next((known for known in (place, hint) if own[1] and known.startswith(own[1])), own[1])
    return Frame(function(own[0]), script(whole) or script(place) or script(hint) or ""), False
