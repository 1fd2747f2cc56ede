"""What goes over the wire about sessions and their failures."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from retrospec.sessions.models import ErrorMarker

Kind = Literal["validation_failed", "api_error", "js_exception", "ui_no_effect"]
KINDS: tuple[Kind, ...] = ("ui_no_effect", "validation_failed", "api_error", "js_exception")

EventsKey = Annotated[
    str,
    msgspec.Meta(
        examples=["session-events/proj_default/2026/03/04/shop.example/s-1.json"], description="Key of the recording"
    ),
]


class Marker(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A failure at one moment of a session."""

    id: str
    session_id: str
    cluster_key: Annotated[str, msgspec.Meta(examples=["api_error:0a1b2c3d4e5f6071"])]
    label: str
    evidence: str = ""
    replay_offset_ms: int
    kind: str
    observed_at: datetime


class StoredEvents(msgspec.Struct, rename="camel"):
    """Where a recording was stored."""

    project_id: str
    session_id: str
    events_object_key: EventsKey


class SessionEvents(msgspec.Struct, rename="camel"):
    """A session's recording."""

    session_id: str
    events_object_key: EventsKey
    events: list[dict[str, object]]


class EventsUpload(msgspec.Struct, rename="camel"):
    """A recording on its way in. `events` are rrweb events, oldest first."""

    events: Annotated[msgspec.Raw, msgspec.Meta(description="JSON array of rrweb events")]
    site: str | None = None
    session_id: Annotated[
        str | None, msgspec.Meta(description="1-128 characters of A-Z a-z 0-9 . _ ~ : @ -; made up when missing")
    ] = None


def marker_of(row: ErrorMarker) -> Marker:
    """The wire's form of a stored marker."""
    return Marker(
        id=row.marker_id,
        session_id=row.session_id,
        cluster_key=row.cluster_key,
        label=row.label,
        evidence=row.evidence,
        replay_offset_ms=row.replay_offset_ms,
        kind=row.kind,
        observed_at=row.observed_at,
    )
