"""What a job says. Workers written by others read these fields, so they never change their names."""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

import msgspec

from retrospec.jobs.handler import Unprocessable

MAX_HINT = 240
# From the weakest to the strongest sign that something is broken.
TRIGGER_KINDS = ("ui_no_effect", "validation_failed", "api_error", "js_exception")
_STRENGTH = {kind: strength for strength, kind in enumerate(TRIGGER_KINDS)}

_Name = Annotated[str, msgspec.Meta(min_length=1)]
AnyJob = TypeVar("AnyJob", bound="ReplayJob")


class ReplayJob(msgspec.Struct, rename="camel", omit_defaults=True, frozen=True, kw_only=True):
    """Render what happened around a session's markers.

    Attributes:
        project_id: Whose.
        session_id: Which session.
        events_object_key: Where its recording lies in the storage.
        marker_offsets_ms: Offsets of all its markers, ascending, milliseconds.
        trigger_kind: The strongest kind among them.
        attempt: How often it was tried, in queues that have no other place for it.
    """

    project_id: _Name
    session_id: _Name
    events_object_key: str
    marker_offsets_ms: list[int]
    trigger_kind: str
    attempt: int = 0


class AnalysisJob(ReplayJob, rename="camel", omit_defaults=True, frozen=True, kw_only=True):
    """Find out why a session's markers happened.

    Attributes:
        marker_hints: What the markers say, at most 240 characters each.
        route: The page.
        site: The site.
    """

    marker_hints: list[str]
    route: str
    site: str


def encode_job(job: ReplayJob | AnalysisJob) -> str:
    """The job as JSON text, its offsets ascending and its hints cut to their length."""
    offsets = sorted(job.marker_offsets_ms)
    # Ingest makes two for each session, as they are to be.
    if offsets != job.marker_offsets_ms:
        job = msgspec.structs.replace(job, marker_offsets_ms=offsets)
    if isinstance(job, AnalysisJob) and any(len(hint) > MAX_HINT for hint in job.marker_hints):
        job = msgspec.structs.replace(job, marker_hints=[hint[:MAX_HINT] for hint in job.marker_hints])
    return msgspec.json.encode(job).decode()


def decode_replay_job(payload: str) -> ReplayJob:
    """Read a replay job.

    Raises:
        Unprocessable: It is none; the text names the field.
    """
    return _decode(payload, ReplayJob)


def decode_analysis_job(payload: str) -> AnalysisJob:
    """Read an analysis job.

    Raises:
        Unprocessable: It is none; the text names the field.
    """
    return _decode(payload, AnalysisJob)


def job_object(payload: str) -> dict[str, Any] | None:
    """The JSON object that a payload is; None when it is none."""
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def trigger_kind(kinds: Iterable[str]) -> str:
    """The strongest of several markers' kinds. Unknown ones, and none at all, count as `ui_no_effect`."""
    return TRIGGER_KINDS[max((_STRENGTH.get(kind, 0) for kind in kinds), default=0)]


def _decode(payload: str, shape: type[AnyJob]) -> AnyJob:
    try:
        return msgspec.json.decode(payload, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as mistake:
        raise Unprocessable(f"not a job: {mistake}") from mistake
