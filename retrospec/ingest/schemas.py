"""What goes over the wire when a session is ingested."""

from datetime import datetime
from typing import Annotated

import msgspec

from retrospec.reports.schemas import Session

Time = Annotated[datetime, msgspec.Meta(tz=True)]
# Browsers' clocks give fractions; whole milliseconds are kept. The bounds are those of exact doubles.
Milliseconds = Annotated[float, msgspec.Meta(ge=-(2**53), le=2**53, examples=[900])]
Tag = str | int | float | bool | None


class SessionIn(msgspec.Struct, rename="camel"):
    """A session as the SDK sends it."""

    id: Annotated[str | None, msgspec.Meta(description="Made up by the server when missing")] = None
    site: str | None = None
    route: str | None = None
    started_at: Annotated[Time | None, msgspec.Meta(description="When missing: now less the duration")] = None
    duration_ms: Milliseconds | None = None
    events_object_key: Annotated[
        str | None, msgspec.Meta(description="As the upload answered; lies under the project's own prefix")
    ] = None
    user_id: Annotated[str | None, msgspec.Meta(description="Stored only as a keyed hash, to count users")] = None
    release: str | None = None
    environment: str | None = None
    tags: Annotated[dict[str, Tag], msgspec.Meta(max_length=64)] | None = None


class MarkerIn(msgspec.Struct, rename="camel"):
    """A failure as the SDK sends it."""

    id: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    cluster_key: Annotated[str | None, msgspec.Meta(description="A hint for the clustering strategy")] = None
    label: Annotated[str | None, msgspec.Meta(description="Cut at 500 characters; the kind when empty")] = None
    evidence: Annotated[str | None, msgspec.Meta(description="Cut at 4,000 characters")] = None
    replay_offset_ms: Milliseconds | None = None
    kind: Annotated[
        str | None,
        msgspec.Meta(
            description="validation_failed, api_error, js_exception or ui_no_effect; anything else counts as the last"
        ),
    ] = None


class IngestRequest(msgspec.Struct, rename="camel"):
    """A session and the failures in it that were not sent before."""

    session: SessionIn
    markers: list[MarkerIn] | None = None


class IngestAnswer(msgspec.Struct, rename="camel"):
    """The session as it now stands, and what its failures led to."""

    session: Session
    queue_error: str
    analysis_queue_error: str
    promoted_count: int
    promote_error: str
    alerts_sent: int
    alert_errors: int
