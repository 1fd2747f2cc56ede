"""What goes over the wire about report cards, and a session with all that belongs to it."""

from datetime import datetime
from typing import Annotated

import msgspec

from retrospec.artifacts.schemas import Artifact
from retrospec.reports.models import SessionReportCard
from retrospec.sessions.schemas import EventsKey, Marker

STATUSES = frozenset({"pending", "ready", "failed", "discarded"})


class ReportCard(msgspec.Struct, rename="camel"):
    """What an analysis says of a session's failures."""

    id: str
    project_id: str
    session_id: str
    status: Annotated[str, msgspec.Meta(examples=["ready"])]
    symptom: str
    technical_root_cause: str
    suggested_fix: str
    text_summary: str
    visual_summary: str
    confidence: float
    generated_at: datetime
    created_at: datetime
    updated_at: datetime


class Session(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """One visit with its failures, and what workers made of it."""

    id: str
    project_id: str
    site: str
    route: str
    started_at: datetime
    duration_ms: int
    events_object_key: EventsKey
    created_at: datetime
    release: str = ""
    environment: str = ""
    tags: dict[str, object] = {}
    markers: list[Marker]
    artifacts: list[Artifact]
    report_card: ReportCard | None = None


class SessionAnswer(msgspec.Struct, rename="camel"):
    """A session."""

    session: Session


class AnalysisReport(msgspec.Struct, rename="camel"):
    """What an analysis worker reports."""

    project_id: str
    session_id: str
    status: str | None = None
    symptom: str | None = None
    technical_root_cause: str | None = None
    suggested_fix: str | None = None
    text_summary: str | None = None
    visual_summary: str | None = None
    confidence: float | None = None
    generated_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class ReportAnswer(msgspec.Struct, rename="camel"):
    """The report card as it now stands."""

    report: ReportCard


def report_card_of(row: SessionReportCard) -> ReportCard:
    """The wire's form of a stored card."""
    return ReportCard(
        id=row.id,
        project_id=row.project_id,
        session_id=row.session_id,
        status=row.status,
        symptom=row.symptom,
        technical_root_cause=row.technical_root_cause,
        suggested_fix=row.suggested_fix,
        text_summary=row.text_summary,
        visual_summary=row.visual_summary,
        confidence=row.confidence,
        generated_at=row.generated_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
