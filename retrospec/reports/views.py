"""A session with all that belongs to it."""

from retrospec.artifacts.models import SessionArtifact
from retrospec.artifacts.schemas import Artifact, artifact_of
from retrospec.core.errors import NotFound
from retrospec.reports.models import SessionReportCard
from retrospec.reports.schemas import ReportCard, Session, report_card_of
from retrospec.sessions.models import ErrorMarker
from retrospec.sessions.models import Session as StoredSession
from retrospec.sessions.schemas import marker_of


async def full_session(project_id: str, session_id: str) -> Session:
    """A session with its markers by offset, its artifacts and its report card.

    Raises:
        NotFound: The project has no such session.
    """
    row = await StoredSession.get_or_none(project_id=project_id, session_id=session_id)
    if row is None:
        raise NotFound("session not found")
    of_session = ErrorMarker.filter(project_id=project_id, session_id=session_id)
    markers = await of_session.order_by("replay_offset_ms", "marker_id")
    artifacts, card = await artifacts_and_card(project_id, session_id)
    return Session(
        id=row.session_id,
        project_id=row.project_id,
        site=row.site,
        route=row.route,
        started_at=row.started_at,
        duration_ms=row.duration_ms,
        events_object_key=row.events_object_key,
        created_at=row.created_at,
        release=row.release,
        environment=row.environment,
        tags=row.tags,
        markers=[marker_of(marker) for marker in markers],
        artifacts=artifacts,
        report_card=card,
    )


async def artifacts_and_card(project_id: str, session_id: str) -> tuple[list[Artifact], ReportCard | None]:
    """What workers made of a session: its artifacts, newest first, and its report card."""
    of_session = SessionArtifact.filter(project_id=project_id, session_id=session_id)
    found = await of_session.order_by("-generated_at", "-uid")
    card = await SessionReportCard.get_or_none(project_id=project_id, session_id=session_id)
    return [artifact_of(row) for row in found], report_card_of(card) if card else None
