"""`retrospec migrate-data`: from one database or storage to another, without a file in between."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any

from retrospec.archive.backup import TOLD
from retrospec.archive.digest import Digests, differing, digests
from retrospec.archive.dump import NamedObject, ObjectKeys, Part, dump, name_objects
from retrospec.archive.link import Link, connected, require_current
from retrospec.archive.load import EmptyDatabase
from retrospec.archive.objects import fetch, in_order, known_to_be_empty, place
from retrospec.archive.progress import Report
from retrospec.archive.restore import explained
from retrospec.archive.stores import opened_storage
from retrospec.core.errors import Conflict, SettingsError
from retrospec.core.settings import Settings
from retrospec.plugin import StorageBackend


@dataclass(slots=True)
class Moved:
    """What was moved.

    Attributes:
        rows: How many, by table; None where the database stays.
        objects: How many; None where the storage stays.
        bytes: Their size.
        missing: How many should be in the storage and were not.
        missing_keys: The first of them.
    """

    rows: dict[str, int] | None = None
    objects: int | None = None
    bytes: int = 0
    missing: int = 0
    missing_keys: list[str] = field(default_factory=list)


async def move(source: Settings, target: Settings, report: Report, *, resume: bool = False) -> Moved:
    """Copy what a stopped server holds to where other settings keep it. The source stays as it is.

    Args:
        source: Settings of the server.
        target: Settings that it is to have.
        report: Told how far it is.
        resume: Go on with one that broke off: objects that are there already and are the same stay.

    Raises:
        SettingsError: Both keep everything in the same place.
        NotEmpty: The target holds something already. Nothing was written.
        Unfinished: It broke off, or the source was written to meanwhile; the text says what there is now.
    """
    moved = Moved()
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(connected(source))
        schema = await require_current(link)
        other = await _target_database(stack, source, target, schema)
        storages = await _storages(stack, source, target)
        if other is None and storages is None:
            raise SettingsError("the other settings keep everything where it is now: there is nothing to move")
        look = resume or storages is None or not await known_to_be_empty(storages[1])
        keys = stack.enter_context(ObjectKeys())
        async with link.snapshot():
            await name_objects(link, keys)
            before = await digests(link)
        with explained():
            if storages is not None:
                await _copy_objects(*storages, keys, moved, report, look=look)
            if other is not None:
                moved.rows = await _copy_rows(link, other, before, report)
            else:
                await _require_unchanged(link, before)
    return moved


async def _target_database(
    stack: AsyncExitStack, source: Settings, target: Settings, schema: str
) -> EmptyDatabase | None:
    if source.database == target.database:
        return None
    link = await stack.enter_async_context(connected(target, make=True))
    database = EmptyDatabase(link, target, schema)
    await database.prepare()
    return database


async def _storages(
    stack: AsyncExitStack, source: Settings, target: Settings
) -> tuple[StorageBackend, StorageBackend] | None:
    if _place(source) == _place(target):
        return None
    here = await stack.enter_async_context(opened_storage(source))
    there = await stack.enter_async_context(opened_storage(target))
    return here, there


def _place(settings: Settings) -> tuple[str, dict[str, Any]]:
    return settings.storage_name, dict(settings.plugin_section("storage", settings.storage_name))


async def _copy_objects(
    here: StorageBackend, there: StorageBackend, keys: ObjectKeys, moved: Moved, report: Report, *, look: bool
) -> None:
    async def copy(named: NamedObject) -> int | None:
        held = await fetch(here, named.key)
        if held is None:
            return None
        with held:
            await place(there, held, look=look, read_back=True)
        return held.size

    total = len(keys)
    moved.objects = done = 0
    async with aclosing(in_order(keys.each(), copy)) as copied:
        async for named, size in copied:
            if size is not None:
                moved.objects += 1
                moved.bytes += size
            elif named.certain:
                moved.missing += 1
                moved.missing_keys += [named.key] if len(moved.missing_keys) < TOLD else []
            done += 1
            report("objects", done, total)


async def _copy_rows(link: Link, other: EmptyDatabase, before: Digests, report: Report) -> dict[str, int]:
    async def compare(written: Digests) -> None:
        _require_same(before, written)
        await _require_unchanged(link, before)

    await other.fill(_rows(link), report, compare)
    return {name: digest.rows for name, digest in before.items()}


async def _rows(link: Link) -> AsyncGenerator[Part, None]:
    async with link.snapshot():
        async for part in dump(link):
            yield part


async def _require_unchanged(link: Link, before: Digests) -> None:
    async with link.snapshot():
        _require_same(before, await digests(link))


def _require_same(before: Digests, after: Digests) -> None:
    if changed := differing(before, after):
        raise Conflict(
            f"the database was written to while it was copied ({', '.join(changed)}): stop all its servers and workers"
        )
