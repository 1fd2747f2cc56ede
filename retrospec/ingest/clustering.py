"""Asks the clustering strategy of a project for keys, and does without when it fails."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from retrospec.clustering.plain import PLAIN, plain_key
from retrospec.clustering.rules import NO_RULES, ProjectRules
from retrospec.plugin import ClusteringStrategy, MarkerFacts
from retrospec.plugin.faults import Faults
from retrospec.plugin.guard import Guard

_KEY = re.compile(r"(?:validation_failed|api_error|js_exception|ui_no_effect):[0-9a-f]{16}")


class Keyed(msgspec.Struct):
    """The keys of some markers, and which version of which strategy gave them."""

    keys: Sequence[str]
    strategy: str
    version: int


class Clusterer:
    """The strategies in use, by name."""

    def __init__(
        self,
        strategies: Mapping[str, ClusteringStrategy],
        default: str,
        faults: Faults,
        guards: Mapping[str, Guard] = MappingProxyType({}),
    ) -> None:
        """Take the strategies.

        Args:
            strategies: By name.
            default: The one of projects that name none.
            faults: Notes what goes wrong.
            guards: Of those that did not come with the server: they are asked in threads of their own.
        """
        self._strategies = strategies
        self._default = default
        self._faults = faults
        self._guards = guards

    async def keys(self, name: str | None, markers: Sequence[MarkerFacts], rules: ProjectRules = NO_RULES) -> Keyed:
        """Name the cluster of each marker.

        Args:
            name: The project's strategy; None, or one that is no longer installed, means the default.
            markers: Those of one session.
            rules: Those of the project, which come before the strategy.
        """
        if not rules:
            return await self._keys(name, markers)
        decided = rules.decide(markers)
        keyed = await self._keys(name, decided.undecided)
        keyed.keys = decided.keys(keyed.keys)
        return keyed

    async def _keys(self, name: str | None, markers: Sequence[MarkerFacts]) -> Keyed:
        used = name if name is not None and name in self._strategies else self._default
        strategy = self._strategies[used]
        if not markers:
            return Keyed((), used, strategy.version)
        guard = self._guards.get(used)
        keys = self._ask(used, markers) if guard is None else await _ask_guarded(guard, strategy, markers)
        if keys is None:
            # Ingest goes on: a failure that is grouped plainly is better than one that is lost.
            return Keyed([plain_key(marker) for marker in markers], PLAIN, 1)
        return Keyed(keys, used, strategy.version)

    def _ask(self, name: str, markers: Sequence[MarkerFacts]) -> list[str] | None:
        try:
            return _checked(self._strategies[name].keys(markers), len(markers))
        except Exception as cause:
            self._faults.note("clustering", name, cause, doing="keys")
            return None


async def _ask_guarded(guard: Guard, strategy: ClusteringStrategy, markers: Sequence[MarkerFacts]) -> list[str] | None:
    try:
        return await guard.run(lambda: _checked(strategy.keys(markers), len(markers)), doing="keys")
    # Its guard has noted it.
    except Exception:
        return None


def _checked(keys: Sequence[str], count: int) -> list[str]:
    keys = list(keys)
    if len(keys) != count or not all(map(_KEY.fullmatch, keys)):
        raise ValueError("the strategy did not return one well-formed key for each marker")
    return keys
