"""Deleting the objects that rows have let go of. What fails stays marked, and is tried again by the next run."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.db import Database, Row, Statement, rows
from retrospec.core.errors import RetrospecError
from retrospec.core.log import get_logger
from retrospec.maintenance.pace import Pace
from retrospec.plugin import StorageBackend, StorageUnavailable
from retrospec.sessions.objects import CLAIM_SECONDS

log = get_logger(__name__)
# As many as S3 deletes in one call.
BATCH = 1000
_SECONDS = 60.0
_COUNTERS = {"events": "retrospec_cleanup_event_objects_total", "artifact": "retrospec_cleanup_artifact_objects_total"}

# Whoever claimed these has crashed since, or deletes them once more, which does no harm.
_TAKE_BACK = Statement("""
    UPDATE stored_objects SET state = 'deleting', created_at = $1 WHERE state = 'erasing' AND created_at < $2
""")
# Nobody uploads to a claimed key: the object would be gone with the former one.
_CLAIM_TEXT = """
    UPDATE stored_objects SET state = 'erasing', created_at = $1 WHERE uid IN (
        SELECT o.uid FROM stored_objects o
        WHERE o.state = 'deleting' AND o.created_at <= $2 AND o.project_id = $3 {of_session}
        ORDER BY o.created_at LIMIT $4 @lock(FOR UPDATE SKIP LOCKED))
    RETURNING uid, object_key, kind
"""
_CLAIM = Statement(_CLAIM_TEXT.format(of_session=""))
_CLAIM_OF_SESSION = Statement(_CLAIM_TEXT.format(of_session="AND o.session_id = $5"))
# Two projects may name one artifact key, made by a worker of theirs: the object stays while one of them keeps it.
_KEPT = Statement("""
    SELECT DISTINCT o.object_key FROM stored_objects o JOIN @rows($1: object_key text) ON o.object_key = r.object_key
    WHERE o.state NOT IN ('deleting', 'erasing')
""")
_FORGET = Statement("""
    DELETE FROM stored_objects WHERE state = 'erasing' AND created_at = $1
        AND uid IN (SELECT r.uid FROM @rows($2: uid bigint))
    RETURNING kind
""")
_FAILED = Statement("""
    UPDATE stored_objects SET state = 'deleting', failures = stored_objects.failures + 1, last_error = r.reason
    FROM @rows($2: uid bigint, reason text)
    WHERE stored_objects.uid = r.uid AND stored_objects.state = 'erasing' AND stored_objects.created_at = $1
""")
_WAITING = Statement("""
    SELECT kind, count(*) AS objects FROM stored_objects
    WHERE state = 'deleting' AND project_id = $1 GROUP BY kind
""")
# An upload that was on its way while its project was deleted.
_UNOWNED = Statement("""
    SELECT DISTINCT o.project_id FROM stored_objects o
    WHERE o.state IN ('deleting', 'erasing') AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = o.project_id)
""")


class Swept(msgspec.Struct):
    """How many objects were deleted, and how many could not be, by kind (`events`, `artifact`)."""

    deleted: Counter[str] = msgspec.field(default_factory=Counter)
    failed: Counter[str] = msgspec.field(default_factory=Counter)


class ObjectSweeper:
    """Deletes marked objects."""

    def __init__(self, database: Database, storage: StorageBackend, counters: Counters) -> None:
        self._database = database
        self._storage = storage
        self._counters = counters

    async def sweep(self, project_id: str) -> Swept:
        """Delete every marked object of a project, once. A storage that is away is asked once for all of them."""
        swept, begun, pace = Swept(), now(), Pace(self._database, least=BATCH, most=BATCH)
        await _TAKE_BACK.run(self._database.connection, begun, begun - timedelta(seconds=CLAIM_SECONDS))
        try:
            more = True
            while more:
                async with pace.step() as size:
                    claim = now()
                    claimed = await _CLAIM.fetch(self._database.connection, claim, begun, project_id, size)
                    await self._delete(claimed, claim, swept)
                    more = bool(claimed)
        except StorageUnavailable:
            waiting = await _WAITING.fetch(self._database.connection, project_id)
            swept.failed = Counter({row["kind"]: row["objects"] for row in waiting})
        self._count(swept)
        return swept

    async def sweep_session(self, project_id: str, session_id: str) -> None:
        """Delete the marked objects of one session, however many others wait."""
        claim, swept = now(), Swept()
        claimed = await _CLAIM_OF_SESSION.fetch(self._database.connection, claim, claim, project_id, BATCH, session_id)
        with suppress(StorageUnavailable):
            await self._delete(claimed, claim, swept)
        self._count(swept)

    def _count(self, swept: Swept) -> None:
        for kind, count in swept.deleted.items():
            self._counters.add(_COUNTERS[kind], count)

    async def sweep_unowned(self) -> None:
        """Delete every marked object whose project is gone."""
        for row in await _UNOWNED.fetch(self._database.connection):
            await self.sweep(row["project_id"])

    async def _delete(self, claimed: Sequence[Row], claim: datetime, swept: Swept) -> None:
        if not claimed:
            return
        db = self._database.connection
        keepers = {row["object_key"] for row in await _KEPT.fetch(db, _picked(claimed, "object_key"))}
        if kept := [row for row in claimed if row["object_key"] in keepers]:
            await _FORGET.run(db, claim, _picked(kept, "uid"))
        if going := [row for row in claimed if row["object_key"] not in keepers]:
            await self._delete_going(going, claim, swept)

    async def _delete_going(self, going: Sequence[Row], claim: datetime, swept: Swept) -> None:
        keys = [row["object_key"] for row in going]
        try:
            failures = await self._delete_objects(keys)
        except StorageUnavailable as failure:
            await self._note_failures(going, claim, dict.fromkeys(keys, str(failure)))
            raise
        await self._note_failures(going, claim, failures)
        swept.failed.update(row["kind"] for row in going if row["object_key"] in failures)
        gone = [row for row in going if row["object_key"] not in failures]
        forgotten = await _FORGET.fetch(self._database.connection, claim, _picked(gone, "uid"))
        swept.deleted.update(row["kind"] for row in forgotten)

    async def _note_failures(self, claimed: Sequence[Row], claim: datetime, failures: Mapping[str, str]) -> None:
        failed = [row for row in claimed if row["object_key"] in failures]
        reasons = rows({"uid": row["uid"], "reason": failures[row["object_key"]][:500]} for row in failed)
        if failed:
            await _FAILED.run(self._database.connection, claim, reasons)

    async def _delete_objects(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Delete, and say of each key that is left why. Whatever else a storage does is that it is away."""
        try:
            async with asyncio.timeout(_SECONDS):
                return dict(await self._storage.delete(keys))
        except Exception as cause:
            if not isinstance(cause, RetrospecError):
                plugin = getattr(getattr(self._storage, "registration", None), "name", "storage")
                self._counters.add("retrospec_plugin_errors_total", family="storage", plugin=plugin)
            error = str(cause) or type(cause).__name__
            log.warning("objects not deleted", objects=len(keys), error=error)
            raise StorageUnavailable(error) from cause


def _picked(found: Sequence[Row], column: str) -> str:
    return rows({column: row[column]} for row in found)
