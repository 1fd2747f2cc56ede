"""Workers in processes of their own, on one database."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

from retrospec.core.db import Database
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.jobs.models import Job
from retrospec.plugin import Lease
from tests.jobs.kit import add, new_job


async def claimer(database: Database, name: str, how: str) -> Process:
    command = (sys.executable, "-m", "tests.jobs.claimer", database.url, name, how)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


def go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")


async def test_processes_never_get_the_same_job(database: Database) -> None:
    jobs = [new_job(f"s{number}") for number in range(150)]
    await add(database, *jobs)
    processes = [await claimer(database, f"w{number}", "drain") for number in range(3)]

    for process in processes:
        go(process)
    said = [id_ for process in processes for id_ in (await process.communicate())[0].decode().split()]

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(said) == sorted(job.id for job in jobs)
    assert await Job.filter(status="done", lease_token=1).count() == 150


async def test_what_a_killed_worker_held_goes_to_another_when_its_lease_runs_out(database: Database) -> None:
    await add(database, new_job())
    process = await claimer(database, "doomed", "hold")
    assert process.stdout is not None
    go(process)
    held = (await process.stdout.readline()).decode().strip()
    process.kill()
    await process.wait()
    queue = DatabaseQueue()
    assert (await queue.depths("replay")).pending == 1

    leases: Sequence[Lease] = ()
    for _ in range(200):
        leases = leases or await queue.claim("replay", worker="heir", limit=1, lease_seconds=60)
        await asyncio.sleep(0 if leases else 0.1)

    assert [(lease.job.id, lease.job.attempt) for lease in leases] == [(held, 1)]
    assert await queue.complete(leases[0])
