"""Deleting the objects that rows have let go of. What fails stays marked, and is tried again by the next run."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from retrospec.core.counters import Counters
from retrospec.core.db import Statement, rows
from retrospec.core.errors import RetrospecError
from retrospec.core.log import get_logger
from retrospec.plugin import StorageBackend
from retrospec.sessions.models import StoredObject

log = get_logger(__name__)
_BATCH = 1000
_SECONDS = 60.0
_COUNTERS = {"events": "retrospec_cleanup_event_objects_total", "artifact": "retrospec_cleanup_artifact_objects_total"}

# Two projects may name one artifact key, made by a worker of theirs: the object stays while one of them keeps it.
_KEPT = Statement("""
    SELECT DISTINCT o.object_key FROM stored_objects o JOIN @rows($1: object_key text) ON o.object_key = r.object_key
    WHERE o.state <> 'deleting'
""")
_FORGET = Statement("""
    DELETE FROM stored_objects WHERE state = 'deleting' AND uid IN (SELECT r.uid FROM @rows($1: uid bigint))
""")
_FAILED = Statement("""
    UPDATE stored_objects SET failures = stored_objects.failures + 1, last_error = r.reason
    FROM @rows($1: uid bigint, reason text) WHERE stored_objects.uid = r.uid
""")


class Swept(msgspec.Struct):
    """How many objects were deleted, and how many could not be, by kind (`events`, `artifact`)."""

    deleted: Counter[str] = msgspec.field(default_factory=Counter)
    failed: Counter[str] = msgspec.field(default_factory=Counter)


class ObjectSweeper:
    """Deletes marked objects."""

    def __init__(self, storage: StorageBackend, counters: Counters) -> None:
        self._storage = storage
        self._counters = counters

    async def sweep(self, project_id: str | None) -> Swept:
        """Delete every marked object, once.

        Args:
            project_id: Of one project; None for all.
        """
        swept, after = Swept(), 0
        while batch := await self._batch(project_id, after):
            after = batch[-1].uid
            await self._delete(batch, swept)
        for kind, count in swept.deleted.items():
            self._counters.add(_COUNTERS[kind], count)
        return swept

    async def _batch(self, project_id: str | None, after: int) -> list[StoredObject]:
        marked = StoredObject.filter(state="deleting", uid__gt=after)
        if project_id is not None:
            marked = marked.filter(project_id=project_id)
        return await marked.order_by("uid").limit(_BATCH)

    async def _delete(self, batch: Sequence[StoredObject], swept: Swept) -> None:
        db = StoredObject._meta.db  # noqa: SLF001 (Tortoise's documented way to a model's connection)
        kept_rows = await _KEPT.fetch(db, rows({"object_key": one.object_key} for one in batch))
        kept = {row["object_key"] for row in kept_rows}
        keys = [one.object_key for one in batch if one.object_key not in kept]
        failures = await self._delete_objects(keys) if keys else {}
        swept.deleted.update(one.kind for one in batch if one.object_key not in failures and one.object_key not in kept)
        swept.failed.update(one.kind for one in batch if one.object_key in failures)
        await _FORGET.run(db, rows({"uid": one.uid} for one in batch if one.object_key not in failures))
        failed = [{"uid": o.uid, "reason": failures[o.object_key][:500]} for o in batch if o.object_key in failures]
        if failed:
            await _FAILED.run(db, rows(failed))

    async def _delete_objects(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Delete, and say of each key that is left why. Whatever the storage does, rows and other projects go on."""
        try:
            async with asyncio.timeout(_SECONDS):
                return dict(await self._storage.delete(keys))
        except Exception as cause:
            if not isinstance(cause, RetrospecError):
                plugin = getattr(getattr(self._storage, "registration", None), "name", "storage")
                self._counters.add("retrospec_plugin_errors_total", family="storage", plugin=plugin)
            error = str(cause) or type(cause).__name__
            log.warning("objects not deleted", objects=len(keys), error=error)
            return dict.fromkeys(keys, error)
