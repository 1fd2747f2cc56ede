"""Paths of pages and endpoints, with `*` for what names one thing among many."""

import re
from functools import lru_cache
from urllib.parse import unquote

from retrospec_plugins.cluster_fingerprint.path_words import (
    ACTIONS,
    COLLECTIONS,
    COUNTRIES,
    LANGUAGES,
    MARKS,
    NO_COLLECTIONS,
    STATIC,
    UNTITLED,
)
from retrospec_plugins.cluster_fingerprint.scripts import undigested
from retrospec_plugins.cluster_fingerprint.tokens import NAMES, NUMBERED, is_id, is_version

_SEPARATED = re.compile(r"[^A-Za-z0-9]+")
_LOCALE = re.compile(r"([a-z]{2})(?:[-_](?:[A-Z]{2}|[a-z]{2}|419|[A-Z][a-z]{3}))?")
_DOTTED_VERSION = re.compile(r"v\d{1,2}(?:\.\d{1,2}){1,2}|\d(?:\.\d{1,2}){1,2}")
_API_VERSION = re.compile(r"\d{1,2}|20\d\d-\d\d(?:-\d\d)?")
_REGION = re.compile(r"(?:us|eu|ap|sa|ca|me|af|cn|il|mx)-(?:gov-)?(?:north|south|east|west|central){1,2}-?\d[a-z]?")
_FILE = re.compile(r"(.+)\.([a-z][a-z0-9]{1,4}|[A-Z]{3,4})")
_BUILT = frozenset(("js", "mjs", "css", "map", "wasm"))
_VERB = re.compile(r"([^:]+):([a-zA-Z]{3,40})")
_KEYED = re.compile(r"([A-Za-z]\w*)\((.*)\)")
_CODE = re.compile(r"[A-Z]{2,12}")
_DATES = re.compile(r"/(?:19|20)\d\d/(?:0?[1-9]|1[0-2])(?:/(?:0?[1-9]|[12]\d|3[01]))?(?=/|$)")
_ABOVE_SLUGS = frozenset(("api", "rest", "www", "public", "internal", "admin", "app", "apps", "services", "web"))


def is_collection(word: str) -> bool:
    """Whether what follows a segment is likely one of many: `events`, `product`, `e`; not `settings` or `api`."""
    word = _SEPARATED.split(word)[-1] or word
    if word in COLLECTIONS:
        return True
    return len(word) > 3 and word[-1] == "s" and word[-2] not in "su" and word not in NO_COLLECTIONS


def _is_slug(words: list[str], within: str) -> bool:
    """Whether words joined by hyphens are somebody's title, and not an action or a part that the API names."""
    # Sites put their articles at the root too; nobody names a page of his own with five words.
    if len(words) > 4 and within not in UNTITLED:
        return True
    if len(words) < 2 or within in UNTITLED or not is_collection(within):
        return False
    return words[0] not in ACTIONS and MARKS.isdisjoint(words) and not STATIC.issuperset(words)


def _words(part: str, within: str) -> str:
    tokens = [token for token in _SEPARATED.split(part) if token]
    lower = part.casefold()
    if not tokens:
        return lower if lower.isalpha() and not is_collection(within) else "*"
    ids = sum(map(is_id, tokens))
    if ids:
        numbered = len(tokens) == 2 and tokens[0].casefold() in NUMBERED and len(tokens[1]) <= 2
        return lower if numbered and tokens[1].isdigit() else "*"
    if len(tokens) == 1:
        code = part in LANGUAGES or part in COUNTRIES or _CODE.fullmatch(part)
        return "*" if code and is_collection(within) else lower
    if "-" in part and _is_slug([token.casefold() for token in tokens if not is_version(token)], within):
        return "*"
    return lower if part.isascii() or not is_collection(within) else "*"


@lru_cache(maxsize=16384)
def segment(part: str, within: str = "") -> str:
    """One part of a path.

    Args:
        part: As it stands in the address, percent-encoded or not.
        within: The part before it, in lower case: below `events` words with hyphens are a title, below `api` a name.
    """
    if "%" in part:
        part = unquote(part, errors="replace")
    if _stays(part, within):
        return part.casefold()
    if part.isdigit() or _REGION.fullmatch(part) or "@" in part or " " in part or "{" in part:
        return "*"
    if verb := _VERB.fullmatch(part):
        return f"{segment(verb[1], within)}:{verb[2].casefold()}"
    if keyed := _KEYED.fullmatch(part):
        return f"{keyed[1].casefold()}({'*' if keyed[2] else ''})"
    file = _FILE.fullmatch(part)
    if not file:
        return _words(part, within)
    name = (undigested(file[1]) or "*") if file[2] in _BUILT else _words(file[1], within)
    return f"{name}.{file[2].casefold()}"


def _stays(part: str, within: str) -> bool:
    """Whether a part that may look like an id is a name or a version: `2fa`, `v2`, `1.1`, `/api/2024-04`."""
    if part.casefold() in NAMES or is_version(part) or _DOTTED_VERSION.fullmatch(part):
        return True
    return within == "api" and _API_VERSION.fullmatch(part) is not None


def _is_locale(part: str, position: int, before: str) -> bool:
    """`de`, `pt-BR` or `us` where sites put them: first, or behind what says that an API begins."""
    if position > 3 or (position and before not in _ABOVE_SLUGS and not is_version(before)):
        return False
    found = _LOCALE.fullmatch(part)
    return found is not None and (found[1] in LANGUAGES or (part in COUNTRIES and position == 0))


@lru_cache(maxsize=8192)
def template(path: str) -> str:
    """A path with `*` for ids, titles and dates, without locale, parameters and the slash at its end.

    `/de/events/lush-brew-316/seats` is `/events/*/seats`.
    """
    path = path.partition("#")[0].partition("?")[0].partition(";")[0]
    if "/20" in path or "/19" in path:
        path = _DATES.sub("/*", path)
    parts: list[str] = []
    within, locale = "", False
    for position, part in enumerate(part for part in path.rstrip(".,:!").split("/") if part):
        if not locale and len(part) in (2, 5, 6, 7) and _is_locale(part, position, parts[-1] if parts else ""):
            locale = True
            continue
        parts.append("*" if part == "*" else segment(part, within))
        within = "" if parts[-1] == "*" else part.casefold()
    return "/" + "/".join(parts)
