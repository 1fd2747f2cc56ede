"""What observers are told: things that have happened, and are on disk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class SessionIngested:
    """A session was written; each further flush of it tells of it again.

    Attributes:
        project_id: The project of the session.
        session_id: Unique within the project.
        site: Where it was recorded.
        route: Path of its first page.
        is_new: The session was not known before.
        has_recording: It has one, or will have.
        marker_count: How many failures it has now, those of earlier flushes too.
        cluster_keys: The clusters of these, each once, sorted.
        promoted: How many issues it has promoted or updated.
        at: When it was written, in UTC.
    """

    project_id: str
    session_id: str
    site: str
    route: str
    is_new: bool
    has_recording: bool
    marker_count: int
    cluster_keys: tuple[str, ...]
    promoted: int
    at: datetime


@dataclass(frozen=True, slots=True)
class IssuePromoted:
    """A cluster has become an issue; told once for each.

    Attributes:
        project_id: The project of the issue.
        cluster_key: `{kind}:{16 hex digits}`, or the key that a split gave it.
        kind: `validation_failed`, `api_error`, `js_exception` or `ui_no_effect`.
        symptom: One line, as the visitor's browser worded it; redacted.
        session_count: Different sessions that hit it.
        user_count: Different users, where the site names them.
        representative_session_id: A session to look at first.
        trigger: `ingest_auto_promote`, `manual_promote` or `scheduled_promote`.
        at: When, in UTC.
    """

    project_id: str
    cluster_key: str
    kind: str
    symptom: str
    session_count: int
    user_count: int
    representative_session_id: str
    trigger: str
    at: datetime


@dataclass(frozen=True, slots=True)
class IssueStateChanged:
    """An issue moved from one state to another.

    Attributes:
        project_id: The project of the issue.
        cluster_key: Which.
        former: `open`, `acknowledged`, `resolved` or `muted`.
        state: Likewise, and another one.
        reason: `set` by somebody, `regressed` (resolved, then seen again), or `mute_ended` by its time or its sessions.
        assignee: Who has it; may be empty.
        at: When, in UTC.
    """

    project_id: str
    cluster_key: str
    former: str
    state: str
    reason: Literal["set", "regressed", "mute_ended"]
    assignee: str
    at: datetime


Event = SessionIngested | IssuePromoted | IssueStateChanged
