"""The strategy and what comes before it, as ingest asks them, for failures that are stored."""

from collections.abc import Mapping, Sequence

import msgspec

from retrospec.clustering.rules import NO_RULES, CompiledRule, ProjectRules
from retrospec.clustering.schemas import NewRule, Rule
from retrospec.clustering.service import check_rule
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.errors import Invalid, PluginError
from retrospec.ingest.clustering import Clusterer
from retrospec.plugin import ClusteringStrategy, MarkerFacts
from retrospec.rekeying.survey import Keyer


class RulesFile(msgspec.Struct):
    """Rules to be tried out, as `retrospec clustering rules list --json` prints them."""

    rules: list[NewRule]


async def compiled(tried: RulesFile, counters: Counters) -> ProjectRules:
    """Rules that are stored nowhere, in the order of their file.

    Args:
        tried: The rules.
        counters: Count those that take too long.

    Raises:
        Invalid: One of them cannot be used.
    """
    moment, rules = now(), list[CompiledRule]()
    for number, new in enumerate(tried.rules, 1):
        try:
            await check_rule(new.match, new.action)
        except Invalid as mistake:
            raise Invalid(f"rule {number} ({new.name}): {mistake}") from mistake
        if new.enabled:
            rules.append(
                CompiledRule(Rule(f"rule_{number}", new.name, number, new.match, new.action, True, moment, moment))
            )
    return ProjectRules(rules, counters) if rules else NO_RULES


def keyer(clusterer: Clusterer, strategy: str, rules: ProjectRules = NO_RULES) -> Keyer:
    """Name clusters as ingest does; but where ingest does without a strategy that fails, stop.

    Args:
        clusterer: The strategies.
        strategy: Which.
        rules: What the project says before it.
    """

    async def key(markers: Sequence[MarkerFacts]) -> Sequence[str]:
        keyed = await clusterer.keys(strategy, markers, rules)
        if keyed.strategy != strategy:
            said = markers[0].label[:100]
            raise PluginError(f"the strategy {strategy} failed on a session with {said!r}: see the log")
        return keyed.keys

    return key


def find_strategy(strategies: Mapping[str, ClusteringStrategy], name: str) -> ClusteringStrategy:
    """A strategy that is installed.

    Raises:
        Invalid: It is not.
    """
    if name not in strategies:
        known = ", ".join(sorted(strategies))
        raise Invalid(f"the strategy {name[:64]!r} is not installed (installed: {known})")
    return strategies[name]
