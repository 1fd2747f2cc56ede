"""Finding the issue that a key means."""

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Statement
from retrospec.core.errors import NotFound
from retrospec.issues.listed import ISSUE_COLUMNS, KEY
from retrospec.issues.models import CANDIDATE, ClusterAlias, IssueCluster
from retrospec.issues.paging import ListedRow

# As the column has it: Tortoise refuses to look for longer texts.
KEY_LIMIT = 200

IS_ISSUE = Statement("SELECT key FROM issue_clusters WHERE project_id = $1 AND key = $2 AND state <> 'candidate'")
BY_KEY = Statement(f"""
    SELECT {ISSUE_COLUMNS} FROM issue_clusters c WHERE c.project_id = $1 AND c.key = $2 AND c.state <> 'candidate'
""")  # noqa: S608 (the columns are our own)

BY_ALIAS = Statement(f"""
    SELECT {ISSUE_COLUMNS} FROM cluster_aliases a
    JOIN issue_clusters c ON c.project_id = a.project_id AND c.key = a.target_key
    WHERE a.project_id = $1 AND a.source_key = $2 AND c.state <> 'candidate'
""")  # noqa: S608


async def read_issue(db: BaseDBAsyncClient, project_id: str, cluster_key: str) -> ListedRow:
    """The `ISSUE_COLUMNS` of the issue of a key.

    Args:
        db: As `core.db.reading` gives it.
        project_id: Whose issue.
        cluster_key: As for `find_issue`.

    Raises:
        NotFound: The project has no such issue.
    """
    check_key(cluster_key)
    for statement in (BY_KEY, BY_ALIAS):
        if found := await statement.select(db, project_id, cluster_key):
            return found[0]
    raise NotFound("issue cluster not found")


async def read_key(db: BaseDBAsyncClient, project_id: str, cluster_key: str) -> str:
    """The key of the issue that a key means: mostly the same. As `read_issue` otherwise."""
    check_key(cluster_key)
    if await IS_ISSUE.select(db, project_id, cluster_key):
        return cluster_key
    key: str = (await read_issue(db, project_id, cluster_key))[KEY]
    return key


async def find_issue(project_id: str, cluster_key: str, *, lock: BaseDBAsyncClient) -> IssueCluster:
    """The issue of a key; of a merged key, the one that it was merged into.

    Args:
        project_id: Whose issue.
        cluster_key: As it stood in the path.
        lock: A transaction that is to hold the row.

    Raises:
        NotFound: The project has no such issue. Candidates are none yet.
    """
    check_key(cluster_key)
    issue = await _issue(project_id, cluster_key, lock)
    if issue is None:
        alias = await ClusterAlias.filter(project_id=project_id, source_key=cluster_key).using_db(lock).first()
        issue = await _issue(project_id, alias.target_key, lock) if alias else None
    if issue is None:
        raise NotFound("issue cluster not found")
    return issue


def check_key(cluster_key: str) -> None:
    # PostgreSQL takes no U+0000 in a text, so no key holds one.
    if len(cluster_key) > KEY_LIMIT or "\0" in cluster_key:
        raise NotFound("issue cluster not found")


async def _issue(project_id: str, key: str, lock: BaseDBAsyncClient) -> IssueCluster | None:
    issues = IssueCluster.filter(project_id=project_id, key=key).exclude(state=CANDIDATE)
    return await issues.select_for_update().using_db(lock).first()
