"""The users whom clusters were seen by: counted by sessions, so that nobody has to read these."""

from collections import Counter
from collections.abc import Mapping

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement, rows

UserRef = tuple[str, str, str]  # project id, cluster key, the user's hash

# One statement for what is added and what is taken away, in the order of its rows: two batches with two of them
# could wait for each other.
_COUNT = Statement("""
    INSERT INTO cluster_users (project_id, cluster_key, user_hash, session_count)
    SELECT r.project_id, r.cluster_key, r.user_hash, r.sessions
    FROM @rows($1: project_id text, cluster_key text, user_hash text, sessions integer) WHERE true
    ON CONFLICT (project_id, user_hash, cluster_key) DO UPDATE SET
        session_count = cluster_users.session_count + excluded.session_count
    RETURNING project_id, cluster_key, user_hash, session_count
""")

# CROSS JOIN: SQLite keeps to its order, and would otherwise begin with all users of the project.
_FORGET = Statement("""
    DELETE FROM cluster_users WHERE uid IN (
        SELECT u.uid FROM @rows($1: project_id text, cluster_key text, user_hash text) CROSS JOIN cluster_users u
        WHERE u.project_id = r.project_id AND u.user_hash = r.user_hash AND u.cluster_key = r.cluster_key)
""")

# Through the members: there is no index that begins with the cluster.
_FORGET_CLUSTER = Statement("""
    DELETE FROM cluster_users
    WHERE project_id = $1 AND cluster_key = $2
      AND user_hash IN (SELECT m.user_hash FROM cluster_members m WHERE m.project_id = $1 AND m.cluster_key = $2)
""")

_COUNT_CLUSTER = Statement("""
    INSERT INTO cluster_users (project_id, cluster_key, user_hash, session_count)
    SELECT project_id, cluster_key, user_hash, count(*) FROM cluster_members
    WHERE project_id = $1 AND cluster_key = $2 AND user_hash <> ''
    GROUP BY project_id, cluster_key, user_hash
    ON CONFLICT (project_id, user_hash, cluster_key) DO UPDATE SET session_count = excluded.session_count
""")


async def count_users(db: BaseDBAsyncClient, sessions: Mapping[UserRef, int]) -> Counter[tuple[str, str]]:
    """Add to the number of sessions in which users hit clusters, and forget users that have none left.

    Args:
        db: A transaction.
        sessions: The change by project, cluster and user; sessions without a user count for nobody.

    Returns:
        How many users more there are, by project and cluster.
    """
    # In the order of their index.
    changed = sorted((project, user, key) for (project, key, user), change in sessions.items() if change and user)
    if not changed:
        return Counter()
    sent = [
        {"project_id": project, "user_hash": user, "cluster_key": key, "sessions": sessions[project, key, user]}
        for project, user, key in changed
    ]
    more: Counter[tuple[str, str]] = Counter()
    gone = []
    for row in await _COUNT.fetch(db, rows(sent)):
        ref = row["project_id"], row["cluster_key"], row["user_hash"]
        if row["session_count"] <= 0:
            more[ref[:2]] -= 1
            gone.append(_named(*ref))
        elif row["session_count"] == sessions[ref]:
            more[ref[:2]] += 1
    if gone:
        await _FORGET.run(db, rows(gone))
    return more


def _named(project_id: str, cluster_key: str, user_hash: str) -> dict[str, str]:
    return {"project_id": project_id, "cluster_key": cluster_key, "user_hash": user_hash}


async def forget_users(db: BaseDBAsyncClient, project_id: str, cluster_key: str) -> None:
    """Forget the users of a cluster. Call it while its members are still there."""
    await _FORGET_CLUSTER.run(db, project_id, cluster_key)


async def recount_users(db: BaseDBAsyncClient, project_id: str, cluster_key: str) -> None:
    """Count anew in how many sessions each user hits a cluster. Those who have left it must be gone already."""
    await _COUNT_CLUSTER.run(db, project_id, cluster_key)
