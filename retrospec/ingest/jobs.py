"""What is to be done for a session: its replay and its analysis."""

import hashlib
from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from retrospec.core.settings import Settings
from retrospec.jobs.outbox import NewJob
from retrospec.jobs.schemas import AnalysisJob, ReplayJob, encode_job, trigger_kind
from retrospec.sessions.records import MarkerRecord, SessionRecord


class Planned(msgspec.Struct):
    """The jobs of a session as it stands. Equal digests mean equal jobs."""

    jobs: Sequence[NewJob]
    digest: str


class JobPlanner:
    """Plans jobs for the queues that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._replay_queue = settings.replay_queue_name
        self._analysis_queue = settings.analysis_queue_name

    def plan(self, session: SessionRecord, events_object_key: str, markers: Sequence[MarkerRecord]) -> Planned:
        """Plan the jobs of a session: none without a recording, or without a failure.

        Args:
            session: Names the session, its site and its route.
            events_object_key: Of its recording; empty for none.
            markers: All of its failures, by offset.
        """
        if not events_object_key or not markers:
            return Planned((), "")
        project_id, session_id = session.ref
        offsets = [marker.replay_offset_ms for marker in markers]
        trigger = trigger_kind([marker.kind for marker in markers])
        replay = ReplayJob(
            project_id=project_id,
            session_id=session_id,
            events_object_key=events_object_key,
            marker_offsets_ms=offsets,
            trigger_kind=trigger,
        )
        analysis = AnalysisJob(
            project_id=project_id,
            session_id=session_id,
            events_object_key=events_object_key,
            marker_offsets_ms=offsets,
            trigger_kind=trigger,
            marker_hints=[marker.label for marker in markers],
            route=session.route,
            site=session.site,
        )
        replay_text, analysis_text = encode_job(replay), encode_job(analysis)
        jobs = (
            NewJob(self._replay_queue, project_id, session_id, replay_text),
            NewJob(self._analysis_queue, project_id, session_id, analysis_text),
        )
        return Planned(jobs, hashlib.sha256(f"{replay_text}\n{analysis_text}".encode()).hexdigest())


_offset = attrgetter("replay_offset_ms", "marker_id")


def by_offset(markers: Iterable[MarkerRecord]) -> list[MarkerRecord]:
    """A session's failures in the order of the contract."""
    return sorted(markers, key=_offset)
