"""What an operator sees of the queues, and does about dead letters."""

from collections.abc import Mapping
from typing import Any

from retrospec.core.clock import now
from retrospec.core.settings import Settings
from retrospec.jobs.admin_schemas import (
    DEFAULT_LIMIT,
    DeadLetterEntry,
    DeadLetterQuery,
    DeadLetters,
    DeadLettersResult,
    Depths,
    Health,
    Purge,
    PurgeResult,
    QueueHealth,
    QueueKind,
    Redrive,
    RedriveResult,
    Thresholds,
)
from retrospec.jobs.schemas import job_object
from retrospec.plugin.queue import DeadLetter, QueueBackend, QueueDepths


def queue_named(settings: Settings, kind: QueueKind) -> str:
    """The queue that an operator calls `replay` or `analysis`."""
    return settings.replay_queue_name if kind == "replay" else settings.analysis_queue_name


async def queue_health(queue: QueueBackend, settings: Settings) -> QueueHealth:
    """Depths of both queues, and how worrying they are.

    Raises:
        QueueUnavailable: They cannot be told.
    """
    replay = await queue.depths(settings.replay_queue_name)
    analysis = await queue.depths(settings.analysis_queue_name)
    thresholds = Thresholds(
        warning_pending=settings.queue_warning_pending,
        warning_retry=settings.queue_warning_retry,
        critical_pending=settings.queue_critical_pending,
        critical_retry=settings.queue_critical_retry,
        critical_failed=settings.queue_critical_failed,
    )
    status = max((_health(depths, thresholds) for depths in (replay, analysis)), key=_SEVERITY.index)
    return QueueHealth(status, now(), _shown(replay), _shown(analysis), thresholds)


async def dead_letters(queue: QueueBackend, settings: Settings, query: DeadLetterQuery) -> DeadLetters:
    """A page of dead letters, newest first, read as far as they can be."""
    page = await queue.dead_letters(
        queue_named(settings, query.queue), query.scope, offset=query.offset, limit=query.limit
    )
    entries = [_entry(letter) for letter in page.entries]
    unparsable = sum(entry.payload is None for entry in entries)
    result = DeadLettersResult(query.queue, query.scope, query.offset, query.limit, page.total, unparsable, entries)
    return DeadLetters(result, now())


async def purge(queue: QueueBackend, settings: Settings, asked: Purge) -> PurgeResult:
    """Delete dead letters, oldest first."""
    scope, limit = asked.scope or "failed", asked.limit or DEFAULT_LIMIT
    purged = await queue.purge(queue_named(settings, asked.queue), scope, limit=limit)
    return PurgeResult(asked.queue, scope, limit, purged.deleted, purged.remaining)


async def redrive(queue: QueueBackend, settings: Settings, asked: Redrive) -> RedriveResult:
    """Put `failed` dead letters back into the queue, oldest first."""
    limit = asked.limit or DEFAULT_LIMIT
    done = await queue.redrive(queue_named(settings, asked.queue), limit=limit)
    return RedriveResult(asked.queue, limit, done.redriven, done.skipped, done.remaining_failed)


_SEVERITY: tuple[Health, ...] = ("healthy", "warning", "critical")


def _health(depths: QueueDepths, limits: Thresholds) -> Health:
    if (
        depths.pending >= limits.critical_pending
        or depths.retry_depth >= limits.critical_retry
        or depths.failed_depth >= limits.critical_failed
    ):
        return "critical"
    if depths.pending >= limits.warning_pending or depths.retry_depth >= limits.warning_retry:
        return "warning"
    return "healthy"


def _shown(depths: QueueDepths) -> Depths:
    return Depths(depths.stream_depth, depths.pending, depths.retry_depth, depths.failed_depth)


def _entry(letter: DeadLetter) -> DeadLetterEntry:
    payload = job_object(letter.payload)
    said = payload or {}
    return DeadLetterEntry(
        failed_at=letter.failed_at,
        error=letter.error,
        attempt=letter.attempt,
        project_id=_text(said, "projectId"),
        session_id=_text(said, "sessionId"),
        trigger_kind=_text(said, "triggerKind"),
        route=_text(said, "route"),
        site=_text(said, "site"),
        payload=payload,
        raw=letter.payload,
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""
