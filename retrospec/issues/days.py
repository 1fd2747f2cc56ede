"""How often a cluster was hit on each day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows
from retrospec.issues.membership import Membership

_ADD = Statement("""
    INSERT INTO cluster_days (project_id, cluster_key, day, marker_count, session_count)
    SELECT r.project_id, r.cluster_key, r.day, r.marker_count, r.session_count
    FROM @rows($1: project_id text, cluster_key text, day date, marker_count bigint, session_count integer)
    WHERE true
    ON CONFLICT (project_id, cluster_key, day) DO UPDATE SET
        marker_count = cluster_days.marker_count + excluded.marker_count,
        session_count = cluster_days.session_count + excluded.session_count
""")
_MARKERS, _SESSIONS = 0, 1
_COLUMNS = ("project_id", "cluster_key", "day", "marker_count", "session_count")


async def add_days(db: BaseDBAsyncClient, members: Sequence[Membership]) -> None:
    """Add to the counts by day. Call it while the clusters are locked: their days are as hot as they are."""
    changes: defaultdict[tuple[str, str, date], list[int]] = defaultdict(lambda: [0, 0])
    for member in members:
        project_id, key = member.project_id, member.cluster_key
        for day, change in member.days.items():
            changes[project_id, key, day][_MARKERS] += change
        # A session counts on the day on which it first hit the cluster.
        if member.marker_count:
            changes[project_id, key, member.first_observed_at.date()][_SESSIONS] += 1
        if member.first_before is not None:
            changes[project_id, key, member.first_before.date()][_SESSIONS] -= 1
    touched = [
        dict(zip(_COLUMNS, (*day, *change), strict=True)) for day, change in sorted(changes.items()) if any(change)
    ]
    if touched:
        await _ADD.run(db, rows(touched))
