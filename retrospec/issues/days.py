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
_COLUMNS = ("project_id", "cluster_key", "day", "marker_count", "session_count")


async def add_days(db: BaseDBAsyncClient, members: Sequence[Membership]) -> None:
    """Add to the counts by day. Call it while the clusters are locked: their days are as hot as they are."""
    markers: defaultdict[tuple[str, str, date], int] = defaultdict(int)
    sessions: defaultdict[tuple[str, str, date], int] = defaultdict(int)
    for member in members:
        project_id, key = member.project_id, member.cluster_key
        for day, change in member.days.items():
            markers[project_id, key, day] += change
        # A session counts on the day on which it first hit the cluster.
        if member.marker_count:
            sessions[project_id, key, member.first_observed_at.date()] += 1
        if member.first_before is not None:
            sessions[project_id, key, member.first_before.date()] -= 1
    touched = [
        (*ref, markers[ref], sessions[ref])
        for ref in sorted(markers.keys() | sessions.keys())
        if markers[ref] or sessions[ref]
    ]
    if touched:
        await _ADD.run(db, rows(dict(zip(_COLUMNS, one, strict=True)) for one in touched))
