"""`retrospec restore`: what an archive holds, into a server that holds nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

from asyncpg.exceptions import InterfaceError as PostgresInterfaceError
from asyncpg.exceptions import PostgresError
from tortoise.exceptions import BaseORMException

from retrospec.archive.check import check
from retrospec.archive.digest import Digests
from retrospec.archive.errors import Unfinished
from retrospec.archive.layout import Manifest
from retrospec.archive.link import connected
from retrospec.archive.load import BeforeCommit, EmptyDatabase
from retrospec.archive.objects import Held, in_order, known_to_be_empty, place
from retrospec.archive.progress import Report, in_thread
from retrospec.archive.reader import objects, parts, tables_of
from retrospec.archive.stores import opened_storage
from retrospec.core.errors import RetrospecError
from retrospec.core.settings import Settings
from retrospec.plugin import StorageBackend

_STATE = (
    "It broke off: the database is as it was before, without any of the rows; objects that were written so far lie in "
    "the storage. Mend the cause and run the same again with --resume, or clear the storage before"
)


async def restore(settings: Settings, path: Path, report: Report, *, resume: bool = False) -> Manifest:
    """Check an archive, then write its objects, then its rows, all of these in one transaction.

    Rows of an older version go into the schema of that version, which is brought up to date afterwards.

    Args:
        settings: The server's that is to hold it. None may run on them.
        path: The archive.
        report: Told how far it is.
        resume: Go on with one that broke off: objects that are there already and are the same stay.

    Raises:
        BadArchive: It is damaged, cut off, or none of ours. Nothing was written.
        OtherVersion: It is one of another version. Nothing was written.
        NotEmpty: The database or the storage holds something. Nothing was written.
        Unfinished: It broke off; the text says what there is now.
    """
    manifest = await asyncio.to_thread(check, path, report)
    async with opened_storage(settings) as storage, connected(settings, make=True) as link:
        database = EmptyDatabase(link, settings, manifest.header.schema, tables_of(manifest.header))
        await database.prepare()
        look = resume or not await known_to_be_empty(storage)
        with explained():
            await _write_objects(storage, path, manifest, report, look=look)
            await database.fill(in_thread(parts(path, manifest)), report, _of_the_manifest(manifest))
    return manifest


async def _write_objects(
    storage: StorageBackend, path: Path, manifest: Manifest, report: Report, *, look: bool
) -> None:
    async def write(held: Held) -> None:
        with held:
            await place(storage, held, look=look)

    done = 0
    async with aclosing(in_thread(objects(path))) as source, aclosing(in_order(source, write)) as written:
        async for _ in written:
            done += 1
            report("objects", done, manifest.objects)
    if done != manifest.objects:
        raise Unfinished(f"{path} has changed since it was checked")


def _of_the_manifest(manifest: Manifest) -> BeforeCommit:
    async def compare(held: Digests) -> None:
        rows = {name: digest.rows for name, digest in held.items() if digest.rows}
        if rows != manifest.rows:
            raise Unfinished("the archive has changed since it was checked")

    return compare


@contextmanager
def explained() -> Iterator[None]:
    """Add to whatever goes wrong on the way what there is now, and how to go on."""
    try:
        yield
    except Unfinished:
        raise
    except (RetrospecError, OSError, BaseORMException, PostgresError, PostgresInterfaceError) as cause:
        raise Unfinished(f"{cause}\n{_STATE}") from cause
