"""Finding the issue that a key means."""

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.errors import NotFound
from retrospec.issues.models import CANDIDATE, ClusterAlias, IssueCluster

# As the column has it: Tortoise refuses to look for longer texts.
KEY_LIMIT = 200


async def find_issue(project_id: str, cluster_key: str, *, lock: BaseDBAsyncClient | None = None) -> IssueCluster:
    """The issue of a key; of a merged key, the one that it was merged into.

    Args:
        project_id: Whose issue.
        cluster_key: As it stood in the path.
        lock: A transaction that is to hold the row.

    Raises:
        NotFound: The project has no such issue. Candidates are none yet.
    """
    # PostgreSQL takes no U+0000 in a text, so no key holds one.
    if len(cluster_key) > KEY_LIMIT or "\0" in cluster_key:
        raise NotFound("issue cluster not found")
    issue = await _issue(project_id, cluster_key, lock)
    if issue is None:
        aliases = ClusterAlias.filter(project_id=project_id, source_key=cluster_key)
        alias = await (aliases.using_db(lock) if lock else aliases).first()
        issue = await _issue(project_id, alias.target_key, lock) if alias else None
    if issue is None:
        raise NotFound("issue cluster not found")
    return issue


async def _issue(project_id: str, key: str, lock: BaseDBAsyncClient | None) -> IssueCluster | None:
    issues = IssueCluster.filter(project_id=project_id, key=key).exclude(state=CANDIDATE)
    return await (issues.select_for_update().using_db(lock) if lock else issues).first()
