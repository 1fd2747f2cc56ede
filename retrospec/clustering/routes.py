"""Clustering over HTTP: a project's rules, and how a failure gets its key."""

from retrospec.clustering import service
from retrospec.clustering.explainer import Explainer
from retrospec.clustering.rules import RuleBook
from retrospec.clustering.schemas import (
    MarkerExplained,
    MarkerToExplain,
    NewRule,
    RuleAnswer,
    RuleDeleted,
    RuleList,
    RulePatch,
)
from retrospec.core.routing import Routes
from retrospec.projects.auth import Caller

clustering = Routes("clustering", tag="Clustering")


@clustering.post("/v1/clustering/explain")
async def explain_marker(caller: Caller, body: MarkerToExplain, explainer: Explainer) -> MarkerExplained:
    """Explain how a failure gets its key.

    Takes a failure as an SDK would send it and tells, step by step, what ingest would do with it now: what is read
    after redaction, which rules are asked and which one decides, the normalised parts, the text that is hashed, the
    key, and the issue that it leads to. Nothing is stored.
    """
    return MarkerExplained(await explainer.explain_marker(caller.project_id, body))


@clustering.get("/v1/clustering/rules")
async def list_clustering_rules(caller: Caller) -> RuleList:
    """List a project's clustering rules, in the order in which they are asked."""
    return RuleList(await service.list_rules(caller.project_id))


@clustering.post("/v1/clustering/rules", status=201)
async def create_clustering_rule(caller: Caller, body: NewRule, rules: RuleBook) -> RuleAnswer:
    """Make a clustering rule.

    The first enabled rule that matches a failure decides about its cluster, before the strategy is asked: a fixed
    `fingerprint` makes one cluster for each kind of all that it matches, `extra` divides the strategy's clusters.
    It is about failures that arrive from now on, on other processes within five seconds; clusters that are there
    already stay as they are. A regex that some text could keep busy is refused. At most 100 rules a project: 409.
    """
    rule = await service.create_rule(caller.project_id, body)
    rules.forget(caller.project_id)
    return RuleAnswer(rule)


@clustering.get("/v1/clustering/rules/<rule_id:str>")
async def get_clustering_rule(caller: Caller, rule_id: str) -> RuleAnswer:
    """Get a clustering rule."""
    return RuleAnswer(await service.get_rule(caller.project_id, rule_id))


@clustering.patch("/v1/clustering/rules/<rule_id:str>")
async def change_clustering_rule(caller: Caller, rule_id: str, body: RulePatch, rules: RuleBook) -> RuleAnswer:
    """Change a clustering rule, or move it.

    Fields left out stay; `match` and `action` are replaced whole. A new `position` moves the rules behind it on.
    """
    rule = await service.change_rule(caller.project_id, rule_id, body)
    rules.forget(caller.project_id)
    return RuleAnswer(rule)


@clustering.delete("/v1/clustering/rules/<rule_id:str>")
async def delete_clustering_rule(caller: Caller, rule_id: str, rules: RuleBook) -> RuleDeleted:
    """Delete a clustering rule. Clusters that it made keep their keys and what is in them."""
    await service.delete_rule(caller.project_id, rule_id)
    rules.forget(caller.project_id)
    return RuleDeleted(deleted=True, rule_id=rule_id)
