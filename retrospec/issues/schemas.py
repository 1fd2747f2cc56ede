"""What goes over the wire about issues."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from retrospec.issues.explained import IssueExplanation
from retrospec.issues.models import IssueActivity, IssueCluster
from retrospec.sessions.schemas import Kind

State = Literal["open", "acknowledged", "resolved", "muted"]
FeedbackKind = Literal["false_positive", "true_positive", "invalid", "suppressed", "unsuppressed", "merge", "split"]
ReportStatus = Literal["pending", "ready", "failed", "discarded"]
Key = Annotated[str, Meta(examples=["api_error:0a1b2c3d4e5f6071"])]
Cursor = Annotated[str, Meta(description="`nextCursor` of the page before")]
Confidence = Annotated[float, Meta(ge=0, le=1)]


# Without `gc`: hundreds are made for an answer, and none can hold itself.
class Issue(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """A failure that sessions share, and where its triage stands.

    `mutedUntilSessions` is the session count at which a mute ends.
    """

    project_id: str
    key: Key
    kind: str
    symptom: str
    session_count: int
    user_count: int
    marker_count: int
    representative_session_id: str
    confidence: Confidence
    first_seen_at: datetime
    last_seen_at: datetime
    created_at: datetime
    state: str
    assignee: str
    state_note: str
    regressed: bool
    strategy: str
    strategy_version: int
    muted_until: datetime | None = None
    muted_until_sessions: int | None = None
    state_updated_at: datetime | None = None


class IssueDay(msgspec.Struct, rename="camel"):
    """How often an issue was hit on one day, in UTC. A session counts on the day on which it first hit the issue."""

    day: date
    marker_count: int
    session_count: int


class Activity(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Something that happened to an issue.

    `kind` is `promoted`, `state_changed`, `regressed`, `unmuted`, `rekeyed`, or a kind of feedback.
    """

    id: str
    kind: str
    session_id: str = ""
    note: str = ""
    metadata: dict[str, Any] = {}
    created_by: str
    created_at: datetime


class IssueDetail(Issue, kw_only=True, gc=True):
    """An issue with its last 14 days, oldest first, and its latest 100 activities, newest first.

    `explanation` tells why its failures belong together.
    """

    daily: list[IssueDay]
    activity: list[Activity]
    explanation: IssueExplanation | None = None


class IssueAnswer(msgspec.Struct, rename="camel"):
    """An issue."""

    issue: IssueDetail


class IssuesQuery(msgspec.Struct, rename="camel"):
    """Which issues to list. `active` means open or acknowledged; `q` is a part of the symptom or of the key."""

    state: Literal["", "open", "acknowledged", "resolved", "muted", "active"] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 500
    cursor: Cursor = ""
    q: Annotated[str, Meta(max_length=200)] = ""
    kind: Literal["", Kind] = ""


class IssueList(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Issues, latest seen first."""

    issues: list[Issue]
    state: str
    next_cursor: str = ""


class SessionsQuery(msgspec.Struct, rename="camel"):
    """Which sessions of an issue to list."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 30
    report_status: Literal["", ReportStatus] = ""
    min_confidence: Confidence = 0.0
    cursor: Cursor = ""


class SessionFilters(msgspec.Struct, rename="camel"):
    """The filters that were applied."""

    report_status: str
    min_confidence: float


# Without `gc`: as for `Issue`.
class IssueSession(msgspec.Struct, rename="camel", gc=False):
    """A session that hit an issue."""

    session_id: str
    project_id: str
    site: str
    route: str
    started_at: datetime
    duration_ms: int
    last_observed_at: datetime
    marker_count: int
    report_status: str
    report_confidence: float
    report_symptom: str


class IssueSessions(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Sessions that hit an issue, latest first."""

    cluster_key: Key
    limit: int
    filters: SessionFilters
    sessions: list[IssueSession]
    next_cursor: str = ""


class StateChange(msgspec.Struct, rename="camel"):
    """Where an issue is to stand. Assignee and note replace the former ones, empty when absent."""

    state: Literal["", State] | None = ""
    assignee: str | None = None
    note: str | None = None
    muted_until: Annotated[
        str | None,
        Meta(description="RFC 3339, in the future", extra_json_schema={"format": "date-time"}),
    ] = None
    muted_sessions: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000_000)] | None,
        Meta(description="Muted until so many more sessions hit it"),
    ] = None


class IssueState(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Where an issue stands."""

    project_id: str
    cluster_key: Key
    state: str
    assignee: str
    muted_until: datetime | None = None
    muted_until_sessions: int | None = None
    note: str
    created_at: datetime
    updated_at: datetime


class StateAnswer(msgspec.Struct, rename="camel"):
    """Where the issue stands now."""

    state: IssueState


class FeedbackGiven(msgspec.Struct, rename="camel"):
    """What somebody thinks of an issue."""

    kind: FeedbackKind
    session_id: str | None = None
    note: str | None = None
    metadata: dict[str, Any] | None = None
    created_by: str | None = None


class Feedback(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What somebody thought of an issue, or did to it."""

    id: str
    project_id: str
    cluster_key: Key
    session_id: str = ""
    feedback_kind: str
    note: str
    metadata: dict[str, Any] = {}
    created_by: str
    created_at: datetime


class FeedbackAnswer(msgspec.Struct, rename="camel"):
    """The feedback as it was recorded."""

    feedback: Feedback


class FeedbackQuery(msgspec.Struct, rename="camel"):
    """How much feedback to list."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Cursor = ""


class FeedbackList(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Feedback on an issue, newest first; merges and splits too."""

    cluster_key: Key
    limit: int
    events: list[Feedback]
    next_cursor: str = ""


class MergeOrder(msgspec.Struct, rename="camel"):
    """Clusters that are the same failure as the target."""

    target_cluster_key: Key
    source_cluster_keys: list[Key]
    note: str | None = None
    created_by: str | None = None


class MergeResult(msgspec.Struct, rename="camel"):
    """What a merge did."""

    target_cluster_key: Key
    source_cluster_keys: list[Key]
    moved_marker_count: int
    target_cluster: Issue


class MergeAnswer(msgspec.Struct, rename="camel"):
    """What the merge did."""

    result: MergeResult


class SplitOrder(msgspec.Struct, rename="camel"):
    """Sessions whose failure is another one."""

    session_ids: list[str]
    new_cluster_key: Annotated[
        str | None, Meta(description="1-200 characters of A-Z a-z 0-9 . _ ~ : @ -; made up when missing")
    ] = None
    note: str | None = None
    created_by: str | None = None


class SplitResult(msgspec.Struct, rename="camel"):
    """What a split did. The source keeps its state, even when no session is left in it."""

    source_cluster_key: Key
    new_cluster_key: Key
    moved_marker_count: int
    source_cluster: Issue
    new_cluster: Issue


class SplitAnswer(msgspec.Struct, rename="camel"):
    """What the split did."""

    result: SplitResult


class StatsQuery(msgspec.Struct, rename="camel"):
    """How far to look back."""

    hours: Annotated[int, Meta(ge=1, le=720)] = 24


class KindStats(msgspec.Struct, rename="camel"):
    """How often one kind of failure happened."""

    kind: str
    marker_count: int
    session_count: int
    cluster_count: int
    last_seen_at: datetime


class IssueStats(msgspec.Struct, rename="camel"):
    """Failures by kind, most frequent first."""

    lookback_hours: int
    stats: list[KindStats]


def confidence(session_count: int, min_sessions: int) -> float:
    """How sure it is that a cluster is an issue, from 0 to 1.

    Args:
        session_count: Different sessions that hit it.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
    """
    return 1.0 if session_count > min_sessions else session_count / (min_sessions + 1)


def issue_of(cluster: IssueCluster, min_sessions: int) -> Issue:
    """The wire's form of a stored issue.

    Args:
        cluster: Its row.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`.
    """
    shared = {name: getattr(cluster, name) for name in Issue.__struct_fields__ if name != "confidence"}
    return Issue(**shared, confidence=confidence(cluster.session_count, min_sessions))


def feedback_of(row: IssueActivity) -> Feedback:
    """The wire's form of an activity that is feedback."""
    return Feedback(
        id=row.id,
        project_id=row.project_id,
        cluster_key=row.cluster_key,
        session_id=row.session_id,
        feedback_kind=row.kind,
        note=row.note,
        metadata=row.metadata,
        created_by=row.created_by,
        created_at=row.created_at,
    )
