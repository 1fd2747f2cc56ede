"""Mutes that end by time. Those that end by sessions are ended by the session that does."""

from itertools import groupby

from tortoise.expressions import Subquery

from retrospec.core.clock import now
from retrospec.core.db import transaction
from retrospec.issues.activity import Happening, record
from retrospec.issues.models import IssueCluster
from retrospec.projects.models import Project

_STEP = 500


async def end_mutes(project_id: str | None = None) -> int:
    """Open the issues whose mute is over, at most 500 of them, and say how many.

    While there is none, this is one read by an index.

    Args:
        project_id: Look at one project only; None looks at all.
    """
    moment = now()
    over = IssueCluster.filter(state="muted", muted_until__lte=moment)
    # The index on states begins with the project, so a look at all is one at each.
    projects = [project_id] if project_id is not None else Subquery(Project.all().values("id"))
    due = await over.filter(project_id__in=projects).limit(_STEP).values_list("uid", flat=True)
    if not due:
        return 0
    async with transaction() as db:
        muted = over.filter(uid__in=due).using_db(db)
        # In the order in which everybody locks clusters.
        ended = await muted.order_by("project_id", "key").select_for_update()
        opened = IssueCluster.filter(uid__in=[issue.uid for issue in ended]).using_db(db)
        await opened.update(state="open", muted_until=None, muted_until_sessions=None, state_updated_at=moment)
        for project, issues in groupby(ended, lambda issue: issue.project_id):
            await record(db, project, [_ended(issue) for issue in issues], moment)
    return len(ended)


def _ended(issue: IssueCluster) -> Happening:
    return Happening(
        cluster_key=issue.key,
        kind="unmuted",
        metadata={"sessionCount": issue.session_count, "mutedUntil": issue.muted_until},
    )
