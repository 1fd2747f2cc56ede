"""Mutes that end by time. Those that end by sessions are ended by the session that does."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeVar, cast

from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import now
from retrospec.core.db import Statement, reading, transaction
from retrospec.issues.activity import Happening, record
from retrospec.issues.models import IssueCluster
from retrospec.plugin import IssueStateChanged
from retrospec.plugin.observers import NOBODY, Observers

Result = TypeVar("Result")
_STEP = 500

# By an index that holds the muted only, so these read what is over and nothing else. It begins with the project, so a
# look at all is one at each.
OVER_IN_PROJECT = Statement("""
    SELECT c.uid FROM issue_clusters c WHERE c.project_id = $2 AND c.state = 'muted' AND c.muted_until <= $1 LIMIT $3
""")
# For a list: with it, the list is empty while there is one. To ask by itself took 80 µs of 1,700.
NONE_OVER = """
    NOT EXISTS (SELECT 1 FROM issue_clusters o WHERE o.project_id = $1 AND o.state = 'muted' AND o.muted_until <= $5)
"""
# No mute ends as early.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
OVER_ANYWHERE = Statement("""
    SELECT c.uid FROM projects p JOIN issue_clusters c ON c.project_id = p.id
    WHERE c.state = 'muted' AND c.muted_until <= $1 LIMIT $2
""")


async def reading_after_mutes(
    project_id: str, work: Callable[[BaseDBAsyncClient], Coroutine[Any, Any, Result]], observers: Observers = NOBODY
) -> Result:
    """Read issues of a project as `core.db.reading` does, with no mute among them that is over."""

    async def careful(db: BaseDBAsyncClient) -> tuple[bool, Result | None]:
        over = await OVER_IN_PROJECT.fetch(db, now(), project_id, 1)
        return (False, None) if over else (True, await work(db))

    done, result = await reading(careful)
    if done:
        return cast("Result", result)
    await end_mutes(project_id, observers)
    return await reading(work)


async def end_mutes(project_id: str | None = None, observers: Observers = NOBODY) -> int:
    """Open the issues whose mute is over, at most 500 of them, and say how many.

    Args:
        project_id: Look at one project only; None looks at all.
        observers: Who hears of it.
    """
    moment = now()

    async def look(db: BaseDBAsyncClient) -> list[int]:
        if project_id is None:
            return [row["uid"] for row in await OVER_ANYWHERE.fetch(db, moment, _STEP)]
        return [row["uid"] for row in await OVER_IN_PROJECT.fetch(db, moment, project_id, _STEP)]

    due = await reading(look)
    if not due:
        return 0
    async with transaction() as db:
        muted = IssueCluster.filter(uid__in=due, state="muted", muted_until__lte=moment).using_db(db)
        # In the order in which everybody locks clusters.
        ended = await muted.order_by("project_id", "key").select_for_update()
        opened = IssueCluster.filter(uid__in=[issue.uid for issue in ended]).using_db(db)
        await opened.update(state="open", muted_until=None, muted_until_sessions=None, state_updated_at=moment)
        for project, issues in groupby(ended, lambda issue: issue.project_id):
            await record(db, project, [_ended(issue) for issue in issues], moment)
    for issue in ended:
        observers.tell(
            IssueStateChanged(issue.project_id, issue.key, "muted", "open", "mute_ended", issue.assignee, moment)
        )
    return len(ended)


def _ended(issue: IssueCluster) -> Happening:
    return Happening(
        cluster_key=issue.key,
        kind="unmuted",
        metadata={"sessionCount": issue.session_count, "mutedUntil": issue.muted_until},
    )
