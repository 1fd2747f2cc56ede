"""What a session takes on disk, and how long a backup, a restore and a move take.

    python -m bench.moving [sessions]

Sessions (100,000) with three markers, a card, an artifact and two objects' rows each lie on PostgreSQL, and the first
2,000 of their recordings, the demo's again and again, in a folder. They are backed up, restored to SQLite, and moved
from there to another PostgreSQL, each by the command in a process of its own.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import msgspec
import psutil

from bench.filling import fill
from bench.postgres import postgres
from bench.server import RETROSPEC, folder
from retrospec.demo.library import read_recordings
from retrospec_plugins.storage_local import LocalSettings, LocalStorage

MB = 1e6
RECORDINGS = 2000
# What ingest and the workers note beside it. Those whose object is not there count as being written.
_OBJECTS = """
    INSERT INTO stored_objects (project_id, object_key, session_id, kind, state, size_bytes, created_at, failures,
                                last_error)
    SELECT project_id, key, session_id, kind, 'pending', 155000, created_at, 0, ''
    FROM sessions, LATERAL (VALUES (events_object_key, 'events'),
                                   ('replay-artifacts/' || session_id || '/analysis.json', 'artifact')) AS o (key, kind)
"""


@dataclass(frozen=True)
class Took:
    """What a command took: seconds, and resident memory at its highest in bytes."""

    seconds: float
    highest: int

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.highest / MB:.0f} MB of memory"


def run(*arguments: str, **settings: str) -> Took:
    """Run a command to its end."""
    begun, highest = time.perf_counter(), 0
    process = psutil.Popen([RETROSPEC, *arguments], env={"PATH": os.environ["PATH"], **settings})
    while process.poll() is None:
        try:
            highest = max(highest, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.02)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return Took(time.perf_counter() - begun, highest)


async def prepare(url: str, sessions: int, root: Path) -> tuple[int, int]:
    """Fill the database and the folder; gives the sizes of the database and of a recording."""
    await fill(url, sessions=sessions)
    db = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    await db.execute(_OBJECTS)
    await db.execute('CREATE DATABASE "other"')
    size: int = await db.fetchval("SELECT pg_database_size(current_database())")
    await db.close()
    recordings = [msgspec.json.encode(one.events) for one in read_recordings()]
    written = 0
    async with LocalStorage(LocalSettings(root=root)) as storage:
        for number in range(1, min(RECORDINGS, sessions) + 1):
            key = f"session-events/proj_default/2026/01/01/shop.example/s-{number}.json"
            content = recordings[number % len(recordings)]
            written += await storage.put(key, _once(content), content_type="application/json")
    return size, written // min(RECORDINGS, sessions)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def main(sessions: int) -> None:
    """Measure, and print."""
    with postgres() as url, folder() as here:
        size, recording = asyncio.run(prepare(url, sessions, here / "objects"))
        print(f"a recording: {recording / 1000:.0f} kB; a session on PostgreSQL: {size / sessions / 1000:.2f} kB")
        archive = here / "backup.tar.gz"
        source = {"DATABASE_URL": url, "DATA_DIR": str(here)}
        print(f"backup: {run('backup', str(archive), **source)}, a file of {archive.stat().st_size / MB:.0f} MB")
        restored = {"DATA_DIR": str(here / "restored")}
        print(f"restore to SQLite: {run('restore', str(archive), **restored)}")
        on_sqlite = (here / "restored" / "retrospec.db").stat().st_size
        print(f"a session on SQLite: {on_sqlite / sessions / 1000:.2f} kB")
        other = here / "other.env"
        other.write_text(f"DATABASE_URL={url.replace('/postgres?', '/other?')}\n")
        print(f"move of the database to PostgreSQL: {run('migrate-data', '--to', str(other), **restored)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
