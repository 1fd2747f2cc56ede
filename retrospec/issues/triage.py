"""Moving an issue through open, acknowledged, resolved and muted."""

from datetime import datetime
from typing import Annotated

import msgspec

from retrospec.core.clock import checked_time, now
from retrospec.core.db import transaction
from retrospec.core.errors import Invalid
from retrospec.issues.activity import Happening, name_of, note_of, record
from retrospec.issues.lookup import find_issue
from retrospec.issues.models import IssueCluster
from retrospec.issues.schemas import IssueState, StateChange
from retrospec.plugin import IssueStateChanged
from retrospec.plugin.observers import NOBODY, Observers

_RfcTime = Annotated[datetime, msgspec.Meta(tz=True)]


async def set_state(
    project_id: str, cluster_key: str, change: StateChange, observers: Observers = NOBODY
) -> IssueState:
    """Record where an issue stands and who has it.

    Assignee and note replace the former ones. Resolving ends `regressed`; leaving `muted` forgets until when.

    Raises:
        Invalid: A mute without an end, or with one in the past.
        NotFound: The project has no issue of that key.
    """
    moment = now()
    until, sessions = _mute_of(change, moment)
    async with transaction() as db:
        issue = await find_issue(project_id, cluster_key, lock=db)
        former, issue.state = issue.state, change.state or "open"
        issue.assignee, issue.state_note = name_of(change.assignee), note_of(change.note)
        issue.state_updated_at = moment
        issue.muted_until = until
        issue.muted_until_sessions = None if sessions is None else issue.session_count + sessions
        issue.regressed = issue.regressed and issue.state != "resolved"
        await issue.save(using_db=db, update_fields=_CHANGED)
        await record(db, project_id, [_happening(issue, former)], moment)
    if issue.state != former:
        observers.tell(IssueStateChanged(project_id, issue.key, former, issue.state, "set", issue.assignee, moment))
    return _state_of(issue, moment)


_CHANGED = (
    "state",
    "assignee",
    "state_note",
    "state_updated_at",
    "muted_until",
    "muted_until_sessions",
    "regressed",
)


def _mute_of(change: StateChange, moment: datetime) -> tuple[datetime | None, int | None]:
    """Until when, and for how many more sessions."""
    if change.state != "muted":
        return None, None
    until = _time(change.muted_until) if change.muted_until else None
    if until is None and change.muted_sessions is None:
        raise Invalid("a mute needs mutedUntil or mutedSessions", detail="mutedUntil")
    if until is not None and until <= moment:
        raise Invalid("mutedUntil must lie in the future", detail="mutedUntil")
    return until, change.muted_sessions


def _time(text: str) -> datetime:
    try:
        return checked_time(msgspec.convert(text, _RfcTime), "mutedUntil")
    except msgspec.ValidationError as mistake:
        raise Invalid("mutedUntil must be an RFC 3339 time with its offset", detail="mutedUntil") from mistake


def _happening(issue: IssueCluster, former: str) -> Happening:
    said = {
        "from": former,
        "to": issue.state,
        "assignee": issue.assignee,
        "mutedUntil": issue.muted_until,
        "mutedUntilSessions": issue.muted_until_sessions,
    }
    return Happening(
        cluster_key=issue.key,
        kind="state_changed",
        note=issue.state_note,
        metadata={name: value for name, value in said.items() if value not in (None, "")},
        created_by="dashboard",
    )


def _state_of(issue: IssueCluster, moment: datetime) -> IssueState:
    return IssueState(
        project_id=issue.project_id,
        cluster_key=issue.key,
        state=issue.state,
        assignee=issue.assignee,
        muted_until=issue.muted_until,
        muted_until_sessions=issue.muted_until_sessions,
        note=issue.state_note,
        # It has had a state since it became an issue.
        created_at=issue.promoted_at or issue.created_at,
        updated_at=moment,
    )
