"""Asks the clustering strategy of a project for keys, and does without when it fails."""

import hashlib
import re
from collections.abc import Mapping, Sequence

import msgspec

from retrospec.core.counters import Counters
from retrospec.core.log import get_logger
from retrospec.plugin import ClusteringStrategy, MarkerFacts

log = get_logger(__name__)
_KEY = re.compile(r"(?:validation_failed|api_error|js_exception|ui_no_effect):[0-9a-f]{16}")
_FALLBACK = "plain"


class Keyed(msgspec.Struct):
    """The keys of some markers, and which version of which strategy gave them."""

    keys: Sequence[str]
    strategy: str
    version: int


class Clusterer:
    """The strategies in use, by name."""

    def __init__(self, strategies: Mapping[str, ClusteringStrategy], default: str, counters: Counters) -> None:
        self._strategies = strategies
        self._default = default
        self._counters = counters

    def keys(self, name: str | None, markers: Sequence[MarkerFacts]) -> Keyed:
        """Name the cluster of each marker.

        Args:
            name: The project's strategy; None, or one that is no longer installed, means the default.
            markers: Those of one session.
        """
        used = name if name is not None and name in self._strategies else self._default
        strategy = self._strategies[used]
        if not markers:
            return Keyed((), used, strategy.version)
        try:
            keys = _checked(strategy.keys(markers), len(markers))
        except Exception:
            # Ingest goes on: a failure that is grouped plainly is better than one that is lost.
            log.exception("clustering strategy failed", plugin=used)
            self._counters.add("retrospec_plugin_errors_total", family="clustering", plugin=used)
            return Keyed([plain_key(marker) for marker in markers], _FALLBACK, 1)
        return Keyed(keys, used, strategy.version)


def _checked(keys: Sequence[str], count: int) -> list[str]:
    keys = list(keys)
    if len(keys) != count or not all(map(_KEY.fullmatch, keys)):
        raise ValueError("the strategy did not return one well-formed key for each marker")
    return keys


def plain_key(marker: MarkerFacts) -> str:
    """The key that needs no strategy: a hash of what the SDK said, letter by letter."""
    said = f"{marker.kind}\0{marker.hint}\0{marker.label}"
    return f"{marker.kind}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"
