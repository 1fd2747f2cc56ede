"""Explaining one failure that somebody asks about, and why the failures of an issue belong together."""

import re
from collections.abc import Mapping

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.clustering.facts import WITHHELD_BY, Clean, cleaned, facts_of, words_of
from retrospec.clustering.plain import PLAIN
from retrospec.clustering.rules import ProjectRules, RuleBook, TooSlow
from retrospec.clustering.schemas import Leads, MarkerExplanation, MarkerToExplain, RuleTried
from retrospec.clustering.teller import Strategies
from retrospec.core.clock import now
from retrospec.core.db import Row, Statement, reading
from retrospec.core.errors import Invalid
from retrospec.issues.explained import ClusterToExplain, Facts, IssueExplanation, Note, NoteCode, Told
from retrospec.issues.membership import OLD_KEYS_LEAD
from retrospec.plugin import MarkerFacts
from retrospec.projects.policies import Policies
from retrospec.sessions.cleaning import RedactorFailed

_KEYS_SHOWN = 10
# Whatever else a cluster is called, somebody has called it so.
_OF_A_STRATEGY = re.compile(r"\w+:[0-9a-f]{16}", re.ASCII)
# By the kind of an alias: what is to be said of the keys that lead to a cluster.
_OTHER: Mapping[str, tuple[NoteCode, str]] = {
    "merge": ("merged", "Failures of other keys were merged into it"),
    "old": ("moved", "Another clustering strategy called it, or what it took in"),
}

# One of the cluster's failures in a session: by the session's index.
MARKER = Statement("""
    SELECT m.session_id, m.kind, m.label, m.evidence, m.hint, s.route FROM error_markers m
    JOIN sessions s ON s.project_id = m.project_id AND s.session_id = m.session_id
    WHERE m.project_id = $1 AND m.session_id = $2 AND m.cluster_key = $3
    ORDER BY m.marker_id LIMIT 1
""")

LATEST_SESSION = Statement("""
    SELECT session_id FROM cluster_members WHERE project_id = $1 AND cluster_key = $2
    ORDER BY last_observed_at DESC LIMIT 1
""")

OTHER_KEYS = Statement("""
    SELECT source_key FROM cluster_aliases WHERE project_id = $1 AND target_key = $2 AND kind = $3 LIMIT $4
""")

CLUSTER = Statement("""
    SELECT key, state, symptom, session_count FROM issue_clusters WHERE project_id = $1 AND key = $2
""")

TARGET = Statement("""
    SELECT target_key FROM cluster_aliases
    WHERE project_id = $1 AND source_key = $2 AND (kind <> 'old' OR created_at > $3)
""")


class Explainer:
    """Explains keys. One for a process.

    Args:
        strategies: Those of the server.
        rules: Of all projects.
        policies: What projects have chosen.
        clean: Takes the secrets out of texts.
        redacts: Whether that is done for projects that have not decided.
    """

    def __init__(
        self,
        strategies: Strategies,
        rules: RuleBook,
        policies: Policies,
        clean: Clean,
        *,
        redacts: bool,
    ) -> None:
        self._strategies = strategies
        self._rules = rules
        self._policies = policies
        self._clean = clean
        self._redacts = redacts

    async def explain_marker(self, project_id: str, sent: MarkerToExplain) -> MarkerExplanation:
        """Tell how a failure would be clustered if it were ingested now. Writes nothing.

        Args:
            project_id: The caller's project.
            sent: As an SDK would send it.

        Raises:
            Invalid: It has neither kind nor label, or names a strategy that is not installed.
            RedactorFailed: Nobody can tell what of it is secret.
        """
        if not sent.kind and not sent.label:
            raise Invalid("kind and label are missing", detail="label")
        policy = await self._policies.of(project_id)
        strategy = self._chosen(sent.strategy, policy.clustering_strategy)
        redact = self._redacts if policy.redact is None else policy.redact
        said = words_of(sent.label, sent.evidence, sent.hint or sent.cluster_key)
        words = await cleaned([said], self._clean) if redact else [said]
        if words is None:
            raise RedactorFailed
        marker = facts_of(sent.kind, words[0], sent.route or "")
        rules = await self._rules.of(project_id)
        told = await self._strategies.tell(strategy, marker, rules)
        return MarkerExplanation(
            **{name: getattr(told, name) for name in Told.__struct_fields__},
            marker=_shown(marker),
            redacted=words[0] != said,
            rules=_tried(rules, marker),
            leads_to=await self._leads(project_id, told.key),
        )

    def _chosen(self, asked: str | None, chosen: str | None) -> str:
        if not asked:
            return self._strategies.used(chosen)
        if asked not in self._strategies.installed:
            known = ", ".join(sorted(self._strategies.installed))
            raise Invalid(f"strategy {asked!r} is not installed (installed: {known})", detail="strategy")
        return asked

    async def _leads(self, project_id: str, key: str) -> Leads:
        async def work(db: BaseDBAsyncClient) -> tuple[str, list[Row]]:
            target = await _target(db, project_id, key)
            return target, await CLUSTER.fetch(db, project_id, target)

        target, found = await reading(work)
        if not found:
            return Leads(target, target != key, "unknown")
        row = found[0]
        return Leads(target, target != key, row["state"], row["symptom"], row["session_count"])

    async def explain_cluster(self, cluster: ClusterToExplain) -> IssueExplanation:
        """Tell of one failure of a cluster how it gets its key: as `ClusterExplainer`."""

        async def work(db: BaseDBAsyncClient) -> tuple[Row | None, list[Note]]:
            return await _marker(db, cluster), [note for kind in _OTHER for note in await _others(db, cluster, kind)]

        row, notes = await reading(work)
        if row is None:
            notes.append(Note("no_marker", "None of its failures is stored any more."))
            return _untold(cluster, notes)
        marker = MarkerFacts(row["route"], row["kind"], row["hint"], row["label"], row["evidence"])
        rules = await self._rules.of(cluster.project_id)
        told, own = await self._told(cluster, marker, rules)
        notes += own
        if cluster.strategy != WITHHELD_BY:
            notes += await self._elsewhere(cluster, marker, rules)
        told.marker, told.session_id, told.notes = _shown(marker), row["session_id"], notes
        return told

    async def _told(
        self, cluster: ClusterToExplain, marker: MarkerFacts, rules: ProjectRules
    ) -> tuple[IssueExplanation, list[Note]]:
        """What the strategy that made the cluster says today, and what is to be said of that."""
        name, made = cluster.strategy, cluster.strategy_version
        version = self._strategies.version(name)
        if name == WITHHELD_BY:
            text = "The redactor had failed, so that nothing of what these failures say was kept."
            return _untold(cluster, []), [Note("withheld", text)]
        if version is None:
            text = f"The strategy {name} (version {made}) that made this cluster is not installed."
            return _untold(cluster, []), [Note("strategy_missing", text)]
        told = await self._strategies.tell(name, marker, rules)
        notes = []
        if name == PLAIN and told.rule is None:
            text = "The strategy had failed: these failures have the same kind, hint and label, letter by letter."
            notes.append(Note("plain", text))
        if version != made:
            text = f"Version {made} of {name} made this cluster; what is told here is what version {version} says."
            notes.append(Note("other_version", text))
        agrees = told.key == cluster.key
        if not agrees:
            notes.append(_differs(cluster, told.key, await _lead(cluster.project_id, told.key)))
        fields = {field: getattr(told, field) for field in Told.__struct_fields__}
        return IssueExplanation(**fields | {"strategy": name, "strategy_version": made}, agrees=agrees), notes

    async def _elsewhere(self, cluster: ClusterToExplain, marker: MarkerFacts, rules: ProjectRules) -> list[Note]:
        """Whether the failure would join another cluster if it arrived now."""
        policy = await self._policies.of(cluster.project_id)
        used = self._strategies.used(policy.clustering_strategy)
        key = (await self._strategies.tell(used, marker, rules)).key
        if cluster.key in {key, await _lead(cluster.project_id, key)}:
            return []
        return [Note("leads_elsewhere", f"A failure like this one that arrives now gets the key {key}.")]


async def _marker(db: BaseDBAsyncClient, cluster: ClusterToExplain) -> Row | None:
    """A failure of its representative session, or of its latest where that one is gone."""
    project, key = cluster.project_id, cluster.key
    if found := await MARKER.fetch(db, project, cluster.representative_session_id, key):
        return found[0]
    for session in await LATEST_SESSION.fetch(db, project, key):
        if found := await MARKER.fetch(db, project, session["session_id"], key):
            return found[0]
    return None


def _differs(cluster: ClusterToExplain, key: str, lead: str) -> Note:
    """Why a failure is in a cluster of another key than its own."""
    if lead == cluster.key:
        return Note("key_differs", f"This failure's own key is {key}, which leads here: the two were merged.")
    if not _OF_A_STRATEGY.fullmatch(cluster.key):
        return Note("split", f"It was split off by hand: the key of its failures is {key}.")
    return Note("key_differs", f"This failure would get the key {key} today: rules have changed since.")


async def _lead(project_id: str, key: str) -> str:
    """The key of the cluster that a key leads to."""

    async def work(db: BaseDBAsyncClient) -> str:
        return await _target(db, project_id, key)

    return await reading(work)


async def _target(db: BaseDBAsyncClient, project_id: str, key: str) -> str:
    found = await TARGET.fetch(db, project_id, key, now() - OLD_KEYS_LEAD)
    return found[0]["target_key"] if found else key


def _shown(marker: MarkerFacts) -> Facts:
    return Facts(marker.kind, marker.label, marker.evidence, marker.hint, marker.route)


def _tried(rules: ProjectRules, marker: MarkerFacts) -> list[RuleTried]:
    """Each rule that was asked, up to the one that decided."""
    tried = []
    for rule in rules.rules:
        one = RuleTried(rule.rule.id, rule.rule.name, matched=False)
        tried.append(one)
        if rules.is_off(rule):
            one.too_slow = True
            continue
        try:
            one.failed, _ = rule.ask(marker)  # type: ignore[assignment]
        except TooSlow:
            one.too_slow = True
            continue
        if not one.failed:
            one.matched = True
            break
    return tried


async def _others(db: BaseDBAsyncClient, cluster: ClusterToExplain, kind: str) -> list[Note]:
    """What is to be said of the other keys of one kind that lead to a cluster."""
    found = await OTHER_KEYS.fetch(db, cluster.project_id, cluster.key, kind, _KEYS_SHOWN + 1)
    if not found:
        return []
    code, text = _OTHER[kind]
    shown = ", ".join(sorted(row["source_key"] for row in found)[:_KEYS_SHOWN])
    return [Note(code, f"{text}: {shown}{' and others' if len(found) > _KEYS_SHOWN else ''}.")]


def _untold(cluster: ClusterToExplain, notes: list[Note]) -> IssueExplanation:
    return IssueExplanation(
        strategy=cluster.strategy, strategy_version=cluster.strategy_version, agrees=False, notes=notes
    )
