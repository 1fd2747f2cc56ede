"""`retrospec backup`: everything that a server holds, in one file."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from retrospec.archive.dump import NamedObject, ObjectKeys, dump
from retrospec.archive.layout import FORMAT, Header, Manifest
from retrospec.archive.link import Link, connected, require_current
from retrospec.archive.objects import Held, fetch, in_order
from retrospec.archive.progress import Report
from retrospec.archive.stores import opened_storage
from retrospec.archive.tables import described
from retrospec.archive.writer import Writer, new_archive
from retrospec.core.clock import now
from retrospec.core.settings import Settings
from retrospec.plugin import StorageBackend
from retrospec.version import __version__

# Of the missing objects, so many are named at the end; the index of the archive has them all.
TOLD = 10


async def back_up(settings: Settings, path: Path, report: Report) -> tuple[Manifest, list[str]]:
    """Write an archive of a server that may run meanwhile.

    The rows are those of one moment, and the objects are those that they name. One that is removed before its turn
    comes is noted as missing.

    Args:
        settings: The server's.
        path: File to be made.
        report: Told how far it is.

    Returns:
        What the archive holds, and the first keys of objects that should be in it and are not.

    Raises:
        SchemaBehind: The database lacks migrations.
        OtherVersion: It has some that this version does not know.
        Conflict: There is a file already.
        StorageUnavailable: The storage does not answer.
    """
    async with connected(settings) as link, opened_storage(settings) as storage:
        header = Header(FORMAT, __version__, await require_current(link), now(), described())
        with new_archive(path, header) as writer, ObjectKeys() as keys:
            await _write_rows(link, writer, keys, report)
            missed = await _write_objects(storage, writer, keys, report)
    return writer.manifest, missed


async def _write_rows(link: Link, writer: Writer, keys: ObjectKeys, report: Report) -> None:
    rows = 0
    async with link.snapshot():
        async for part in dump(link, keys.note):
            await asyncio.to_thread(writer.add_rows, part)
            rows += part.rows
            report("rows", rows, None)


async def _write_objects(storage: StorageBackend, writer: Writer, keys: ObjectKeys, report: Report) -> list[str]:
    async def look(named: NamedObject) -> Held | None:
        return await fetch(storage, named.key)

    # Asked once: each time it counts them all.
    total = len(keys)
    missed: list[str] = []
    async with aclosing(in_order(keys.each(), look)) as found:
        done = 0
        async for named, held in found:
            if held is not None:
                with held:
                    await asyncio.to_thread(writer.add_object, held)
            elif named.certain:
                writer.miss(named.key)
                missed += [named.key] if len(missed) < TOLD else []
            done += 1
            report("objects", done, total)
    return missed
