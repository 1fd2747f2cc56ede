"""Issues over HTTP."""

from retrospec.core.db import Database
from retrospec.core.routing import Routes
from retrospec.core.settings import Settings
from retrospec.issues import feedback, merging, mutes, queries, splitting, stats, triage
from retrospec.issues.explained import ClusterExplainer
from retrospec.issues.schemas import (
    FeedbackAnswer,
    FeedbackGiven,
    FeedbackList,
    FeedbackQuery,
    IssueAnswer,
    IssueList,
    IssueSessions,
    IssuesQuery,
    IssueStats,
    MergeAnswer,
    MergeOrder,
    SessionsQuery,
    SplitAnswer,
    SplitOrder,
    StateAnswer,
    StateChange,
    StatsQuery,
)
from retrospec.plugin.observers import Observers
from retrospec.projects.auth import Caller

issues = Routes("issues", tag="Issues")


@issues.get("/v1/issues")
async def list_issues(caller: Caller, query: IssuesQuery, settings: Settings, observers: Observers) -> IssueList:
    """List a project's issues, latest seen first.

    `nextCursor` is there while there are more; give it back as `cursor`. With `q` or `kind` a page looks at 2,000
    issues at the most: it may have fewer than `limit`, or none, and still a `nextCursor`.
    """
    return await queries.list_issues(caller.project_id, query, settings.cluster_promote_min_sessions, observers)


@issues.get("/v1/issues/stats")
async def issue_stats(caller: Caller, query: StatsQuery, database: Database) -> IssueStats:
    """Count the failures of the last hours by kind.

    All failures count, those of clusters that are no issues yet too. The counts begin with the full hour, in UTC, in
    which this time began. A cluster counts under its own kind when it was last seen in it.
    """
    return await stats.issue_stats(database, caller.project_id, query.hours)


@issues.get("/v1/issues/<cluster_key:str>")
async def get_issue(
    caller: Caller, cluster_key: str, settings: Settings, observers: Observers, explainer: ClusterExplainer
) -> IssueAnswer:
    """Get an issue with its last 14 days, its latest activities, and why its failures belong together.

    The key of a merged issue gives the one that it was merged into, here and wherever a path holds a key.
    """
    least = settings.cluster_promote_min_sessions
    found = await queries.get_issue(caller.project_id, cluster_key, least, observers)
    found.explanation = await explainer.explain_cluster(found)
    return IssueAnswer(found)


@issues.get("/v1/issues/<cluster_key:str>/sessions")
async def list_issue_sessions(caller: Caller, cluster_key: str, query: SessionsQuery) -> IssueSessions:
    """List the sessions that hit an issue, latest first.

    A session without a report card counts as `pending` with confidence 0. `nextCursor` is there while there are more.
    With `reportStatus` or `minConfidence` a page looks at 2,000 sessions at the most: it may have fewer than `limit`,
    or none, and still a `nextCursor`.
    """
    return await queries.list_sessions(caller.project_id, cluster_key, query)


@issues.post("/v1/issues/<cluster_key:str>/state")
async def set_issue_state(caller: Caller, cluster_key: str, body: StateChange, observers: Observers) -> StateAnswer:
    """Open, acknowledge, resolve or mute an issue.

    An empty state means `open`. Muting takes `mutedUntil`, `mutedSessions`, or both: the first that is reached ends
    it. A resolved issue that is seen again is open again and `regressed`.
    """
    await mutes.end_mutes(caller.project_id, observers)
    return StateAnswer(await triage.set_state(caller.project_id, cluster_key, body, observers))


@issues.post("/v1/issues/<cluster_key:str>/feedback", status=202)
async def give_issue_feedback(caller: Caller, cluster_key: str, body: FeedbackGiven) -> FeedbackAnswer:
    """Say what you think of an issue.

    It changes nothing but the record. `metadata` may be any JSON object of at most 64 KiB.
    """
    return FeedbackAnswer(await feedback.give_feedback(caller.project_id, cluster_key, body))


@issues.get("/v1/issues/<cluster_key:str>/feedback")
async def list_issue_feedback(caller: Caller, cluster_key: str, query: FeedbackQuery) -> FeedbackList:
    """List the feedback on an issue, newest first.

    Merges and splits stand among it. `nextCursor` is there while there is more.
    """
    return await feedback.list_feedback(caller.project_id, cluster_key, query)


@issues.post("/v1/issues/merge", status=202)
async def merge_issues(caller: Caller, body: MergeOrder, settings: Settings) -> MergeAnswer:
    """Merge up to 100 clusters into one.

    The target keeps its state. Markers that arrive later with a merged key join it. Answers 404 when one of them is
    unknown.
    """
    return MergeAnswer(await merging.merge(caller.project_id, body, settings.cluster_promote_min_sessions))


@issues.post("/v1/issues/<cluster_key:str>/split", status=202)
async def split_issue(caller: Caller, cluster_key: str, body: SplitOrder, settings: Settings) -> SplitAnswer:
    """Move the failures of up to 1,000 sessions out of an issue, into a new one.

    Markers that arrive later go where the clustering strategy puts them, which is the issue that was split.
    """
    result = await splitting.split(caller.project_id, cluster_key, body, settings.cluster_promote_min_sessions)
    return SplitAnswer(result)
