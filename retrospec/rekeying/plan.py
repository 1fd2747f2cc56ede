"""Which cluster becomes which, decided from what a survey has found. Touches no row.

Whatever stands in the database while a move is under way leads to the same end: what has moved already stays where it
is, and what has not goes where it would have gone. So a move that was interrupted is simply planned again.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

import msgspec

from retrospec.issues.models import CANDIDATE
from retrospec.rekeying.survey import Pair, PairRef, Survey


class Known(msgspec.Struct):
    """What is asked of a cluster.

    Attributes:
        by_hand: A split made it, and named it: no strategy gives its key.
        whole: People have merged others into it. It is moved as one.
        leads_to: The main cluster that it was going to when a move of it was interrupted; empty for all others.
        current: It has its key of the strategy that the project moves to.
    """

    key: str
    state: str
    symptom: str
    session_count: int
    by_hand: bool = False
    whole: bool = False
    leads_to: str = ""
    current: bool = False

    @property
    def is_issue(self) -> bool:
        """Whether it is one; a candidate otherwise."""
        return self.state != CANDIDATE

    @property
    def stays(self) -> bool:
        """Whether all that is in it stays in it, whatever the strategy says."""
        return self.by_hand or (self.whole and self.current)


class Clusters(msgspec.Struct):
    """The clusters of a project, and which keys lead to them.

    Attributes:
        known: By key.
        merges: Keys that people have merged away, and into which cluster.
        on_their_way: Keys that are to come, and where their markers go until then.
    """

    known: dict[str, Known]
    merges: dict[str, str]
    on_their_way: dict[str, str]


class Move(msgspec.Struct):
    """What becomes of a cluster whose markers, all or some, go elsewhere.

    Attributes:
        main: The cluster that takes over its triage state, its history and its key as a link; itself where it stays.
        leaves: Nothing is to be left of it.
        keys: Of the strategy; they become aliases of the main one, since people have merged what they name.
        sample: A session with a marker that goes to the main one.
        first: When the oldest of its markers that are still kept happened.
    """

    source: Known
    main: str
    leaves: bool
    keys: list[str]
    sample: str
    first: datetime


class Plan(msgspec.Struct):
    """Where everything goes.

    Attributes:
        moves: In the order in which they are carried out: issues before candidates, the largest first.
        homes: By new key, the cluster that most of what it names is in now.
        finals: By new key, the cluster that it leads to at the end.
        merges: Keys that people have merged away by now, and into which cluster.
        mains: By cluster that is moved as one, where to.
    """

    survey: Survey
    clusters: Mapping[str, Known]
    moves: list[Move]
    homes: dict[str, str]
    finals: dict[str, str]
    merges: Mapping[str, str]
    mains: dict[str, str]

    def target(self, cluster: str, key: str) -> str:
        """The cluster that a marker belongs in.

        Args:
            cluster: The one that it is in.
            key: What the strategy calls it.
        """
        return self.mains.get(cluster) or self.finals.get(key, key)


def draw_up(survey: Survey, clusters: Clusters) -> Plan:
    """Decide where everything goes.

    Args:
        survey: What was found.
        clusters: Of the project.
    """
    merges = clusters.merges
    by_cluster: defaultdict[str, dict[str, Pair]] = defaultdict(dict)
    for (cluster, key), pair in survey.pairs.items():
        by_cluster[cluster][key] = pair
    known = {**{cluster: Known(cluster, CANDIDATE, "", 0) for cluster in by_cluster}, **clusters.known}
    homes = _homes(survey.pairs, known, clusters.on_their_way | merges)
    mains = {cluster: _main(known[cluster], its) for cluster, its in by_cluster.items() if _is_one(known[cluster])}
    finals = _finals(survey.pairs, homes, mains, known)
    mains = {cluster: cluster if known[cluster].stays else finals.get(key, key) for cluster, key in mains.items()}
    plan = Plan(survey, known, [], homes, finals, merges, mains)
    alive = {plan.target(*ref) for ref in survey.pairs}
    moves = [_move(plan, known[cluster], its, alive) for cluster, its in by_cluster.items()]
    plan.moves = sorted((move for move in moves if move), key=_order)
    return plan


def _is_one(cluster: Known) -> bool:
    return cluster.whole or cluster.by_hand


def _main(cluster: Known, pairs: Mapping[str, Pair]) -> str:
    """The key that a cluster goes by which is moved as one."""
    if cluster.stays or cluster.key in pairs:
        return cluster.key
    return cluster.leads_to or max(sorted(pairs), key=lambda key: pairs[key].sessions)


def _homes(pairs: Mapping[PairRef, Pair], known: Mapping[str, Known], leads: Mapping[str, str]) -> dict[str, str]:
    """Where most of what each key names is now, unless it leads to a cluster already."""
    homes: dict[str, str] = {}
    most: dict[str, int] = {}
    for (cluster, key), pair in sorted(pairs.items()):
        # What a split has taken out says nothing about what comes later.
        if (not known[cluster].by_hand or known[cluster].whole) and pair.sessions > most.get(key, 0):
            homes[key], most[key] = cluster, pair.sessions
    # What has arrived is at home, however much of it people have merged into others.
    arrived = {key: key for cluster, key in pairs if cluster == key and known[key].current}
    return homes | arrived | {key: leads[key] for _, key in pairs if leads.get(key) in known}


def _finals(
    pairs: Mapping[PairRef, Pair], homes: Mapping[str, str], mains: Mapping[str, str], clusters: Mapping[str, Known]
) -> dict[str, str]:
    """What each key leads to. Keys that people have merged form groups, and go by the one of most markers."""
    # Of markers: a move in between changes nothing about how many a key names.
    sizes = Counter[str]()
    for (_, key), pair in pairs.items():
        sizes[key] += pair.markers
    leads = {key: mains.get(homes[key], homes[key]) if _is_one(clusters[homes[key]]) else key for key in homes}
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for key in sizes:
        groups[_end(key, leads)].append(key)
    finals = {}
    for end, keys in groups.items():
        stays = end in clusters and (clusters[end].stays or end not in sizes)
        final = end if stays else max(sorted({*keys, end}), key=lambda key: sizes[key])
        finals.update(dict.fromkeys(keys, final))
    return finals


def _end(key: str, leads: Mapping[str, str]) -> str:
    """The last of the keys that one leads to; of a circle its least."""
    seen = [key]
    while (following := leads.get(seen[-1], seen[-1])) not in seen:
        seen.append(following)
    return min(seen[seen.index(following) :])


def _move(plan: Plan, cluster: Known, pairs: Mapping[str, Pair], alive: set[str]) -> Move | None:
    targets: defaultdict[str, int] = defaultdict(int)
    for key, pair in pairs.items():
        targets[plan.target(cluster.key, key)] += pair.sessions
    if targets.keys() == {cluster.key}:
        return None
    leaves = cluster.key not in alive
    main = cluster.key
    if leaves:
        main = cluster.leads_to if cluster.leads_to in targets else max(sorted(targets), key=targets.__getitem__)
    return Move(
        source=cluster,
        main=main,
        leaves=leaves,
        keys=sorted(k for k in pairs if cluster.whole and plan.homes.get(k) == cluster.key and plan.finals[k] != k),
        sample=next(
            (pair.sample for key, pair in sorted(pairs.items()) if leaves and plan.target(cluster.key, key) == main), ""
        ),
        first=min(pair.first for pair in pairs.values()),
    )


def _order(move: Move) -> tuple[bool, int, str]:
    return not move.source.is_issue, -move.source.session_count, move.source.key


def merged_now(plan: Plan) -> dict[str, str]:
    """New keys that people have merged, as part of clusters that need not move: what each leads to from now on."""
    moving = {move.source.key for move in plan.moves}
    return {
        key: plan.finals[key]
        for key, home in plan.homes.items()
        if plan.finals[key] not in {key, plan.merges.get(key)} and plan.clusters[home].whole and home not in moving
    }


def on_their_way(plan: Plan) -> dict[str, str]:
    """New keys that have no cluster yet, and the one that their markers join until then."""
    settled = plan.clusters.keys() | plan.merges.keys() | merged_now(plan).keys()
    return {key: home for key, home in plan.homes.items() if key not in settled}
