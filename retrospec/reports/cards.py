"""Report cards: opened when a session is to be analysed, written when somebody has."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import checked_time, now
from retrospec.core.db import Row, Statement, rows, transaction
from retrospec.core.errors import Invalid
from retrospec.core.ids import new_id
from retrospec.reports.models import SessionReportCard
from retrospec.reports.schemas import STATUSES, AnalysisReport, ReportCard, report_card_of
from retrospec.sessions.models import Session
from retrospec.sessions.objects import hold_session

_FINISHED = frozenset({"ready", "discarded"})
_CONTENT = (
    "status", "symptom", "technical_root_cause", "suggested_fix", "text_summary", "visual_summary", "confidence"
)  # fmt: skip

_ROWS = """
    INSERT INTO session_report_cards (id, project_id, session_id, status, symptom, technical_root_cause, suggested_fix,
                                      text_summary, visual_summary, confidence, generated_at, created_at, updated_at)
    SELECT r.id, r.project_id, r.session_id, 'pending', '', '', '', '', '', 0, $2, $2, $2
    FROM @rows($1: id text, project_id text, session_id text) WHERE true
"""
_OPEN_FIRST = Statement(_ROWS)
_OPEN = Statement(f"""{_ROWS}
    ON CONFLICT (project_id, session_id) DO NOTHING
    RETURNING id, project_id, session_id
""")


class NewCard(msgspec.Struct):
    """A report card as an analysis gives it. Confidence lies within 0 and 1."""

    project_id: str
    session_id: str
    status: str
    symptom: str
    technical_root_cause: str
    suggested_fix: str
    text_summary: str
    visual_summary: str
    confidence: float
    generated_at: datetime


class Recorded(NamedTuple):
    """The card that stands after a report, and whether that is the one reported, and news."""

    card: ReportCard
    written: bool


async def open_cards(
    db: BaseDBAsyncClient, refs: Sequence[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], ReportCard]:
    """Give each session that has no card a pending one. One statement.

    Args:
        db: A transaction that holds the sessions.
        refs: Project and session ids.
        now: The time that counts as their creation.

    Returns:
        The cards that this opened, by project and session id.
    """
    if not refs:
        return {}
    opened = await _OPEN.fetch(db, rows(map(_new, refs)), now)
    return {(row["project_id"], row["session_id"]): _opened(row, now) for row in opened}


async def open_first_cards(
    db: BaseDBAsyncClient, refs: Sequence[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], ReportCard]:
    """As `open_cards`, for sessions that this transaction has inserted."""
    new = {ref: _new(ref) for ref in refs}
    if new:
        await _OPEN_FIRST.run(db, rows(new.values()), now)
    return {ref: _opened(row, now) for ref, row in new.items()}


def _new(ref: tuple[str, str]) -> Row:
    return {"id": new_id("card"), "project_id": ref[0], "session_id": ref[1]}


def _opened(row: Row, now: datetime) -> ReportCard:
    return ReportCard(
        id=row["id"],
        project_id=row["project_id"],
        session_id=row["session_id"],
        status="pending",
        symptom="",
        technical_root_cause="",
        suggested_fix="",
        text_summary="",
        visual_summary="",
        confidence=0.0,
        generated_at=now,
        created_at=now,
        updated_at=now,
    )


def checked_report(report: AnalysisReport) -> NewCard:
    """Fill in what a worker left out, and bring the rest within bounds.

    Raises:
        Invalid: Names the field.
    """
    if not report.project_id or not report.session_id:
        raise Invalid(f"{'sessionId' if report.project_id else 'projectId'} must not be empty")
    return NewCard(
        project_id=report.project_id,
        session_id=report.session_id,
        status=report.status if report.status in STATUSES else "pending",
        symptom=report.symptom or "",
        technical_root_cause=report.technical_root_cause or "",
        suggested_fix=report.suggested_fix or "",
        text_summary=report.text_summary or "",
        visual_summary=report.visual_summary or "",
        confidence=min(1.0, max(0.0, report.confidence or 0.0)),
        generated_at=checked_time(report.generated_at, "generatedAt") if report.generated_at else now(),
    )


async def record_card(new: NewCard, *, keep_finished: bool = False) -> Recorded:
    """Write a card in place of an older one of its session.

    Args:
        new: What to write.
        keep_finished: Leave a card alone that says something, whatever its age.

    Raises:
        NotFound: There is no such session.
    """
    ref = {"project_id": new.project_id, "session_id": new.session_id}
    async with transaction() as db:
        await hold_session(db, **ref)
        row = await SessionReportCard.get_or_none(**ref, using_db=db)
        if row is not None and (not _is_news(row, new) or (keep_finished and row.status in _FINISHED)):
            return Recorded(report_card_of(row), written=False)
        moment = now()
        row = row or SessionReportCard(id=new_id("card"), **ref, created_at=moment)
        row.update_from_dict({name: getattr(new, name) for name in _CONTENT})
        row.generated_at, row.updated_at = new.generated_at, moment
        await row.save(using_db=db)
        listed = {"report_status": row.status, "report_confidence": row.confidence, "report_symptom": row.symptom}
        await Session.filter(**ref).using_db(db).update(**listed)
    return Recorded(report_card_of(row), written=True)


def _is_news(row: SessionReportCard, new: NewCard) -> bool:
    """Whether a report is to replace what stands. One that arrives twice changes nothing the second time."""
    if _is_only_opened(row):
        return True
    if row.generated_at != new.generated_at:
        return row.generated_at < new.generated_at
    return any(getattr(row, name) != getattr(new, name) for name in _CONTENT)


def _is_only_opened(row: SessionReportCard) -> bool:
    """Whether nobody has reported yet. Its time is ours, and a worker's clock may be behind it."""
    return row.status == "pending" and row.updated_at == row.created_at and not row.text_summary and not row.symptom
