"""Promoting on request. It lives here, and not with the issues, because promoting tells people."""

from retrospec.alerts.promotion import Promoted, Promoter
from retrospec.core.routing import Routes
from retrospec.projects.auth import Caller

alert_routes = Routes("alerts", tag="Issues")


@alert_routes.post("/v1/issues/promote")
async def promote_issues(caller: Caller, promoter: Promoter) -> Promoted:
    """Promote the clusters that repeat.

    Every cluster of the project that at least `CLUSTER_PROMOTE_MIN_SESSIONS` sessions hit becomes an issue.
    Answers with the issues that this call promoted, or whose session count it updated.
    """
    return await promoter.promote(caller.project_id, trigger="manual_promote")
