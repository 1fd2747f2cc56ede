"""What goes over the wire about queues."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from retrospec.plugin.queue import Scope

QueueKind = Literal["replay", "analysis"]
Health = Literal["healthy", "warning", "critical"]
DEFAULT_LIMIT = 25

_Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]


class Depths(msgspec.Struct, rename="camel"):
    """Jobs of one queue: not finished; of these, held by a worker; waiting for another attempt; given up."""

    stream_depth: int
    pending: int
    retry_depth: int
    failed_depth: int


class Thresholds(msgspec.Struct, rename="camel"):
    """From where on the depths of a queue count as a warning, or as critical."""

    warning_pending: int
    warning_retry: int
    critical_pending: int
    critical_retry: int
    critical_failed: int


class QueueHealth(msgspec.Struct, rename="camel"):
    """Depths of both queues, and the worse of their states."""

    status: Health
    generated_at: datetime
    replay: Depths
    analysis: Depths
    thresholds: Thresholds


class DeadLetterQuery(msgspec.Struct, rename="camel"):
    """Which dead letters to show."""

    queue: QueueKind
    scope: Scope = "failed"
    offset: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = DEFAULT_LIMIT


class DeadLetterEntry(msgspec.Struct, rename="camel"):
    """A job that was given up. What its payload does not say is empty; `raw` is the payload as it is."""

    failed_at: datetime | None
    error: str
    attempt: int
    project_id: str
    session_id: str
    trigger_kind: str
    route: str
    site: str
    payload: dict[str, Any] | None
    raw: str


class DeadLettersResult(msgspec.Struct, rename="camel"):
    """A page of dead letters; `unparsable` counts those of the page that are no JSON object."""

    queue_kind: QueueKind
    scope: Scope
    offset: int
    limit: int
    total: int
    unparsable: int
    entries: list[DeadLetterEntry]


class DeadLetters(msgspec.Struct, rename="camel"):
    """A page of dead letters, and when it was read."""

    result: DeadLettersResult
    generated_at: datetime


class Purge(msgspec.Struct, rename="camel"):
    """Which dead letters to delete."""

    queue: QueueKind
    scope: Scope | None = None
    limit: _Limit | None = None


class PurgeResult(msgspec.Struct, rename="camel"):
    """How many were to be deleted, were, and remain."""

    queue_kind: QueueKind
    scope: Scope
    requested: int
    deleted: int
    remaining: int


class Purged(msgspec.Struct, rename="camel"):
    """What came of a purge."""

    result: PurgeResult


class Redrive(msgspec.Struct, rename="camel"):
    """Which dead letters to run again."""

    queue: QueueKind
    limit: _Limit | None = None


class RedriveResult(msgspec.Struct, rename="camel"):
    """How many were to run again, will, were left because they cannot be read, and remain."""

    queue_kind: QueueKind
    requested: int
    redriven: int
    skipped: int
    remaining_failed: int


class Redriven(msgspec.Struct, rename="camel"):
    """What came of a redrive."""

    result: RedriveResult
