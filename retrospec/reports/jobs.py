"""Analysis jobs: a session's recording through the analyzer, and what it finds onto the report card."""

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime

from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.errors import Invalid, NotFound
from retrospec.core.log import get_logger
from retrospec.core.settings import Settings
from retrospec.jobs.handler import JobContext, Unprocessable
from retrospec.jobs.schemas import AnalysisJob, decode_analysis_job, trigger_kind
from retrospec.plugin import Analysis, AnalysisMarker, AnalysisRequest, Analyzer, ObjectMissing, StorageBackend
from retrospec.plugin.faults import Faults
from retrospec.plugin.guard import Guarded
from retrospec.reports.cards import NewCard, Recorded, record_card
from retrospec.sessions.keys import checked_events_key
from retrospec.sessions.models import ErrorMarker, Session
from retrospec.sessions.recordings import RecordedEvents, fetched

log = get_logger(__name__)

_LINE, _TEXT = 500, 20_000
# Less than the job may take, so that it is the analyzer that is told to end.
_SHARE_OF_JOB = 0.9

_GONE = "The recording is not in the storage any more, so it could not be analysed."
_GIVEN_UP = "The analysis did not succeed in several attempts. The operator finds the reason among the dead letters."


class AnalysisJobHandler:
    """Does the jobs of the analysis queue."""

    def __init__(
        self,
        settings: Settings,
        storage: StorageBackend,
        analyzer: Analyzer,
        counters: Counters,
        faults: Faults | None = None,
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._analyzer = analyzer
        self._counters = counters
        self._faults = faults or Faults(counters)

    async def __call__(self, job: JobContext) -> None:
        """Analyse a session and write its card. A session that was removed needs none.

        Raises:
            Unprocessable: The payload is no analysis job.
            StorageUnavailable: The recording cannot be read now; to be tried again.
            Exception: The analyzer failed; to be tried again.
        """
        began = now()
        wanted = _decode(job.payload)
        session = await Session.get_or_none(project_id=wanted.project_id, session_id=wanted.session_id)
        if session is None:
            return
        markers = await _markers(wanted)
        try:
            async with fetched(self._storage, wanted.events_object_key, self._settings.data_dir / "tmp") as events:
                found = await self._analyze(_request(wanted, session, markers, events))
        except ObjectMissing:
            if await job.still_held():
                await _fail(wanted, _GONE)
            return
        if await job.still_held():
            recorded = await _record(_card(wanted, found, self._status(found), began))
            self._counters.add("retrospec_analysis_reports_total", bool(recorded and recorded.written))

    async def buried(self, job: JobContext, error: str) -> None:
        """Say on the card that no analysis will come.

        Args:
            job: The job that was given up.
            error: Why; for the operator, not for the card.
        """
        try:
            wanted = _decode(job.payload)
        except Unprocessable:
            return
        log.warning("an analysis was given up", session=wanted.session_id, error=error)
        await _fail(wanted, _GIVEN_UP)

    async def _analyze(self, request: AnalysisRequest) -> Analysis:
        try:
            async with asyncio.timeout(self._settings.job_timeout_seconds * _SHARE_OF_JOB):
                return await self._analyzer.analyze(request)
        except Exception as cause:
            # One of others has a guard, which has noted it.
            if not isinstance(self._analyzer, Guarded):
                self._faults.note("analysis", self._settings.analyzer, cause, doing="analyze")
            raise

    def _status(self, found: Analysis) -> str:
        uncertain = _confidence(found) < self._settings.analyzer_min_accept_confidence
        return "discarded" if uncertain and self._settings.analyzer_discard_uncertain else "ready"


def _decode(payload: str) -> AnalysisJob:
    wanted = decode_analysis_job(payload)
    if not wanted.events_object_key:
        raise Unprocessable("not a job: eventsObjectKey is empty")
    try:
        checked_events_key(wanted.events_object_key, wanted.project_id)
    except Invalid as mistake:
        raise Unprocessable(f"not a job: {mistake}") from mistake
    return wanted


async def _markers(wanted: AnalysisJob) -> list[AnalysisMarker]:
    """A session's failures as they are now; as the job tells them, where they are gone."""
    of_session = ErrorMarker.filter(project_id=wanted.project_id, session_id=wanted.session_id)
    found = [
        AnalysisMarker(row.replay_offset_ms, row.kind, row.label, row.evidence)
        for row in await of_session.order_by("replay_offset_ms", "marker_id")
    ]
    told = zip(wanted.marker_offsets_ms, wanted.marker_hints, strict=False)
    return found or [AnalysisMarker(offset, wanted.trigger_kind, hint, "") for offset, hint in told]


def _request(
    wanted: AnalysisJob, session: Session, markers: Sequence[AnalysisMarker], events: RecordedEvents
) -> AnalysisRequest:
    return AnalysisRequest(
        project_id=wanted.project_id,
        session_id=wanted.session_id,
        site=session.site,
        route=session.route,
        trigger_kind=trigger_kind(marker.kind for marker in markers),
        markers=markers,
        events=events,
    )


def _card(wanted: AnalysisJob, found: Analysis, status: str, began: datetime) -> NewCard:
    return NewCard(
        project_id=wanted.project_id,
        session_id=wanted.session_id,
        status=status,
        symptom=_storable(found.symptom, _LINE),
        technical_root_cause=_storable(found.technical_root_cause, _TEXT),
        suggested_fix=_storable(found.suggested_fix, _TEXT),
        text_summary=_storable(found.text_summary, _TEXT),
        visual_summary=_storable(found.visual_summary, _TEXT),
        confidence=_confidence(found),
        generated_at=began,
    )


def _confidence(found: Analysis) -> float:
    """Held within 0 and 1; an analyzer that divides by zero is not sure of anything."""
    return min(1.0, max(0.0, found.confidence)) if math.isfinite(found.confidence) else 0.0


def _storable(text: str, longest: int) -> str:
    """A text as both databases take it: without NUL and lone surrogates, and not without end."""
    return text[:longest].replace("\0", "").encode(errors="replace").decode()


async def _fail(wanted: AnalysisJob, why: str) -> None:
    """Write a card that only says why there is no analysis, unless there is one from before."""
    empty = Analysis("", "", "", why, "", 0.0)
    await _record(_card(wanted, empty, "failed", now()), keep_finished=True)


async def _record(card: NewCard, *, keep_finished: bool = False) -> Recorded | None:
    try:
        return await record_card(card, keep_finished=keep_finished)
    except NotFound:
        log.info("a session was removed before its card was written", session=card.session_id)
        return None
