"""Workers that are killed or stand still in the middle of a job: it is done all the same, and once."""

from pathlib import Path
from time import monotonic

import httpx

from tests.client import Json, eventually
from tests.faults.analyzer import Analyzer
from tests.faults.load import Load
from tests.faults.processes import Process, serving, working
from tests.stacks import Stack

ANALYSES, REPLAYS = "analysis-jobs", "replay-jobs"
LEASE_SECONDS = 2
# What the promise leaves for the rest: finding the job, and doing it.
ALLOWED_SECONDS = LEASE_SECONDS + 10


async def jobs(stack: Stack, queue: str) -> dict[str, str]:
    """Where the job of each session stands."""
    return dict(await stack.query(f"SELECT session_id, status FROM jobs WHERE queue = '{queue}'"))


async def replayed(stack: Stack, count: int) -> None:
    """Wait for so many replays: a process that stands still in the middle of a transaction keeps its rows."""

    async def check() -> bool:
        return list((await jobs(stack, REPLAYS)).values()) == ["done"] * count

    await eventually(check)


async def done(stack: Stack, session: str, seconds: float) -> None:
    async def check() -> bool:
        return (await jobs(stack, ANALYSES))[session] == "done"

    await eventually(check, seconds)


async def card(http: httpx.AsyncClient, session: str) -> Json:
    found: Json = (await http.get(f"/v1/sessions/{session}")).json()["session"]
    assert [one["artifactType"] for one in found["artifacts"]] == ["analysis_json"]
    report: Json = found["reportCard"]
    return report


def said(worker: Process, *events: str) -> int:
    """How often a worker has said one of these."""
    return len([line for line in worker.events() if line["event"] in events])


async def test_a_job_whose_worker_is_killed_is_done_by_another_and_leaves_one_result(
    tmp_path: Path, stack: Stack, analyzer: Analyzer
) -> None:
    settings = stack.environ | analyzer.environ | {"JOB_LEASE_SECONDS": str(LEASE_SECONDS)}
    async with (
        serving(tmp_path, **stack.environ, EMBEDDED_WORKER="false") as server,
        working(tmp_path, **settings) as doomed,
    ):
        load = Load(server.url, "w", visitors=1)
        await load.send(1)
        [session] = load.acknowledged
        await analyzer.begins(doomed.pid)
        async with working(tmp_path, **settings) as heir:
            doomed.kill()
            killed_at = monotonic()
            await doomed.ended()
            await analyzer.begins(heir.pid, seconds=ALLOWED_SECONDS)
            analyzer.go()
            await done(stack, session, ALLOWED_SECONDS - (monotonic() - killed_at))
            print(f"{stack.name}: done {monotonic() - killed_at:.1f} s after the kill, lease {LEASE_SECONDS} s")
        async with httpx.AsyncClient(base_url=server.url) as http:
            report = await card(http, session)

    assert (report["status"], report["symptom"]) == ("ready", f"seen by {heir.pid}")
    assert sorted(analyzer.began()) == sorted([(doomed.pid, session), (heir.pid, session)])
    assert await stack.query(f"SELECT COUNT(*) FROM session_report_cards WHERE session_id = '{session}'") == [(1,)]


async def test_what_a_worker_says_that_stood_still_beyond_its_lease_is_refused(
    tmp_path: Path, stack: Stack, analyzer: Analyzer
) -> None:
    """One job is done by another worker before the first goes on, and one is in the middle there."""
    settings = stack.environ | analyzer.environ | {"JOB_LEASE_SECONDS": str(LEASE_SECONDS), "WORKER_CONCURRENCY": "4"}
    async with (
        serving(tmp_path, **stack.environ, EMBEDDED_WORKER="false") as server,
        working(tmp_path, **settings) as still,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        load = Load(server.url, "w", visitors=2)
        await load.send(2)
        await analyzer.begins(still.pid, 2)
        await replayed(stack, 2)
        finished, unfinished = [session for _, session in analyzer.began()]
        still.suspend()
        async with working(tmp_path, **settings) as other:
            await analyzer.begins(other.pid, 2, ALLOWED_SECONDS)
            analyzer.go(other.pid, finished)
            await done(stack, finished, ALLOWED_SECONDS)
            before = await card(http, finished)

            for session in (finished, unfinished):
                analyzer.go(still.pid, session)
            still.resume()

            async def refused() -> bool:
                lost = ("a job was lost to another worker", "a job comes again, its lease is lost")
                return said(still, *lost) >= 2

            await eventually(refused)
            assert await card(http, finished) == before
            assert (await card(http, unfinished))["status"] == "pending"
            assert (await jobs(stack, ANALYSES))[unfinished] != "done"

            analyzer.go(other.pid, unfinished)
            await done(stack, unfinished, ALLOWED_SECONDS)
            after = [await card(http, session) for session in (finished, unfinished)]

    assert [report["symptom"] for report in after] == [f"seen by {other.pid}"] * 2
    assert after[0] == before
