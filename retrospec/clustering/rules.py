"""The rules of a project: compiled, asked before the strategy, and left alone where they take too long."""

import re
from collections import Counter as Count
from collections.abc import Sequence
from hashlib import sha256
from time import thread_time
from typing import NamedTuple

from retrospec.clustering.pattern_checks import MATCH_SECONDS
from retrospec.clustering.patterns import Groups, Pattern, of_glob, of_regex
from retrospec.clustering.schemas import Rule, TextMatch, rule_view
from retrospec.core.counters import Counters
from retrospec.core.log import get_logger
from retrospec.core.remembered import Remembered
from retrospec.issues.models import ClusteringRule
from retrospec.plugin import MarkerFacts

log = get_logger(__name__)
_FRESH_SECONDS = 5.0
# The longest text last.
FIELDS = ("kind", "route", "label", "evidence")
_STRIKES = 3
# Of the processor's time, all rules for the markers of one session: 100 regexes need 0.2 s for 1,000 of them.
_SESSION_SECONDS = 0.5
_EXTRA_LENGTH = 200
_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}", re.ASCII)
_SPACES = re.compile(r"\s+")


class TooSlow(Exception):
    """A pattern took longer than a marker is worth."""


class CompiledRule:
    """A rule that can be asked."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._conditions = [
            (field, _compiled(condition)) for field in FIELDS if (condition := getattr(rule.match, field)) is not None
        ]

    def ask(self, marker: MarkerFacts) -> tuple[str, Groups]:
        """Hold a marker against all that must match.

        Returns:
            The first field that does not match, or an empty text; and what the named groups have found.

        Raises:
            TooSlow: A pattern took too long, or the engine gave up over it.
        """
        found: Groups = {}
        for field, pattern in self._conditions:
            try:
                groups = pattern.groups(getattr(marker, field), MATCH_SECONDS)
            except Exception as cause:
                raise TooSlow from cause
            if groups is None:
                return field, found
            found |= groups
        return "", found

    def added(self, groups: Groups) -> tuple[str, ...]:
        """The texts that this rule adds, with what the groups have found in them, in one case and one kind of space."""
        return tuple(_filled(text, groups) for text in self.rule.action.extra or ())


def _compiled(condition: TextMatch) -> Pattern:
    return of_glob(condition.glob) if condition.glob is not None else of_regex(condition.regex or "")


def places(text: str) -> list[str]:
    """The names of the groups that a text of `extra` speaks of."""
    return _PLACE.findall(text)


def _filled(text: str, groups: Groups) -> str:
    filled = _PLACE.sub(lambda place: groups[place[1]], text)
    return _SPACES.sub(" ", filled).strip().casefold()[:_EXTRA_LENGTH]


class Decision(NamedTuple):
    """A rule has matched a marker; `extra` is empty where it gives a fixed fingerprint."""

    rule: Rule
    extra: tuple[str, ...]

    @property
    def is_fixed(self) -> bool:
        """Whether the strategy need not be asked."""
        return self.rule.action.fingerprint is not None

    def text(self, marker: MarkerFacts, strategys: str) -> str:
        """What the key is a digest of.

        Args:
            marker: What matched.
            strategys: The strategy's key; of no meaning for a fixed fingerprint.
        """
        fixed = self.rule.action.fingerprint
        parts = ("rule", marker.kind, fixed) if fixed is not None else ("rule with", strategys, *self.extra)
        return "\x1f".join(parts)

    def key(self, marker: MarkerFacts, strategys: str) -> str:
        """The key that the marker gets. Arguments as for `text`."""
        return f"{marker.kind}:{sha256(self.text(marker, strategys).encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


class Decided:
    """What rules have said of some markers.

    Attributes:
        undecided: Those whose keys need the strategy's, in their order.
    """

    def __init__(self, markers: Sequence[MarkerFacts], decisions: Sequence[Decision | None]) -> None:
        self._said = list(zip(markers, decisions, strict=True))
        self.undecided = [marker for marker, decision in self._said if decision is None or not decision.is_fixed]

    def keys(self, strategys: Sequence[str]) -> list[str]:
        """The keys of all markers, in their order.

        Args:
            strategys: The strategy's, of those that are undecided.
        """
        left = iter(strategys)
        keys = []
        for marker, decision in self._said:
            key = "" if decision is not None and decision.is_fixed else next(left)
            keys.append(key if decision is None else decision.key(marker, key))
        return keys


class ProjectRules:
    """The enabled rules of a project, in order. False where there are none."""

    def __init__(self, rules: Sequence[CompiledRule] = (), counters: Counters | None = None) -> None:
        self.rules = tuple(rules)
        self._counters = counters
        self._strikes: Count[str] = Count()

    def __bool__(self) -> bool:
        return bool(self.rules)

    def decide(self, markers: Sequence[MarkerFacts]) -> Decided:
        """What rules say of markers: the first one that matches decides, and the strategy about the rest.

        Args:
            markers: Of one session.
        """
        return Decided(markers, self._decisions(markers))

    def _decisions(self, markers: Sequence[MarkerFacts]) -> list[Decision | None]:
        began = thread_time()
        decisions: list[Decision | None] = []
        for marker in markers:
            if thread_time() - began > _SESSION_SECONDS:
                self._count(len(markers) - len(decisions))
                log.warning("clustering rules took too long; a session goes on without", markers=len(markers))
                return decisions + [None] * (len(markers) - len(decisions))
            decisions.append(self.decide_one(marker))
        return decisions

    def decide_one(self, marker: MarkerFacts) -> Decision | None:
        """What the first rule says that matches a marker. Rules that take too long are passed over."""
        for rule in self.rules:
            if self.is_off(rule):
                continue
            try:
                failed, groups = rule.ask(marker)
            except TooSlow:
                self._strike(rule.rule)
                continue
            if not failed:
                return Decision(rule.rule, rule.added(groups))
        return None

    def is_off(self, rule: CompiledRule) -> bool:
        """Whether a rule has been slow so often that this process asks it no more."""
        return self._strikes[rule.rule.id] >= _STRIKES

    def _strike(self, rule: Rule) -> None:
        self._count(1)
        self._strikes[rule.id] += 1
        if self._strikes[rule.id] == _STRIKES:
            log.warning(
                "clustering rule is slow and asked no more; change it to have it asked again",
                rule=rule.id,
                name=rule.name,
            )

    def _count(self, skips: int) -> None:
        if self._counters is not None:
            self._counters.add("retrospec_clustering_rule_skips_total", skips)


NO_RULES = ProjectRules()


class RuleBook(Remembered[ProjectRules]):
    """The enabled rules of all projects, each at most five seconds old."""

    def __init__(self, counters: Counters) -> None:
        super().__init__(self._read_rules, seconds=_FRESH_SECONDS)
        self._counters = counters
        self._compiled: dict[str, _Compiled] = {}

    async def _read_rules(self, project_id: str) -> ProjectRules:
        rows = await ClusteringRule.filter(project_id=project_id, enabled=True).order_by("position", "uid")
        if not rows:
            self._compiled.pop(project_id, None)
            return NO_RULES
        stamp = tuple((row.id, str(row.updated_at)) for row in rows)
        compiled = self._compiled.get(project_id)
        # The same object as before: it remembers which of them are slow.
        if compiled is None or compiled.stamp != stamp:
            compiled = self._compiled[project_id] = _Compiled(stamp, ProjectRules(_compile(rows), self._counters))
        return compiled.rules


class _Compiled(NamedTuple):
    stamp: tuple[tuple[str, str], ...]
    rules: ProjectRules


def _compile(rows: Sequence[ClusteringRule]) -> list[CompiledRule]:
    compiled = []
    for row in rows:
        try:
            compiled.append(CompiledRule(rule_view(row)))
        except Exception as mistake:
            # Checked when it was saved, by another version.
            log.warning("clustering rule left out", rule=row.id, error=str(mistake))
    return compiled
