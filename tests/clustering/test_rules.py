"""What rules do to keys, and what becomes of rules that take too long."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from retrospec.clustering import rules as module
from retrospec.clustering.rules import NO_RULES, CompiledRule, ProjectRules
from retrospec.clustering.schemas import Rule, RuleAction, RuleMatch
from retrospec.core.counters import Counters
from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint import Fingerprint
from tests.plugins.cluster_fingerprint.builders import get, js

MOMENT = datetime(2026, 3, 4, tzinfo=UTC)
SKIPS = ("retrospec_clustering_rule_skips_total", ())
# Not checked when it was saved: as a pattern that the checks did not see through.
SLOW = {"label": {"regex": "^(?:a|aa)+$"}}
SLOWS_TEXT = "a" * 400 + "!"


def rule(match: dict[str, Any], position: int = 1, **action: Any) -> CompiledRule:
    return CompiledRule(
        Rule(
            f"rule_{position}",
            f"rule {position}",
            position,
            msgspec.convert(match, RuleMatch),
            msgspec.convert(action, RuleAction),
            True,
            MOMENT,
            MOMENT,
        )
    )


def keys(rules: ProjectRules, *markers: MarkerFacts) -> list[str]:
    decided = rules.decide(markers)
    return decided.keys(Fingerprint().keys(decided.undecided))


def test_a_fixed_fingerprint_makes_one_cluster_of_all_that_matches_for_each_kind() -> None:
    rules = ProjectRules([rule({"label": {"glob": "*provider*"}}, fingerprint="provider is down")])

    one, other, script, left = keys(
        rules, get("/provider/a"), get("/provider/b", "404"), js("No provider"), get("/orders")
    )

    assert one == other != left
    assert re.fullmatch(r"api_error:[0-9a-f]{16}", one)
    assert re.fullmatch(r"js_exception:[0-9a-f]{16}", script)
    assert [left] == Fingerprint().keys([get("/orders")])


def test_the_same_fingerprint_of_another_rule_is_the_same_cluster() -> None:
    first, second = (
        ProjectRules([rule({"label": {"glob": glob}}, number, fingerprint="down")])
        for number, glob in enumerate(("*provider*", "*-> 503"))
    )

    assert keys(first, get("/provider")) == keys(second, get("/orders", "503"))


def test_extra_divides_what_the_strategy_puts_together_and_joins_nothing() -> None:
    rules = ProjectRules([rule({"evidence": {"regex": r"tenant=(?P<tenant>\w+)"}}, extra=["tenant {tenant}"])])
    evidence = [f"status=500 tenant={tenant}" for tenant in ("acme", "ACME", "globex")]
    markers = [MarkerFacts("/", "api_error", "", get("/orders").label, text) for text in evidence]
    elsewhere = MarkerFacts("/", "api_error", "", get("/carts").label, evidence[0])

    acme, shouted, globex, other, without = keys(rules, *markers, elsewhere, get("/orders"))

    assert acme == shouted
    assert len({acme, globex, other, without}) == 4
    assert [without] == Fingerprint().keys([get("/orders")])


def test_all_conditions_must_match_and_the_first_rule_that_matches_decides() -> None:
    both = {"label": {"glob": "*/orders*"}, "route": {"regex": "^/checkout"}}
    rules = ProjectRules([rule(both, 1, fingerprint="one"), rule({"label": {"glob": "*"}}, 2, fingerprint="two")])
    alone = ProjectRules([rule({"label": {"glob": "*"}}, 2, fingerprint="two")])
    at_home = MarkerFacts("/home", "api_error", "", get("/orders").label, "")

    first, second = keys(rules, get("/orders"), at_home)

    assert first != second
    assert [second] == keys(alone, at_home)


def test_the_strategy_is_not_asked_about_what_a_fixed_fingerprint_decides() -> None:
    rules = ProjectRules([rule({"kind": {"glob": "js_*"}}, fingerprint="scripts")])

    assert rules.decide([js("boom"), get("/orders"), js("bang")]).undecided == [get("/orders")]


def test_a_rule_that_takes_too_long_is_passed_over_counted_and_after_three_times_asked_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MATCH_SECONDS", 0.002)
    counters = Counters()
    rules = ProjectRules(
        [rule(SLOW, 1, fingerprint="slow"), rule({"label": {"glob": "a*"}}, 2, fingerprint="fast")], counters
    )

    slow = keys(rules, *[js(SLOWS_TEXT)] * 5, js("aaaa"))

    assert counters.drain()[SKIPS] == 3
    assert slow == keys(ProjectRules(rules.rules[1:]), *[js(SLOWS_TEXT)] * 5, js("aaaa"))
    assert rules.is_off(rules.rules[0])
    assert not rules.is_off(rules.rules[1])


def test_rules_that_take_too_long_together_leave_the_rest_of_a_session_to_the_strategy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_SESSION_SECONDS", -1)
    counters = Counters()
    rules = ProjectRules([rule({"kind": {"glob": "*"}}, fingerprint="all")], counters)

    assert keys(rules, get("/orders"), js("boom")) == Fingerprint().keys([get("/orders"), js("boom")])
    assert counters.drain()[SKIPS] == 2


def test_no_rules_are_nothing_to_ask() -> None:
    assert not NO_RULES
