"""What a move would do, without doing it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from heapq import nlargest

import msgspec

from retrospec.rekeying.plan import Plan


class ClusterShare(msgspec.Struct, rename="camel"):
    """A cluster as it is now, or would be, and how many sessions have hit it.

    `shared` is how many of them it would share with the other side: what goes from the one to the other.
    """

    key: str
    symptom: str
    session_count: int
    shared: int
    is_issue: bool


class Merge(msgspec.Struct, rename="camel"):
    """Several clusters that would become one; of these the largest, and how many there are."""

    into: str
    session_count: int
    cluster_count: int
    clusters: list[ClusterShare]


class Split(msgspec.Struct, rename="camel"):
    """A cluster that would become several; of these the largest, and how many there are."""

    cluster: str
    symptom: str
    session_count: int
    cluster_count: int
    into: list[ClusterShare]


class Forecast(msgspec.Struct, rename="camel"):
    """What a move would do to what was looked at.

    `renamed` counts clusters that would only get another key, `kept` those that would stay as they are.
    """

    project_id: str
    strategy: str
    strategy_version: int
    days: int
    sessions: int
    markers: int
    markers_moved: int
    clusters_before: int
    clusters_after: int
    issues_before: int
    issues_after: int
    kept: int
    renamed: int
    merged: int
    split: int
    merges: list[Merge]
    splits: list[Split]


# Lists are as long as people read them; the counts tell of the rest.
_LISTED, _SHARES = 20, 10


def forecast(plan: Plan, project_id: str, strategy: str, version: int, *, days: int, min_sessions: int) -> Forecast:
    """Tell what a plan would do.

    Args:
        plan: Drawn up from what was looked at.
        project_id: Whose.
        strategy: Where to.
        version: Its version.
        days: How far back sessions were looked at.
        min_sessions: From how many sessions on a cluster is an issue.
    """
    return _Reading(plan, min_sessions).forecast(project_id, strategy, version, days)


class _Reading:
    """A plan, with the sessions of each cluster before and after."""

    def __init__(self, plan: Plan, min_sessions: int) -> None:
        refs = sorted(plan.survey.pairs, key=lambda ref: plan.survey.pairs[ref].number)
        goes = [(cluster, plan.target(cluster, key)) for cluster, key in refs]
        self._plan = plan
        self._says = {one: plan.survey.pairs[ref].says for ref, one in zip(refs, goes, strict=True)}
        self._min_sessions = min_sessions
        self._before = plan.survey.sessions_of([source for source, _ in goes])
        self._after = plan.survey.sessions_of([target for _, target in goes])
        self._shared = plan.survey.sessions_of(["\0".join(one) for one in goes])
        self._sources: defaultdict[str, set[str]] = defaultdict(set)
        self._targets: defaultdict[str, set[str]] = defaultdict(set)
        for source, target in goes:
            self._sources[target].add(source)
            self._targets[source].add(target)
        self._moved = sum(
            plan.survey.pairs[ref].markers for ref, (source, target) in zip(refs, goes, strict=True) if source != target
        )

    def forecast(self, project_id: str, strategy: str, version: int, days: int) -> Forecast:
        merges = [target for target, sources in self._sources.items() if len(sources) > 1]
        splits = [source for source, targets in self._targets.items() if len(targets) > 1]
        alone = [
            (source, target)
            for target, sources in self._sources.items()
            for source in sources
            if len(sources) == 1 and len(self._targets[source]) == 1
        ]
        kept = sum(source == target for source, target in alone)
        return Forecast(
            project_id=project_id,
            strategy=strategy,
            strategy_version=version,
            days=days,
            sessions=self._plan.survey.sessions,
            markers=self._plan.survey.markers,
            markers_moved=self._moved,
            clusters_before=len(self._before),
            clusters_after=len(self._after),
            issues_before=sum(map(self._was_issue, self._before)),
            issues_after=sum(map(self._will_be_issue, self._after)),
            kept=kept,
            renamed=len(alone) - kept,
            merged=len(merges),
            split=len(splits),
            merges=[self._merge(target) for target in _largest(merges, self._after)],
            splits=[self._split(source) for source in _largest(splits, self._before)],
        )

    def _was_issue(self, source: str) -> bool:
        return self._plan.clusters[source].is_issue

    def _will_be_issue(self, target: str) -> bool:
        return self._after[target] >= self._min_sessions or any(map(self._was_issue, self._sources[target]))

    def _merge(self, target: str) -> Merge:
        sources = _largest(self._sources[target], self._before, _SHARES)
        shares = [
            ClusterShare(
                key=source,
                symptom=self._plan.clusters[source].symptom,
                session_count=self._before[source],
                shared=self._shared[f"{source}\0{target}"],
                is_issue=self._was_issue(source),
            )
            for source in sources
        ]
        return Merge(target, self._after[target], len(self._sources[target]), shares)

    def _split(self, source: str) -> Split:
        clusters = self._plan.clusters
        shares = [
            ClusterShare(
                key=target,
                symptom=clusters[target].symptom if target in clusters else self._says[source, target],
                session_count=self._after[target],
                shared=self._shared[f"{source}\0{target}"],
                is_issue=self._will_be_issue(target),
            )
            for target in _largest(self._targets[source], self._after, _SHARES)
        ]
        return Split(source, clusters[source].symptom, self._before[source], len(self._targets[source]), shares)


def _largest(keys: Iterable[str], sessions: Mapping[str, int], count: int = _LISTED) -> list[str]:
    return nlargest(count, sorted(keys), key=lambda key: sessions[key])
