"""Failures, sinks and what they were told, for the tests of alerts."""

from datetime import timedelta
from itertools import islice, product
from typing import Any

from retrospec.alerts.models import AlertDelivery
from retrospec.core.clock import now
from retrospec.issues.models import ClusterDay, IssueCluster
from tests.client import Client, Json, marker

SYLLABLES = ("ka", "lo", "mi", "ne", "ru", "so", "ti", "va")


def failures(count: int) -> list[Json]:
    """Failures that no clustering strategy takes for one."""
    words = ("".join(parts) for parts in islice(product(SYLLABLES, repeat=3), count))
    return [marker(word, label=f"POST /{word} -> 500", clusterKey=word) for word in words]


async def told(sink: str = "log", **filters: Any) -> list[str]:
    """The events that were accepted for a sink, in order."""
    found = AlertDelivery.filter(sink=sink, status__not="held_back", **filters).order_by("uid")
    return [one.event for one in await found]


async def forget_alerts() -> None:
    """Let every cooldown pass."""
    await AlertDelivery.all().update(created_at=now() - timedelta(days=1))


async def usual(key: str, *, sessions: int, hours: float = 48, promoted_hours: float = 24) -> None:
    """Make an issue look as if so many sessions had hit it until an hour ago, and none since."""
    moment = now()
    await IssueCluster.filter(key=key).update(
        first_seen_at=moment - timedelta(hours=hours),
        promoted_at=moment - timedelta(hours=promoted_hours),
        recent="",
    )
    await ClusterDay.filter(cluster_key=key).delete()
    await ClusterDay.create(
        project_id="proj_default",
        cluster_key=key,
        day=(moment - timedelta(days=1)).date(),
        marker_count=sessions,
        session_count=sessions,
    )


async def hit(client: Client, sessions: int, name: str = "again", **failure: Any) -> list[int]:
    """Have new sessions hit a failure, one after the other; gives the alerts that each gave rise to."""
    return [(await client.ingest(f"{name}-{number}", marker(**failure)))["alertsSent"] for number in range(sessions)]
