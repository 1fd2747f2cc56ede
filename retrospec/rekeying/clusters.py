"""What is known of a project's clusters before they move."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.db import Row, Statement, read_json, rows
from retrospec.rekeying.lease import Leaving
from retrospec.rekeying.plan import Clusters, Known

_AT_ONCE = 1_000
_OF_A_STRATEGY = re.compile(r"[a-z_]+:[0-9a-f]{16}")

CLUSTERS = Statement("""
    SELECT key, state, symptom, session_count, strategy, strategy_version
    FROM issue_clusters WHERE project_id = $1 AND key > $2 ORDER BY key LIMIT $3
""")
ALIASES = Statement("""
    SELECT source_key, target_key, kind FROM cluster_aliases
    WHERE project_id = $1 AND source_key > $2 ORDER BY source_key LIMIT $3
""")
SPLITS = Statement("""
    SELECT a.cluster_key, a.metadata
    FROM @rows($2: key text) CROSS JOIN issue_activities a
    WHERE a.project_id = $1 AND a.cluster_key = r.key AND a.kind = 'split'
""")


async def read_clusters(
    db: BaseDBAsyncClient, project_id: str, strategy: str, version: int, leaving: Leaving | None
) -> Clusters:
    """Read them, some at a time.

    Args:
        db: Any connection.
        project_id: Whose.
        strategy: The one that the project moves to.
        version: Its version.
        leaving: The cluster that an interrupted move had in hand.
    """
    leads, kinds = dict[str, str](), dict[str, str]()
    async for page in _pages(db, ALIASES, project_id, "source_key"):
        leads.update((row["source_key"], row["target_key"]) for row in page)
        kinds.update((row["source_key"], row["kind"]) for row in page)
    merges = {key: target for key, target in leads.items() if kinds[key] == "merge"}
    targets, known = set(merges.values()), dict[str, Known]()
    async for page in _pages(db, CLUSTERS, project_id, "key"):
        by_hand = await _made_by_hand(db, project_id, [row["key"] for row in page])
        for row in page:
            known[row["key"]] = Known(
                key=row["key"],
                state=row["state"],
                symptom=row["symptom"],
                session_count=row["session_count"],
                by_hand=row["key"] in by_hand,
                whole=row["key"] in targets,
                current=(row["strategy"], row["strategy_version"]) == (strategy, version),
            )
    if leaving and leaving.key in known:
        one = known[leaving.key]
        one.whole, one.leads_to, one.state = leaving.whole, leaving.main, leaving.triage.state
    return Clusters(known, merges, {key: target for key, target in leads.items() if kinds[key] == "new"})


async def _pages(
    db: BaseDBAsyncClient, statement: Statement, project_id: str, key: str
) -> AsyncIterator[Sequence[Row]]:
    page, after = None, ""
    while page is None or page:
        page = await statement.fetch(db, project_id, after, _AT_ONCE)
        if page:
            yield page
            after = page[-1][key]


async def _made_by_hand(db: BaseDBAsyncClient, project_id: str, keys: Sequence[str]) -> set[str]:
    """Those that a split has made: a name that no strategy gives, or one that was given to it on that occasion."""
    by_hand = {key for key in keys if not _OF_A_STRATEGY.fullmatch(key)}
    for row in await SPLITS.fetch(db, project_id, rows({"key": key} for key in keys)):
        said = read_json(row["metadata"], dict[str, Any])
        if said.get("newClusterKey") == row["cluster_key"]:
            by_hand.add(row["cluster_key"])
    return by_hand
