"""The clustering strategy `fingerprint`: one failure has one key, whatever browser, build, language or id it wears.

Each kind of marker has its own idea of sameness, and in doubt two markers stay apart:

- `api_error`: service, method, endpoint, operation and how it failed (`requests`).
- `js_exception`: the failed expression and the function that it failed in, or the module (`exceptions`).
- `ui_no_effect`: the control and the page that it is on (`controls`).
- `validation_failed`: form, field and constraint (`fields`).

What browsers and frameworks say stands in tables: `wordings`, `constraints`, `button_words`, `path_words`, `styles`.
Every function here is pure, so the caches change nothing but the time it takes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import ClassVar

from retrospec.plugin import ClusteringStrategy, Explanation, MarkerFacts, clustering_strategy
from retrospec_plugins.cluster_fingerprint.controls import control
from retrospec_plugins.cluster_fingerprint.exceptions import exception
from retrospec_plugins.cluster_fingerprint.fields import invalid_field
from retrospec_plugins.cluster_fingerprint.paths import template
from retrospec_plugins.cluster_fingerprint.requests import request
from retrospec_plugins.cluster_fingerprint.text import TEXT, straight
from retrospec_plugins.cluster_fingerprint.values import plain

Parts = list[tuple[str, str]]


def _other(marker: MarkerFacts) -> Parts:
    """A kind of a later version: what it says, and where."""
    return [("message", plain(straight(marker.label))), ("hint", plain(straight(marker.hint[:TEXT])))]


_READERS: dict[str, Callable[[MarkerFacts], Parts]] = {
    "api_error": request,
    "js_exception": exception,
    "ui_no_effect": control,
    "validation_failed": invalid_field,
}


def describe(marker: MarkerFacts) -> Parts:
    """What two markers must have in common to be one failure: names and values, in a fixed order.

    Args:
        marker: Any marker. Texts longer than the server accepts are read as far as it would.
    """
    return _READERS.get(marker.kind, _other)(marker)


def canonical(marker: MarkerFacts, parts: Parts) -> str:
    """The text whose digest is the key. U+001F counts as a space, and no value holds one but inside."""
    return "\x1f".join((f"fingerprint {Fingerprint.version}", marker.kind, *map("=".join, parts)))


# The same failure says the same again and again. What is remembered stays below four megabytes.
_SHORT = 1_000
# Whose key depends on the page that they are on.
_OF_A_PAGE = frozenset({"ui_no_effect", "validation_failed"})


def _named(marker: MarkerFacts) -> str:
    if len(marker.hint) + len(marker.label) + len(marker.evidence) + len(marker.route) > _SHORT:
        return _key(marker, canonical(marker, describe(marker)))
    page = _page(marker.route) if marker.kind in _OF_A_PAGE else ""
    return _remembered(page, marker.kind, marker.hint, marker.label, marker.evidence)


@lru_cache(maxsize=2048)
def _page(route: str) -> str:
    """What a key depends on of a route: its template, where that is one of itself."""
    page = template(route[:TEXT])
    return page if template(page) == page else route


@lru_cache(maxsize=2048)
def _remembered(route: str, kind: str, hint: str, label: str, evidence: str) -> str:
    marker = MarkerFacts(route, kind, hint, label, evidence)
    return _key(marker, canonical(marker, describe(marker)))


def _key(marker: MarkerFacts, text: str) -> str:
    return f"{marker.kind}:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


@clustering_strategy("fingerprint", "Groups by what failed and where, across browsers, builds, languages and ids")
class Fingerprint(ClusteringStrategy):
    version: ClassVar[int] = 2

    def keys(self, markers: Sequence[MarkerFacts]) -> Sequence[str]:
        return [_named(marker) for marker in markers]

    def explain(self, marker: MarkerFacts) -> Explanation:
        parts = describe(marker)
        texts = (("label", marker.label), ("hint", marker.hint), ("evidence", marker.evidence), ("route", marker.route))
        read = tuple((f"read {name}", text[:TEXT]) for name, text in texts if text)
        text = canonical(marker, parts)
        return Explanation(_key(marker, text), tuple(parts), read, text)
