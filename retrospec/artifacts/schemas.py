"""What goes over the wire about artifacts."""

from datetime import datetime
from typing import Annotated

import msgspec

from retrospec.artifacts.models import SessionArtifact

# Fractions are cut off; the bounds are those of exact doubles.
Milliseconds = Annotated[float, msgspec.Meta(ge=-(2**53), le=2**53, examples=[900])]
ArtifactType = Annotated[str, msgspec.Meta(max_length=64, examples=["analysis_json"])]


class Window(msgspec.Struct, rename="camel"):
    """A stretch of a recording, in milliseconds from its start."""

    start_ms: int
    end_ms: int


class WindowIn(msgspec.Struct, rename="camel"):
    """A stretch of a recording as a worker names it; it does not begin before the recording."""

    start_ms: Milliseconds
    end_ms: Milliseconds


class Artifact(msgspec.Struct, rename="camel"):
    """One product of a worker."""

    id: str
    project_id: str
    session_id: str
    artifact_type: str
    artifact_key: str
    trigger_kind: str
    status: str
    generated_at: datetime
    created_at: datetime
    updated_at: datetime
    windows: list[Window]


class ReplayResult(msgspec.Struct, rename="camel"):
    """What a replay worker reports."""

    project_id: str
    session_id: str
    artifact_type: ArtifactType | None = None
    artifact_key: Annotated[
        str | None, msgspec.Meta(description="Where the object lies; may be empty unless the status is `ready`")
    ] = None
    trigger_kind: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    status: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    generated_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    windows: Annotated[list[WindowIn], msgspec.Meta(max_length=10_000)] | None = None


class ArtifactAnswer(msgspec.Struct, rename="camel"):
    """The artifact as it now stands."""

    artifact: Artifact


class ArtifactToken(msgspec.Struct, rename="camel"):
    """A signed permission to read one artifact for a while."""

    token: str
    expires_at: datetime


class ArtifactQuery(msgspec.Struct, rename="camel"):
    """How to read an artifact without a key in the header."""

    artifact_token: Annotated[str, msgspec.Meta(description="As the token endpoint answered")] = ""
    key: Annotated[str, msgspec.Meta(description="A project's key; accepted here only")] = ""


def artifact_of(row: SessionArtifact) -> Artifact:
    """The wire's form of a stored artifact."""
    return Artifact(
        id=row.id,
        project_id=row.project_id,
        session_id=row.session_id,
        artifact_type=row.artifact_type,
        artifact_key=row.artifact_key,
        trigger_kind=row.trigger_kind,
        status=row.status,
        generated_at=row.generated_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        windows=msgspec.convert(row.windows, list[Window]),
    )
