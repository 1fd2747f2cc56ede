"""What workers made of sessions: recorded, and found again."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from retrospec.artifacts.models import SessionArtifact
from retrospec.artifacts.schemas import Artifact, ReplayResult, Window, WindowIn, artifact_of
from retrospec.core.clock import checked_time, now
from retrospec.core.db import transaction
from retrospec.core.errors import Invalid, NotFound
from retrospec.core.ids import new_id
from retrospec.projects.models import Project
from retrospec.sessions.keys import climbs
from retrospec.sessions.objects import hold_session, object_reported, object_written

ANALYSIS = "analysis_json"
READY = "ready"


class NewArtifact(msgspec.Struct):
    """An artifact as a worker reports it.

    Attributes:
        size: Bytes of the object, if it was our own worker that wrote it.
    """

    project_id: str
    session_id: str
    artifact_type: str
    artifact_key: str
    trigger_kind: str
    status: str
    generated_at: datetime
    windows: list[Window]
    size: int | None = None

    @property
    def ends_job(self) -> bool:
        """Whether nothing more is to come for the job. A video may come beside the analysis, and counts for none."""
        return self.artifact_type == ANALYSIS and self.status in {READY, "failed"}


class Recorded(NamedTuple):
    """The artifact that stands after a report, and whether that is the one reported, and news."""

    artifact: Artifact
    written: bool


async def checked_result(result: ReplayResult) -> NewArtifact:
    """Fill in what a worker left out, and refuse what cannot be.

    Raises:
        Invalid: Names the field.
    """
    if not result.project_id or not result.session_id:
        raise Invalid(f"{'sessionId' if result.project_id else 'projectId'} must not be empty")
    status, key = result.status or READY, result.artifact_key or ""
    if status == READY and not key:
        raise Invalid("artifactKey must not be empty when the artifact is ready")
    if key:
        await _check_key(key, result.project_id)
    return NewArtifact(
        project_id=result.project_id,
        session_id=result.session_id,
        artifact_type=result.artifact_type or ANALYSIS,
        artifact_key=key,
        trigger_kind=result.trigger_kind or "ui_no_effect",
        status=status,
        generated_at=checked_time(result.generated_at, "generatedAt") if result.generated_at else now(),
        windows=[_window(place, window) for place, window in enumerate(result.windows or ())],
    )


async def record_artifact(new: NewArtifact) -> Recorded:
    """Write an artifact in place of an older one of its session and type.

    Raises:
        NotFound: There is no such session.
        Unavailable: Its object was removed meanwhile.
    """
    ref = {"project_id": new.project_id, "session_id": new.session_id}
    if new.size is not None:
        await object_written(**ref, key=new.artifact_key, kind="artifact", size=new.size)
    async with transaction() as db:
        await hold_session(db, **ref)
        if new.size is None and new.artifact_key:
            # Also when a newer artifact stands: the object is there, and must go some day.
            await object_reported(db, **ref, key=new.artifact_key)
        row = await SessionArtifact.get_or_none(**ref, artifact_type=new.artifact_type, using_db=db)
        if row is not None and not _is_news(row, new):
            return Recorded(artifact_of(row), written=False)
        moment = now()
        row = row or SessionArtifact(id=new_id("art"), **ref, artifact_type=new.artifact_type, created_at=moment)
        row.artifact_key, row.trigger_kind, row.status = new.artifact_key, new.trigger_kind, new.status
        row.generated_at, row.updated_at = new.generated_at, moment
        row.windows = msgspec.to_builtins(new.windows)
        await row.save(using_db=db)
    return Recorded(artifact_of(row), written=True)


async def artifact_key(project_id: str, session_id: str, artifact_type: str) -> str:
    """Where the object of a ready artifact lies.

    Raises:
        NotFound: There is none, or it is not ready.
    """
    row = await SessionArtifact.get_or_none(project_id=project_id, session_id=session_id, artifact_type=artifact_type)
    if row is None:
        raise NotFound("artifact not found")
    if row.status != READY or not row.artifact_key:
        raise NotFound("artifact is not ready")
    return row.artifact_key


async def _check_key(key: str, project_id: str) -> None:
    """Refuse a key that is none, or that lies where another project's objects do."""
    if climbs(key):
        raise Invalid("artifactKey must be a relative key without empty, '.' or '..' parts, of at most 1024 bytes")
    first, _, rest = key.partition("/")
    owner = rest.partition("/")[0]
    if owner == project_id:
        return
    # Workers write to replay-artifacts/{sessionId}/ too, so only the name of a project tells.
    if first == "session-events" or (first == "replay-artifacts" and await Project.exists(id=owner)):
        raise Invalid("artifactKey lies under another project's prefix")


def _window(place: int, window: WindowIn) -> Window:
    start, end = max(0, int(window.start_ms)), max(0, int(window.end_ms))
    if end < start:
        raise Invalid(f"windows[{place}]: endMs lies before startMs")
    return Window(start, end)


def _is_news(row: SessionArtifact, new: NewArtifact) -> bool:
    """Whether a report is to replace what stands. One that arrives twice changes nothing the second time."""
    if row.generated_at != new.generated_at:
        return row.generated_at < new.generated_at
    stands = (row.artifact_key, row.trigger_kind, row.status, row.windows)
    return stands != (new.artifact_key, new.trigger_kind, new.status, msgspec.to_builtins(new.windows))
