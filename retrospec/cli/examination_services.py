"""What `retrospec doctor` asks of the database, the queue, the storage and the other plugins in use."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal, cast

import msgspec

from retrospec.cli.selection import Selected
from retrospec.core.db import Database
from retrospec.core.errors import Unavailable
from retrospec.core.log import hide_secrets
from retrospec.core.settings import Settings
from retrospec.jobs.admin import queue_health
from retrospec.metrics.health import Readiness
from retrospec.plugin import Component, QueueBackend, StorageBackend
from retrospec.schema import MODELS

State = Literal["ok", "warning", "failed"]

_PATIENCE_S = 10.0
_APART_S = 5.0


class Finding(msgspec.Struct, omit_defaults=True):
    """One thing that was looked at. `advice` says what to do, where something is to be done."""

    name: str
    state: State
    detail: str
    advice: str = ""


class Closed:
    """Stands for a component that could not be opened, and says why whenever it is asked."""

    def __init__(self, cause: Exception) -> None:
        self._cause = cause

    async def check(self) -> str:
        """Raise what opening raised."""
        raise self._cause


Part = Component | Closed


async def examine_services(settings: Settings, selected: Sequence[Selected]) -> list[Finding]:
    """Open everything that a server opens, and ask whether it works."""
    database = Database(settings.database, MODELS, **settings.database_options)
    async with AsyncExitStack() as stack:
        closed = await _connect(stack, database)
        # The queue may lie in the database: without it there is nothing to ask.
        usable = [one for one in selected if not (closed and one.family is QueueBackend)]
        parts = [(one, await _opened(stack, one)) for one in usable]
        if closed:
            return [closed, *[await _ask(one, part) for one, part in parts if one.made]]
        queue, storage = (
            cast("QueueBackend", _of(QueueBackend, parts)),
            cast("StorageBackend", _of(StorageBackend, parts)),
        )
        checks = await Readiness(database, queue, storage).check()
        findings = [Finding(one.name, "ok" if one.ok else "failed", one.detail) for one in checks]
        if all(one.ok for one in checks):
            findings += [await _jobs(settings, queue), await _database_clock(database)]
        findings += [await _ask(one, part) for one, part in parts if one.made and part not in (queue, storage)]
        return findings


async def _connect(stack: AsyncExitStack, database: Database) -> Finding | None:
    file = Path(database.url.removeprefix("sqlite://"))
    if database.is_sqlite and not await asyncio.to_thread(file.exists):
        # Connecting would make it.
        return Finding("database", "ok", f"{file} does not exist yet: `retrospec serve` makes it")
    try:
        await database.open()
    except Unavailable as cause:
        return Finding("database", "failed", _harmless(cause), "check DATABASE_URL and that its server runs")
    stack.push_async_callback(database.close)
    return None


async def _opened(stack: AsyncExitStack, one: Selected) -> Part:
    if one.made is None:
        return Closed(Unavailable("cannot be used: see plugins"))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await stack.enter_async_context(one.made)
    except Exception as cause:
        return Closed(cause)


def _of(family: type, parts: Sequence[tuple[Selected, Part]]) -> Part:
    return next(part for one, part in parts if one.family is family)


async def _ask(one: Selected, part: Part) -> Finding:
    family, _, name = one.place.partition(".")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return Finding(family, "ok", f"{name}: {await part.check()}")
    except TimeoutError:
        return Finding(family, "failed", f"{name} does not answer", f"check its settings in [{one.place}]")
    except Exception as cause:
        return Finding(family, "failed", f"{name}: {_harmless(cause)}", f"check its settings in [{one.place}]")


async def _jobs(settings: Settings, queue: QueueBackend) -> Finding:
    health = await queue_health(queue, settings)
    waiting = health.replay.stream_depth + health.analysis.stream_depth
    dead = health.replay.failed_depth + health.analysis.failed_depth
    detail = f"{waiting} waiting, {dead} failed for good"
    if health.status == "healthy" and not dead:
        return Finding("jobs", "ok", detail)
    read = "read them at GET /v1/admin/queue-dead-letters, then POST queue-redrive or queue-dead-letters/purge there"
    return Finding("jobs", "warning", detail, read if dead else "run more of `retrospec worker`")


async def _database_clock(database: Database) -> Finding:
    if database.is_sqlite:
        return Finding("clock", "ok", "the database goes by this machine's")
    rows = await database.connection.execute_query_dict("SELECT extract(epoch FROM clock_timestamp()) AS now")
    apart = abs(float(rows[0]["now"]) - time.time())
    detail = f"{apart:.1f} s apart from the database's"
    if apart <= _APART_S:
        return Finding("clock", "ok", detail)
    return Finding("clock", "warning", detail, "set the clocks of both machines by NTP: leases and tokens go by them")


def _harmless(cause: Exception) -> str:
    """One line, without what drivers may say of addresses and passwords."""
    text = " ".join(str(cause).split()) or type(cause).__name__
    return str(hide_secrets(None, "", {"detail": text})["detail"])
