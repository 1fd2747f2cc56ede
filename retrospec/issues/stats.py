"""How often each kind of failure happened lately."""

from retrospec.core.clock import ago
from retrospec.core.db import Database, Statement, read_time
from retrospec.issues.schemas import IssueStats, KindStats

BY_KIND = Statement("""
    SELECT kind, count(*) AS markers, count(DISTINCT session_id) AS sessions,
           count(DISTINCT cluster_key) AS clusters, max(observed_at) AS last_seen
    FROM error_markers WHERE project_id = $1 AND observed_at >= $2
    GROUP BY kind ORDER BY markers DESC, kind
""")


async def issue_stats(database: Database, project_id: str, hours: int) -> IssueStats:
    """Count the failures of the last hours by kind, promoted or not, most frequent first."""
    found = await BY_KIND.fetch(database.connection, project_id, ago(hours=hours))
    return IssueStats(
        hours,
        [
            KindStats(row["kind"], row["markers"], row["sessions"], row["clusters"], read_time(row["last_seen"]))
            for row in found
        ],
    )
