"""Work on a clock is done once across all processes."""

import asyncio
from datetime import timedelta
from pathlib import Path
from time import monotonic

import httpx

from retrospec.core.clock import now
from retrospec.core.db import Database
from retrospec.jobs.models import Job
from retrospec.maintenance.models import Schedule
from retrospec.maintenance.schedules import take_turn
from tests.client import MakeClient, eventually, marker
from tests.faults.processes import query, serving

HOUR = timedelta(hours=1)


async def test_of_many_that_ask_at_once_one_gets_the_turn(database: Database) -> None:
    turns = await asyncio.gather(*(take_turn(database, "cleanup", every=HOUR) for _ in range(10)))

    assert sorted(turns) == [False] * 9 + [True]


async def test_the_next_turn_comes_when_it_is_due_and_not_before(database: Database) -> None:
    assert await take_turn(database, "cleanup", every=HOUR)
    await Schedule.filter(name="cleanup").update(started_at=now() - timedelta(minutes=59))
    assert not await take_turn(database, "cleanup", every=HOUR)

    await Schedule.filter(name="cleanup").update(started_at=now() - timedelta(minutes=61))

    assert await take_turn(database, "cleanup", every=HOUR)
    assert not await take_turn(database, "cleanup", every=HOUR)


async def test_each_piece_of_work_has_turns_of_its_own(database: Database) -> None:
    assert await take_turn(database, "cleanup", every=HOUR)
    assert await take_turn(database, "promote", every=HOUR)


async def test_what_repeats_is_promoted_and_told_on_the_clock(make_client: MakeClient) -> None:
    client = await make_client(
        auto_promote_on_ingest=False,
        auto_promote_interval_minutes=0.005,
        alert_sinks=("log",),
        alert_min_cluster_confidence=0.5,
    )
    for name in ("s1", "s2"):
        answer = await client.ingest(name, marker())
        assert answer["promotedCount"] == 0

    async def promoted() -> bool:
        return bool((await client.get("/v1/issues"))["issues"])

    async def told() -> bool:
        return 'retrospec_alert_sent_total{type="log"} 1.0' in (await client.http.get("/metrics")).text

    await eventually(promoted)
    await eventually(told)


async def test_rows_of_done_jobs_go_by_themselves_when_their_time_is_over(make_client: MakeClient) -> None:
    client = await make_client(job_keep_hours=2)
    for name in ("old", "done", "waiting"):
        await client.recorded(name, marker())
    await Job.exclude(session_id="waiting").update(status="done", finished_at=now() - HOUR)
    await Job.filter(session_id="old").update(finished_at=now() - 3 * HOUR)
    await Schedule.filter(name="done jobs").update(started_at=now() - 2 * HOUR)

    for loop in client.listening.server.loops:
        loop.wake()

    async def gone() -> bool:
        return not await Job.filter(session_id="old").exists()

    await eventually(gone)
    assert await Job.all().count() == 4


async def test_two_processes_share_one_clock(tmp_path: Path) -> None:
    every = 0.6
    settings = {"AUTO_CLEANUP_INTERVAL_MINUTES": str(every / 60), "EMBEDDED_WORKER": "false"}
    began = monotonic()
    async with serving(tmp_path, **settings) as one, serving(tmp_path, **settings), httpx.AsyncClient() as http:

        async def cleaned() -> float:
            said = (await http.get(f"{one.url}/metrics")).text
            found = [line for line in said.splitlines() if line.startswith("retrospec_cleanup_runs_total ")]
            runs = float(found[0].split()[1]) if found else 0.0
            return runs if runs >= 3 else 0.0

        runs = await eventually(cleaned)
        took = monotonic() - began

    # Each of them alone would be allowed as many.
    assert runs <= took / every + 1
    assert query(tmp_path, "SELECT COUNT(*) FROM schedules WHERE name = 'cleanup'") == [(1,)]
