"""Rules for Prometheus and the dashboard for Grafana: expressions that parse, over metrics that there are."""

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import ProcessCollector
from promql_parser import AggModifierType, AggregateExpr, Call, Expr, VectorSelector

from retrospec.metrics.catalog import CATALOG
from tests.deploy.image import ROOT

DEPLOY = ROOT / "deploy"
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "retrospec.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "retrospec.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
# What Prometheus itself gives every series.
TARGET = {"job", "instance", "pod"}


def series() -> dict[str, set[str]]:
    """Every series that a rule may name, with its labels."""
    known: dict[str, set[str]] = {"up": TARGET}
    known |= {family.name: TARGET for family in ProcessCollector(registry=None).collect()}
    known |= {f"{name}_total": TARGET for name in known if name.endswith("cpu_seconds")}
    for metric in CATALOG:
        labels = {*metric.labels, *TARGET}
        if metric.kind == "histogram":
            known |= {f"{metric.name}_{part}": labels for part in ("count", "sum")}
            known[f"{metric.name}_bucket"] = {*labels, "le"}
        else:
            known[metric.name] = labels
    for rule in RULES:
        if "record" in rule:
            known[rule["record"]] = {label for name, _ in selected(rule["expr"]) for label in known[name]}
    return known


def nodes(expression: str) -> list[Expr]:
    # Grafana puts its own span there.
    found: list[Expr] = []
    promql_parser.walk(promql_parser.parse(expression.replace("$__rate_interval", "5m")), found.append)
    return found


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each series that an expression names, with the labels by which it is chosen."""
    for node in nodes(expression):
        if isinstance(node, VectorSelector):
            assert node.name, expression
            yield node.name, {matcher.name for matcher in node.matchers.matchers}


def check(expression: str) -> None:
    """Every metric of an expression is known, and has the labels that are asked of it."""
    known, there = series(), set[str]()
    for name, labels in selected(expression):
        assert name in known, expression
        assert labels <= known[name], expression
        there |= known[name]
    for node in nodes(expression):
        if isinstance(node, Call) and node.func.name == "label_replace":
            there.add(node.args[1].val)
    for node in nodes(expression):
        if isinstance(node, AggregateExpr) and node.modifier and node.modifier.type == AggModifierType.By:
            assert set(node.modifier.labels) <= there, expression


def queries() -> list[tuple[str, str]]:
    """Title and expression of all that the dashboard asks."""
    return [(panel["title"], target["expr"]) for panel in PANELS for target in panel.get("targets", ())]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    check(rule["expr"])


@pytest.mark.parametrize("rule", [one for one in RULES if "alert" in one], ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"].endswith(".")


def test_the_dashboard_asks_for_metrics_and_labels_that_there_are() -> None:
    for _, expression in queries():
        check(expression)


def test_totals_are_taken_once_however_many_servers_show_them() -> None:
    totals = {
        name for one in CATALOG if one.kind != "gauge" for name in (one.name, f"{one.name}_count", f"{one.name}_bucket")
    }
    for expression in [one for _, one in queries()] + [rule["expr"] for rule in RULES]:
        summed = [node for node in nodes(expression) if isinstance(node, AggregateExpr) and str(node.op) == "sum"]
        inner = {name for one in summed for name, _ in selected(one.expr.prettify())}
        if inner & totals:
            assert "max without (instance, pod)" in expression or "max by (job)" in expression, expression


def test_the_dashboard_belongs_to_no_installation() -> None:
    text = json.dumps(DASHBOARD)
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["query"] == "prometheus"
    assert {"id", "uid"} & set(DASHBOARD) == set()
    assert text.count('"uid"') == text.count('"uid": "${datasource}"')


def test_no_two_panels_lie_upon_each_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


def test_prometheus_scrapes_where_compose_has_the_server_and_reads_the_rules() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    [job] = config["scrape_configs"]
    assert job["job_name"] == "retrospec"
    [target] = job["static_configs"][0]["targets"]
    name, _, port = target.partition(":")
    assert services[name]["ports"][0].endswith(f":{port}")
    assert config["rule_files"] == ["retrospec.rules.yml"]
