"""Jobs are written with what they follow from, and one of a session waits at the most."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from retrospec.core.db import Database, rows, transaction
from retrospec.jobs import outbox, statements
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.jobs.models import Job
from retrospec.jobs.outbox import JobKey, NewJob, delete_of_project, delete_of_sessions, enqueue, enqueue_latest, prune
from retrospec.jobs.outbox import supersede as supersede_jobs
from retrospec.plugin.testing.clock import VirtualClock
from tests.jobs.kit import START, add, new_job, waiting

LATER = START + timedelta(minutes=1)


async def test_jobs_are_written_in_order_with_what_they_say(database: Database) -> None:
    await add(database, *(new_job(f"s{number}", said='"{\\u0000}ü\n') for number in range(30)), now=START)

    jobs = await Job.all().order_by("uid")

    assert [job.session_id for job in jobs] == [f"s{number}" for number in range(30)]
    assert (jobs[0].status, jobs[0].attempt, jobs[0].due_at, jobs[0].created_at) == ("ready", 0, START, START)
    assert (await waiting())[0][2] == '"{\\u0000}ü\n'


async def test_a_job_whose_id_is_known_is_left_out(database: Database) -> None:
    await add(database, NewJob("replay", "p1", "s1", '{"said":"first"}', id="j1"))

    await add(database, NewJob("replay", "p1", "s1", '{"said":"again"}', id="j1"), new_job("s2"))

    assert [(session, said) for session, _, said in await waiting()] == [("s1", "first"), ("s2", "first")]


async def test_no_jobs_are_no_statement(database: Database) -> None:
    await enqueue(database.connection, [], START)
    await enqueue_latest(database.connection, [], START)

    assert await Job.all().count() == 0
    assert await delete_of_sessions(database.connection, "p1", []) == 0


async def test_a_newer_job_takes_the_place_of_the_one_that_waits(database: Database) -> None:
    await add(database, new_job("s1"), new_job("s2"), now=START)

    async with transaction() as db:
        await enqueue_latest(db, [new_job("s1", said="newer"), new_job("s3")], LATER)

    assert await waiting() == [("s2", "replay", "first"), ("s1", "replay", "newer"), ("s3", "replay", "first")]
    assert (await Job.get(session_id="s1")).due_at == START


async def test_of_several_jobs_of_a_session_in_a_batch_the_last_is_written(database: Database) -> None:
    async with transaction() as db:
        await enqueue_latest(db, [new_job(said="first"), new_job(said="last"), new_job(queue="analysis")], START)

    assert await waiting() == [("s1", "replay", "last"), ("s1", "analysis", "first")]


async def test_a_job_that_was_begun_is_not_replaced(database: Database) -> None:
    await add(database, *(new_job(f"s{number}") for number in range(4)))
    queue = DatabaseQueue()
    held, retried, released, done = await queue.claim("replay", worker="w", limit=4, lease_seconds=60)
    assert await queue.retry(retried, delay_seconds=0, error="")
    assert await queue.release(released)
    assert await queue.complete(done)

    async with transaction() as db:
        await enqueue_latest(db, [new_job(f"s{number}", said="newer") for number in range(4)], START)

    assert await Job.all().count() == 8
    assert await queue.complete(held)


async def test_a_job_that_another_queue_was_given_is_not_replaced(database: Database) -> None:
    await add(database, new_job())
    await Job.all().update(published_at=START)

    assert await supersede_jobs(database.connection, [JobKey("p1", "s1", "replay")]) == {}


async def test_only_the_same_session_and_queue_is_replaced(database: Database) -> None:
    await add(database, new_job("s1", project="p2"), new_job("s2"), new_job("s1", queue="analysis"))

    assert await supersede_jobs(database.connection, [JobKey("p1", "s1", "replay")]) == {}
    assert len(await waiting()) == 3


async def test_a_job_that_was_replaced_in_vain_is_still_there(database: Database) -> None:
    await add(database, new_job())

    async def replace_in_vain() -> None:
        async with transaction() as db:
            await enqueue_latest(db, [new_job(said="newer")], LATER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await replace_in_vain()

    assert await waiting() == [("s1", "replay", "first")]


async def test_old_done_jobs_are_deleted_in_steps_and_nothing_else(database: Database) -> None:
    clock = VirtualClock(START)
    queue = DatabaseQueue(clock.now)
    await add(database, *(new_job(f"s{number}") for number in range(9)), now=START)
    leases = await queue.claim("replay", worker="w", limit=8, lease_seconds=60)
    for lease in leases[:5]:
        await queue.complete(lease)
    await queue.bury(leases[5], error="broke")
    clock.advance(60)
    await queue.complete(leases[6])

    assert [await prune(database.connection, clock.now(), limit=2) for _ in range(4)] == [2, 2, 1, 0]

    kept = await Job.all().order_by("uid")
    assert [job.status for job in kept] == ["failed", "done", "leased", "ready"]


async def test_a_deleted_sessions_jobs_are_gone_and_their_worker_hears_of_it(database: Database) -> None:
    queue = DatabaseQueue()
    await add(database, new_job("s1"), new_job("s2"), new_job("s1", project="p2"), new_job("s3"))
    [lease] = await queue.claim("replay", worker="w", limit=1, lease_seconds=60)

    assert await delete_of_sessions(database.connection, "p1", ["s1", "s2"]) == 2

    assert [(job.project_id, job.session_id) for job in await Job.all().order_by("uid")] == [("p2", "s1"), ("p1", "s3")]
    assert not await queue.extend(lease, lease_seconds=60)


async def test_a_deleted_projects_jobs_are_gone(database: Database) -> None:
    await add(database, *(new_job(f"s{number}") for number in range(5)), new_job(project="p2"))

    assert await delete_of_project(database.connection, "p1", step=2) == 5
    assert [job.project_id for job in await Job.all()] == ["p2"]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_on_sqlite_no_step_reads_more_the_more_jobs_there_are(sqlite_template: Path, database_url: str) -> None:
    connection = sqlite3.connect(database_url.removeprefix("sqlite://"))
    keys = rows([JobKey("p1", "s1", "replay")._asdict()])
    values = {
        outbox._SUPERSEDE: (keys,),
        outbox._FORGET: ("p1", rows([{"id": "s1"}])),
        statements.CLAIM: ("replay", "2026", 5, "2027", "w"),
        statements.IS_ANY_DUE: ("replay", "2026"),
    }

    plans = {
        statement: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement._sqlite}", given)]
        for statement, given in values.items()
    }
    connection.close()

    assert any("(project_id=? AND session_id=? AND queue=?)" in step for step in plans[outbox._SUPERSEDE])
    assert any("(project_id=? AND session_id=?)" in step for step in plans[outbox._FORGET])
    for statement in (statements.CLAIM, statements.IS_ANY_DUE):
        assert any("(queue=? AND status=? AND due_at<?)" in step for step in plans[statement])
    assert not any("SCAN jobs" in step for plan in plans.values() for step in plan)


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
async def test_on_postgres_no_step_reads_more_the_more_jobs_there_are(database: Database) -> None:
    db = database.connection
    for part in range(4):
        await add(database, *(new_job(f"s{part}-{number}") for number in range(5000)), now=START)
    await db.execute_query("ANALYZE jobs")
    values = {
        outbox._SUPERSEDE: (rows([JobKey("p1", "s1-1", "replay")._asdict()]),),
        outbox._FORGET: ("p1", rows([{"id": "s1-1"}])),
        statements.CLAIM: ("replay", LATER, 5, LATER, "w"),
    }

    for statement, given in values.items():
        plan = await db.execute_query_dict(f"EXPLAIN {statement._postgres}", list(given))
        assert not any("Seq Scan on jobs" in row["QUERY PLAN"] for row in plan), plan
