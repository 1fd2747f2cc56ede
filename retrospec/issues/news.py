"""What observers hear about issues. Told after the transaction in which it happened."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from retrospec.issues.lifecycle import Seen
from retrospec.issues.membership import Cluster
from retrospec.issues.models import IssueCluster
from retrospec.plugin.events import IssuePromoted, IssueStateChanged
from retrospec.plugin.observers import Observers


def tell_seen(observers: Observers, seen: Iterable[Seen], *, trigger: str, now: datetime) -> None:
    """Tell what a batch has done to clusters.

    Args:
        observers: Who hears of it.
        seen: The clusters as the batch has left them.
        trigger: What made them issues.
        now: The batch's time.
    """
    for one in seen:
        for event in _events(one, trigger, now):
            observers.tell(event)


def _events(seen: Seen, trigger: str, now: datetime) -> Iterator[IssuePromoted | IssueStateChanged]:
    cluster = seen.cluster
    if "promoted" in seen.activities:
        yield promotion_of(cluster, trigger, now)
    if "regressed" in seen.activities:
        yield IssueStateChanged(
            cluster.project_id, cluster.key, "resolved", cluster.state, "regressed", cluster.assignee, now
        )
    if "unmuted" in seen.activities:
        yield IssueStateChanged(
            cluster.project_id, cluster.key, "muted", cluster.state, "mute_ended", cluster.assignee, now
        )


def promotion_of(cluster: Cluster | IssueCluster, trigger: str, now: datetime) -> IssuePromoted:
    """That a cluster has become an issue."""
    return IssuePromoted(
        project_id=cluster.project_id,
        cluster_key=cluster.key,
        kind=cluster.kind,
        symptom=cluster.symptom,
        session_count=cluster.session_count,
        user_count=cluster.user_count,
        representative_session_id=cluster.representative_session_id,
        trigger=trigger,
        at=now,
    )
