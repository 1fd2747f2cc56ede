"""Telling how a marker gets its key: what was read, the rule that decided, a strategy's parts. Touches no cluster."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from retrospec.clustering.plain import PLAIN, plain_key, plain_text
from retrospec.clustering.rules import Decision, ProjectRules
from retrospec.core.log import get_logger
from retrospec.issues.explained import NamedText, RuleApplied, Told
from retrospec.plugin import ClusteringStrategy, Explanation, MarkerFacts
from retrospec.plugin.guard import Guard

log = get_logger(__name__)
_PLAIN_VERSION = 1
_KEY = re.compile(r"\w{1,32}:[0-9a-f]{16}", re.ASCII)
# More than any marker holds.
_TEXT, _PAIRS = 10_000, 100


class Strategies(NamedTuple):
    """The strategies of a server.

    Attributes:
        installed: By name.
        default: What projects use that name none, or one that is not installed.
        guards: Of those that did not come with the server: they are asked in threads of their own.
    """

    installed: Mapping[str, ClusteringStrategy]
    default: str
    guards: Mapping[str, Guard] = MappingProxyType({})

    def used(self, chosen: str | None) -> str:
        """The strategy that a project uses which has chosen this one."""
        return chosen if chosen is not None and chosen in self.installed else self.default

    def version(self, name: str) -> int | None:
        """The installed version; None where it is not installed."""
        if name == PLAIN:
            return _PLAIN_VERSION
        return self.installed[name].version if name in self.installed else None

    async def tell(self, name: str, marker: MarkerFacts, rules: ProjectRules) -> Told:
        """Tell how a marker gets its key.

        Args:
            name: An installed strategy, or `plain`.
            marker: Any.
            rules: Are asked before the strategy.
        """
        decision = rules.decide_one(marker)
        if decision is not None and decision.is_fixed:
            told = Explanation(decision.key(marker, ""), text=decision.text(marker, ""))
        else:
            name, told = await self._explanation(name, marker)
        text, key = told.text, told.key
        if decision is not None and not decision.is_fixed:
            text, key = decision.text(marker, told.key), decision.key(marker, told.key)
        return Told(
            strategy=name,
            strategy_version=self.version(name) or 0,
            steps=[NamedText(*step) for step in told.steps],
            rule=_applied(decision),
            parts=[NamedText(*part) for part in (*told.parts, *_added(decision))],
            text=text,
            key=key,
        )

    async def _explanation(self, name: str, marker: MarkerFacts) -> tuple[str, Explanation]:
        """What a strategy says of a marker, or what ingest does when the strategy fails."""
        if name != PLAIN:
            strategy = self.installed[name]
            for explain in (strategy.explain, partial(_key_alone, strategy)):
                try:
                    return name, await self._ask(name, partial(explain, marker))
                except Exception as failure:
                    log.warning("clustering strategy cannot explain", plugin=name, error=repr(failure))
        parts = (("hint", marker.hint), ("label", marker.label))
        return PLAIN, Explanation(plain_key(marker), parts, text=plain_text(marker))

    async def _ask(self, name: str, explain: Callable[[], Explanation]) -> Explanation:
        guard = self.guards.get(name)
        if guard is None:
            return _checked(explain())
        return await guard.run(lambda: _checked(explain()), doing="explain")


def _checked(told: Explanation) -> Explanation:
    """Refuse what cannot be shown, and bound the rest."""
    if not isinstance(told, Explanation) or not _KEY.fullmatch(told.key):
        raise ValueError(f"not an explanation with a well-formed key: {str(told)[:200]}")
    parts, steps = (
        tuple((name[:_TEXT], value[:_TEXT]) for name, value in pairs[:_PAIRS]) for pairs in (told.parts, told.steps)
    )
    # Raises over half a surrogate pair, which JSON cannot hold.
    "".join((told.text, *chain.from_iterable((*parts, *steps)))).encode()
    return Explanation(told.key, parts, steps, told.text[:_TEXT])


def _key_alone(strategy: ClusteringStrategy, marker: MarkerFacts) -> Explanation:
    (key,) = strategy.keys([marker])
    return Explanation(key)


def _applied(decision: Decision | None) -> RuleApplied | None:
    if decision is None:
        return None
    rule = decision.rule
    return RuleApplied(rule.id, rule.name, rule.action.fingerprint or "", list(decision.extra))


def _added(decision: Decision | None) -> list[tuple[str, str]]:
    if decision is None:
        return []
    if decision.is_fixed:
        return [("fingerprint", decision.rule.action.fingerprint or "")]
    return [("rule", text) for text in decision.extra]
