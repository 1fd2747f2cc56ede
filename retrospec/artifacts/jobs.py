"""Replay jobs: the stretches of a recording that show its failures, as an artifact."""

from datetime import datetime

import msgspec

from retrospec.artifacts.schemas import Window
from retrospec.artifacts.service import ANALYSIS, READY, NewArtifact, record_artifact
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.errors import NotFound
from retrospec.core.log import get_logger
from retrospec.jobs.handler import JobContext
from retrospec.jobs.schemas import ReplayJob, decode_replay_job
from retrospec.plugin import StorageBackend
from retrospec.sessions.models import Session
from retrospec.sessions.objects import expect_object
from retrospec.sessions.spool import slices

log = get_logger(__name__)

_BEFORE_MS, _AFTER_MS = 2000, 8000


class AnalysisDocument(msgspec.Struct, rename="camel", kw_only=True):
    """What lies in the storage as the artifact `analysis_json`."""

    version: int = 1
    project_id: str
    session_id: str
    source_events_object_key: str
    marker_windows: list[Window]
    trigger_kind: str
    # A worker with a browser would put its video there.
    replay_video_object_key: str = ""
    render_status: str = "skipped"
    render_error: str = ""
    generated_at: datetime


def windows_around(offsets_ms: list[int]) -> list[Window]:
    """From two seconds before each failure to eight seconds after it."""
    return [Window(max(0, offset - _BEFORE_MS), max(0, offset + _AFTER_MS)) for offset in offsets_ms]


def analysis_key(project_id: str, session_id: str) -> str:
    """Where a session's analysis goes."""
    return f"replay-artifacts/{project_id}/{session_id}/analysis.json"


class ReplayJobHandler:
    """Does the jobs of the replay queue."""

    def __init__(self, storage: StorageBackend, counters: Counters) -> None:
        self._storage = storage
        self._counters = counters

    async def __call__(self, job: JobContext) -> None:
        """Write a session's artifact. A session that was removed needs none.

        Raises:
            Unprocessable: The payload is no replay job.
            StorageUnavailable: Not written; to be tried again.
        """
        began = now()
        wanted = decode_replay_job(job.payload)
        project_id, session_id = wanted.project_id, wanted.session_id
        if not await Session.exists(project_id=project_id, session_id=session_id) or not await job.still_held():
            return
        windows = windows_around(wanted.marker_offsets_ms)
        key = analysis_key(project_id, session_id)
        size = await self._write(key, _document(wanted, windows, began))
        made = NewArtifact(
            project_id=project_id,
            session_id=session_id,
            artifact_type=ANALYSIS,
            artifact_key=key,
            trigger_kind=wanted.trigger_kind,
            status=READY,
            generated_at=began,
            windows=windows,
            size=size,
        )
        await self._record(made)

    async def _write(self, key: str, document: AnalysisDocument) -> int:
        content = msgspec.json.encode(document)
        await expect_object(document.project_id, document.session_id, key, "artifact")
        return await self._storage.put(key, slices(content, 0, len(content)), content_type="application/json")

    async def _record(self, made: NewArtifact) -> None:
        try:
            recorded = await record_artifact(made)
        except NotFound:
            # Removed while this ran; the object is known as pending, and goes with the next cleanup.
            log.info("a session was removed before its artifact was made", session=made.session_id)
            return
        self._counters.add("retrospec_replay_artifacts_total", recorded.written)


def _document(wanted: ReplayJob, windows: list[Window], began: datetime) -> AnalysisDocument:
    return AnalysisDocument(
        project_id=wanted.project_id,
        session_id=wanted.session_id,
        source_events_object_key=wanted.events_object_key,
        marker_windows=windows,
        trigger_kind=wanted.trigger_kind,
        generated_at=began,
    )
