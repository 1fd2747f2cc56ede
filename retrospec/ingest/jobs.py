"""What is to be done for a session: its replay and its analysis."""

import hashlib
from collections.abc import Mapping, Sequence

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

    def plan(self, session: SessionRecord, events_object_key: str, markers: Mapping[str, MarkerRecord]) -> Planned:
        """Plan the jobs of a session: none without a recording, or without a failure.

        Args:
            session: Names the session, its site and its route.
            events_object_key: Of its recording; empty for none.
            markers: All of its failures, by their ids.
        """
        if not events_object_key or not markers:
            return Planned((), "")
        ordered = by_offset(markers)
        replay = ReplayJob(
            project_id=session.project_id,
            session_id=session.session_id,
            events_object_key=events_object_key,
            marker_offsets_ms=[marker.replay_offset_ms for marker in ordered],
            trigger_kind=trigger_kind(marker.kind for marker in ordered),
        )
        analysis = AnalysisJob(
            **msgspec.structs.asdict(replay),
            marker_hints=[marker.label for marker in ordered],
            route=session.route,
            site=session.site,
        )
        jobs = (
            NewJob(self._replay_queue, *session.ref, encode_job(replay)),
            NewJob(self._analysis_queue, *session.ref, encode_job(analysis)),
        )
        return Planned(jobs, hashlib.sha256("\n".join(job.payload for job in jobs).encode()).hexdigest())


def by_offset(markers: Mapping[str, MarkerRecord]) -> list[MarkerRecord]:
    """A session's failures in the order of the contract."""
    return sorted(markers.values(), key=lambda marker: (marker.replay_offset_ms, marker.marker_id))
