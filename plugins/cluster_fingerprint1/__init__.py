"""The clustering strategy `fingerprint1`: what a failure says, without what differs from visitor to visitor.

Each kind of marker has its own idea of sameness, and in doubt two markers stay apart:

- `api_error`: the label, its addresses turned into endpoints such as `api.shop.example/orders/*`.
- `js_exception`: the message, and the first own function of the stack with the file that it is in.
- `ui_no_effect` and `validation_failed`: the label and the page, since `submit` is a name on many pages.

What varies becomes `*`: dates, e-mail addresses, ids, long numbers, quoted values. Text is folded to one case and
one kind of space before that, so that patterns need not know of them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import ClassVar

from retrospec.plugin import ClusteringStrategy, Explanation, MarkerFacts, clustering_strategy
from retrospec_plugins.cluster_fingerprint1.stack import FRAME, function, own_frame, script
from retrospec_plugins.cluster_fingerprint1.text import EVIDENCE, TEXT, fold, plain

_CHANNEL = re.compile(r"^(?:(?:uncaught|\(in promise\)|unhandled (?:promise )?rejection|unhandledrejection):? )+")
_ORIGIN = re.compile(r"://([^\s/:?#]+)")
_BARE_PATH = re.compile(r"(?<!\S)/(?=\w)")
_REQUEST = re.compile(r"(?<![a-z])(get|post|put|patch|delete|head|options)[ :]+((?:https?:/)?/[^\s\"'|]*)")


def _hint(marker: MarkerFacts) -> str:
    return fold(marker.hint).removeprefix(f"{fold(marker.kind)}:")


def _api_error(marker: MarkerFacts) -> Iterator[str]:
    label, hint = fold(marker.label), _hint(marker)
    if "://" not in label and (origin := _ORIGIN.search(hint)):
        label = _BARE_PATH.sub(lambda _: f"//{origin[1]}/", label, count=1)
    yield plain(label, quotes=False)
    if "/" not in label:  # The request must be named elsewhere then, or all of one status would be alike.
        request = _REQUEST.search(hint) or _REQUEST.search(fold(marker.evidence).partition("trail=")[0])
        yield f"{request[1]} {plain(request[2])}" if request else ""


def _js_exception(marker: MarkerFacts) -> Iterator[str]:
    label, stack = marker.label[:TEXT], marker.evidence[:EVIDENCE].partition("trail=")[0]
    inlined = FRAME.search(label)
    yield plain(_CHANNEL.sub("", fold(label[: inlined.start()] if inlined else label)), quotes=False)
    name, address = own_frame(stack)
    if inlined and not address:
        name, address = own_frame(label)
    yield function(name)
    yield script(address) or script(stack) or script(marker.hint[:TEXT])


def _on_a_page(marker: MarkerFacts) -> Iterator[str]:
    label = plain(fold(marker.label))
    yield label
    yield plain(fold(marker.route))
    if label.replace(" ", "").isalpha():  # Nothing but words, which need not name the control; the hint may.
        yield plain(_hint(marker))


_NAMES = {"api_error": ("message", "request"), "js_exception": ("message", "function", "script")}
_NAMES_ON_A_PAGE = ("message", "page", "hint")
_PARTS: dict[str, Callable[[MarkerFacts], Iterator[str]]] = {"api_error": _api_error, "js_exception": _js_exception}


def describe(marker: MarkerFacts) -> tuple[str, ...]:
    """What two markers of one kind must have in common to be the same failure, in words.

    Args:
        marker: Any marker.
    """
    said, *context = _PARTS.get(marker.kind, _on_a_page)(marker)
    if not said.strip("*") or said == fold(marker.kind):
        said = plain(_hint(marker))
    return said, *context


@clustering_strategy("fingerprint1", "Groups by normalised message, endpoint, control and first own stack frame")
class Fingerprint1(ClusteringStrategy):
    version: ClassVar[int] = 1

    def keys(self, markers: Sequence[MarkerFacts]) -> Sequence[str]:
        return [_key(marker, _canonical(marker, describe(marker))) for marker in markers]

    def explain(self, marker: MarkerFacts) -> Explanation:
        values = describe(marker)
        text = _canonical(marker, values)
        names = _NAMES.get(marker.kind, _NAMES_ON_A_PAGE)
        return Explanation(_key(marker, text), tuple(zip(names, values, strict=False)), (), text)


def _canonical(marker: MarkerFacts, values: Sequence[str]) -> str:
    # U+001F counts as a space, and folding leaves none: parts cannot run into each other.
    return "\x1f".join((f"fingerprint {Fingerprint1.version}", marker.kind, *values))


def _key(marker: MarkerFacts, text: str) -> str:
    return f"{marker.kind}:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
