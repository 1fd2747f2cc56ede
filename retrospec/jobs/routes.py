"""The operator's view of the queues, over HTTP."""

from retrospec.core.routing import Access, Routes
from retrospec.core.settings import Settings
from retrospec.jobs import admin
from retrospec.jobs.admin_schemas import (
    DeadLetterQuery,
    DeadLetters,
    Purge,
    Purged,
    QueueHealth,
    Redrive,
    Redriven,
)
from retrospec.plugin.queue import QueueBackend

queues = Routes("queues", tag="Queues")


@queues.get("/v1/admin/queue-health", access=Access.ADMIN)
async def queue_health(queue: QueueBackend, settings: Settings) -> QueueHealth:
    """Show the depths of both queues.

    `status` is the worse of the two queues: `critical` or `warning` as soon as one depth reaches the
    threshold of that name.
    """
    return await admin.queue_health(queue, settings)


@queues.get("/v1/admin/queue-dead-letters", access=Access.ADMIN)
async def list_dead_letters(query: DeadLetterQuery, queue: QueueBackend, settings: Settings) -> DeadLetters:
    """List jobs that were given up, newest first.

    Scope `failed` holds those whose attempts were used up, `unprocessable` those whose payload cannot be
    read. `payload` is the job as an object, or null where it is none; `raw` is its text.
    """
    return await admin.dead_letters(queue, settings, query)


@queues.post("/v1/admin/queue-dead-letters/purge", access=Access.ADMIN)
async def purge_dead_letters(body: Purge, queue: QueueBackend, settings: Settings) -> Purged:
    """Delete jobs that were given up, oldest first."""
    return Purged(await admin.purge(queue, settings, body))


@queues.post("/v1/admin/queue-redrive", access=Access.ADMIN)
async def redrive_dead_letters(body: Redrive, queue: QueueBackend, settings: Settings) -> Redriven:
    """Run failed jobs again, oldest first, with all their attempts before them.

    Those whose payload cannot be read are skipped.
    """
    return Redriven(await admin.redrive(queue, settings, body))
