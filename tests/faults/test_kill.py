"""202 means it is on disk: processes that are killed, and what is there afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.client import eventually
from tests.faults.processes import Load, query, serving, working
from tests.journeys.wire import connected, head

# An analyzer that says when it begins, and goes on only when told to.
HANGING = """
import asyncio
import os
from pathlib import Path

from retrospec.plugin import Analysis, Analyzer, analyzer

HERE = Path(__file__).parent


@analyzer("hanging", "Waits for a file")
class Hanging(Analyzer):
    async def analyze(self, request):
        (HERE / f"began-{os.getpid()}-{request.session_id}").touch()
        while not (HERE / "go").exists():
            await asyncio.sleep(0.05)
        return Analysis("it hung", "a file was missing", "touch it", "It hung.", "", 0.9)
"""


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    """The folder of the analyzer that waits."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "hanging.py").write_text(HANGING)
    return folder


async def check_there(folder: Path, url: str, acknowledged: list[str]) -> None:
    """Every acknowledged session is readable with its markers and its recording, and its jobs are known."""
    jobs = dict(query(folder, "SELECT session_id, COUNT(*) FROM jobs GROUP BY session_id"))
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        for name in acknowledged:
            session = (await http.get(f"/v1/sessions/{name}")).json()["session"]
            assert [one["id"] for one in session["markers"]] == ["m1", "m2", "m3"], name
            assert (await http.get(f"/v1/sessions/{name}/events")).is_success, name
            assert jobs[name] == 2, name
    print(f"acknowledged {len(acknowledged)}, all there; sessions {_count(folder, 'sessions')}")  # noqa: T201


def _count(folder: Path, table: str) -> int:
    (row,) = query(folder, f"SELECT COUNT(*) FROM {table}")
    return int(row[0])


def check_counts(folder: Path) -> None:
    """What is counted is what is there."""
    counted = query(folder, "SELECT key, session_count, marker_count FROM issue_clusters ORDER BY key")
    there = query(
        folder,
        "SELECT cluster_key, COUNT(DISTINCT session_id), COUNT(*) FROM error_markers GROUP BY cluster_key ORDER BY 1",
    )
    assert counted == there
    assert query(folder, "PRAGMA integrity_check") == [("ok",)]


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_again_and_again(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for round_number in range(3):
        async with serving(tmp_path, JOB_LEASE_SECONDS="1") as server:
            load = Load(server.url, f"r{round_number}")
            running = asyncio.create_task(load.run())
            await load.acknowledge(15 + 20 * round_number)
            server.kill()
            await running
            assert set(load.statuses) == {201, 202}
            acknowledged += load.acknowledged

    async with serving(tmp_path, JOB_LEASE_SECONDS="1") as server:
        await check_there(tmp_path, server.url, acknowledged)
        check_counts(tmp_path)

        async def all_done() -> bool:
            return query(tmp_path, "SELECT COUNT(*) FROM jobs WHERE status <> 'done'") == [(0,)]

        await eventually(all_done, 60)
    sessions = _count(tmp_path, "sessions")
    assert (_count(tmp_path, "session_artifacts"), _count(tmp_path, "session_report_cards")) == (sessions, sessions)
    assert query(tmp_path, "SELECT COUNT(*) FROM session_report_cards WHERE status = 'pending'") == [(0,)]


async def test_a_stop_under_load_answers_everybody_and_loses_nothing(tmp_path: Path, hanging: Path) -> None:
    settings = {"PLUGINS_DIR": str(hanging), "ANALYZER": "hanging", "SHUTDOWN_GRACE_SECONDS": "2"}
    async with serving(tmp_path, **settings) as server:
        load = Load(server.url, "s")
        running = asyncio.create_task(load.run())
        await load.acknowledge(20)
        server.terminate()
        code = await server.ended(15)
        await running

    assert code == 0
    assert list(hanging.glob("began-*")) != []
    # Who was not yet read from is refused by the system; whoever was, is answered.
    assert set(load.statuses) <= {201, 202, 503}
    leases = query(tmp_path, "SELECT status, attempt FROM jobs WHERE status = 'leased' OR attempt > 0")
    assert leases == []
    async with serving(tmp_path, EMBEDDED_WORKER="false") as again:
        await check_there(tmp_path, again.url, load.acknowledged)
    check_counts(tmp_path)


async def test_a_job_whose_worker_is_killed_is_done_by_another_and_leaves_one_result(
    tmp_path: Path, hanging: Path
) -> None:
    settings = {"PLUGINS_DIR": str(hanging), "ANALYZER": "hanging", "JOB_LEASE_SECONDS": "1"}

    async with serving(tmp_path, EMBEDDED_WORKER="false") as server:
        load = Load(server.url, "w", visitors=1)
        running = asyncio.create_task(load.run())
        await load.acknowledge(1)
        load.stop()
        await running
        async with working(tmp_path, **settings) as worker:
            await eventually(_files(hanging, "began-*"))
            worker.kill()
            await worker.ended()
        (hanging / "go").touch()
        async with working(tmp_path, **settings):

            async def all_done() -> bool:
                return query(tmp_path, "SELECT COUNT(*) FROM jobs WHERE status <> 'done'") == [(0,)]

            await eventually(all_done)
        async with httpx.AsyncClient(base_url=server.url) as http:
            session = (await http.get(f"/v1/sessions/{load.acknowledged[0]}")).json()["session"]

    assert [artifact["artifactType"] for artifact in session["artifacts"]] == ["analysis_json"]
    assert (session["reportCard"]["status"], session["reportCard"]["symptom"]) == ("ready", "it hung")
    queue = "SELECT MAX(attempt) FROM jobs WHERE queue = 'analysis-jobs'"
    assert query(tmp_path, queue) == [(1,)]
    assert len({path.name.split("-")[1] for path in hanging.glob("began-*")}) == 2


async def test_four_processes_that_start_at_once_on_nothing_write_one_file_and_count_exactly(tmp_path: Path) -> None:
    settings = {"EMBEDDED_WORKER": "false"}
    processes = [serving(tmp_path, **settings) for _ in range(4)]
    servers = await asyncio.gather(*(process.__aenter__() for process in processes))
    try:
        loads = [Load(server.url, f"p{number}", visitors=3) for number, server in enumerate(servers)]
        running = asyncio.gather(*(load.run() for load in loads))
        await asyncio.gather(*(load.acknowledge(25) for load in loads))
        for load in loads:
            load.stop()
        await running
        statuses = {status for load in loads for status in load.statuses}
        acknowledged = [name for load in loads for name in load.acknowledged]
        assert (statuses, sum(load.broken for load in loads)) == ({201, 202}, 0)
        await check_there(tmp_path, servers[0].url, acknowledged)
        assert _count(tmp_path, "sessions") == len(acknowledged)
        check_counts(tmp_path)
        said = "\n".join(server.log.read_text() for server in servers)
        assert "locked" not in said
    finally:
        await asyncio.gather(*(process.__aexit__(None, None, None) for process in processes))


async def test_a_stop_takes_15_seconds_at_the_most_whatever_hangs(tmp_path: Path, hanging: Path) -> None:
    (hanging / "hanging.py").write_text(HANGING.replace("            await asyncio.sleep(0.05)", STUBBORN))
    async with serving(tmp_path, PLUGINS_DIR=str(hanging), ANALYZER="hanging") as server:
        load = Load(server.url, "s", visitors=2)
        running = asyncio.create_task(load.run())
        await load.acknowledge(3)
        load.stop()
        await running
        async with connected(server.url) as wire:
            await wire.send(head("POST", "/v1/ingest/session", Content_Length=100) + b"{")
            await eventually(_files(hanging, "began-*"))
            server.terminate()
            code = await server.ended(15)

    assert code == 1
    assert "something does not end: the process is ended as it is" in [said["event"] for said in server.events()]
    async with serving(tmp_path, EMBEDDED_WORKER="false") as again:
        await check_there(tmp_path, again.url, load.acknowledged)


STUBBORN = """
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                pass
"""


def _files(folder: Path, pattern: str) -> Callable[[], Awaitable[list[Path]]]:
    async def check() -> list[Path]:
        return list(folder.glob(pattern))

    return check
