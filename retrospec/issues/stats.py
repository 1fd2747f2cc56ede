"""How often each kind of failure happened lately."""

from datetime import timedelta

from retrospec.core.clock import now
from retrospec.core.db import Database, Statement, read_time
from retrospec.issues.kinds import hour_of
from retrospec.issues.schemas import IssueStats, KindStats

# Four rows an hour at the most, however much happened in it.
BY_KIND = Statement("""
    SELECT kind, CAST(sum(marker_count) AS bigint) AS markers, CAST(sum(session_count) AS bigint) AS sessions,
           CAST(sum(cluster_count) AS bigint) AS clusters,
           max(CASE WHEN marker_count > 0 THEN last_seen_at END) AS last_seen
    FROM kind_hours WHERE project_id = $1 AND hour >= $2 AND (marker_count > 0 OR cluster_count > 0)
    GROUP BY kind HAVING sum(marker_count) > 0 ORDER BY markers DESC, kind
""")


async def issue_stats(database: Database, project_id: str, hours: int) -> IssueStats:
    """Count the failures of the last hours by kind, promoted or not, most frequent first.

    The hour in which this time began counts as a whole.
    """
    since = hour_of(now() - timedelta(hours=hours))
    found = await BY_KIND.fetch(database.connection, project_id, since)
    return IssueStats(
        hours,
        [
            KindStats(row["kind"], row["markers"], row["sessions"], row["clusters"], read_time(row["last_seen"]))
            for row in found
        ],
    )
