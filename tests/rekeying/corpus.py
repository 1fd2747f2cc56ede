"""Projects to be moved: sessions whose markers say themselves what the strategy that is moved to calls them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from retrospec.core.db import Database
from retrospec.issues.models import (
    ClusterAlias,
    ClusterDay,
    ClusterMember,
    ClusterUser,
    IssueActivity,
    IssueCluster,
    KindHour,
)
from retrospec.plugin import MarkerFacts
from retrospec.rekeying.mover import Mover, Rekeyed
from retrospec.rekeying.step import Target
from retrospec.rekeying.survey import Keyer
from retrospec.sessions.models import ErrorMarker
from tests.issues.builders import PROJECT, ago, session, settle

OLD, NEW = "fingerprint1", "fingerprint"
TARGET = Target(PROJECT, NEW, 2, min_sessions=2)
U, V, W = (f"api_error:{letter * 16}" for letter in "123")


async def as_hinted(markers: Sequence[MarkerFacts]) -> list[str]:
    """The strategy that is moved to: a marker's hint."""
    return [marker.hint for marker in markers]


async def as_labelled(markers: Sequence[MarkerFacts]) -> list[str]:
    """Another one: its label."""
    return [marker.label for marker in markers]


async def visit(session_id: str, *hits: tuple[str, str], user: str = "", hours: float = 1) -> None:
    """Store a session whose markers are in a cluster and are to be given a key, a minute after each other."""
    times: dict[str, list[datetime]] = {}
    for number, (cluster, _) in enumerate(hits):
        times.setdefault(cluster, []).append(ago(hours=hours) + timedelta(minutes=number))
    await session(session_id, times, user=user)
    seen: Counter[str] = Counter()
    for cluster, key in hits:
        marker = ErrorMarker.filter(session_id=session_id, marker_id=f"{cluster}-{seen[cluster]}")
        await marker.update(hint=key)
        seen[cluster] += 1


async def visits(cluster: str, key: str, count: int, *, name: str = "", **fields: Any) -> None:
    """Store sessions with a marker each, hours after each other, and the cluster that they are in."""
    for number in range(count):
        # No two at the same time: which session is the latest would be open.
        hours = count - number + (ord(cluster[-1]) * 7 + ord(key[-1])) / 3600
        await visit(f"{name}{cluster[-1]}{key[-1]}-{number}", (cluster, key), user=f"u{number % 3}", hours=hours)
    await settled(**fields)


async def settled(**fields: Any) -> None:
    """Make the clusters that are not there yet, as the former strategy would have."""
    given: dict[str, Any] = {"strategy": OLD, "strategy_version": 1, **fields}
    await settle(PROJECT, **given)


def mover(database: Database, target: Target = TARGET, key: Keyer = as_hinted, **options: Any) -> Mover:
    """Moves the project at once: there is no server that has to hear of it."""
    given: dict[str, Any] = {"switched": False, "settle": 0, "patience": 0, **options}
    return Mover(database, target, key, **given)


async def rekey(database: Database, target: Target = TARGET) -> Rekeyed:
    """Move the project."""
    return await mover(database, target).run()


async def standing(key: str) -> IssueCluster:
    """A cluster as it is."""
    return await IssueCluster.get(project_id=PROJECT, key=key)


async def links() -> dict[str, str]:
    """Which keys lead to which clusters."""
    return {one.source_key: one.target_key for one in await ClusterAlias.filter(project_id=PROJECT)}


async def places() -> dict[str, str]:
    """The cluster that each marker is in."""
    found = await ErrorMarker.filter(project_id=PROJECT).values_list("session_id", "marker_id", "cluster_key")
    return {f"{session_id} {marker_id}": key for session_id, marker_id, key in found}


async def everything() -> list[list[dict[str, Any]]]:
    """All that a move may change, but when it was looked at last."""
    models = (ErrorMarker, IssueCluster, ClusterMember, ClusterDay, ClusterUser, KindHour, ClusterAlias, IssueActivity)
    return [await model.filter(project_id=PROJECT).order_by("uid").values() for model in models]
