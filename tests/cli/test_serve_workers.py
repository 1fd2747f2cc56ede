"""`serve --workers`: several processes on one port, as one server."""

import asyncio
import os
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Processes
from tests.client import eventually
from tests.faults.load import Load
from tests.faults.processes import Process, query
from tests.many import asked_all, pids, said, serving_many

REFUSED = re.compile(r'retrospec_http_request_seconds_count\{method="GET",route="none",status="404"\} ([\d.]+)')


async def scraped(server: Process) -> str:
    """`/metrics`, over a connection of its own."""
    async with httpx.AsyncClient(base_url=server.url) as http:
        return (await http.get("/metrics")).text


def value(text: str, name: str) -> float:
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(numbers: list[int]) -> bool:
    return not any(alive(number) for number in numbers)


async def test_processes_are_one_server_and_one_that_is_killed_is_replaced_while_the_others_serve(
    tmp_path: Path,
) -> None:
    async with serving_many(tmp_path, 2) as server:
        first = pids(server)
        asked = await asked_all(server, 2)

        async def counted() -> bool:
            # Asked of either of them, what both have counted: at most a second old.
            found = [REFUSED.search(await scraped(server)) for _ in range(6)]
            return all(match is not None and float(match[1]) == asked for match in found)

        await eventually(counted)
        before = await scraped(server)
        os.kill(first["server-1"], signal.SIGKILL)
        ended = await said(server, "a process has ended", ended="server-1", how="was killed by SIGKILL")
        assert ended["process"] == "supervisor"
        async with httpx.AsyncClient(base_url=server.url) as http:
            assert (await http.get("/healthz")).status_code == 200
        await said(server, "a process has been replaced", replaced="server-1")
        await asked_all(server, 2)

        async def restarted() -> str:
            text = await scraped(server)
            return text if value(text, "retrospec_process_restarts_total") else ""

        after: str = await eventually(restarted)
        assert pids(server)["server-2"] == first["server-2"]
        assert value(before, "retrospec_process_restarts_total") == 0
        assert value(after, "retrospec_process_restarts_total") == 1
        # Of the server, not of whoever answers.
        assert value(after, "retrospec_uptime_seconds") > value(before, "retrospec_uptime_seconds")
        assert value(after, "process_start_time_seconds") == value(before, "process_start_time_seconds")
        assert value(before, "process_resident_memory_bytes") > 2 * resident(first["server-2"])
    assert await gone(list(pids(server).values()))


def resident(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1]) * 1024


async def test_processes_whose_supervisor_is_killed_stop_by_themselves(tmp_path: Path) -> None:
    async with serving_many(tmp_path, 2) as server:
        numbers = list(pids(server).values())
        server.kill()
        await eventually(lambda: gone(numbers))
    stopped = [line["process"] for line in server.events() if line["event"] == "stopped"]
    assert sorted(stopped) == ["server-1", "server-2"]


async def test_four_processes_with_workers_of_their_own_share_one_sqlite_file(tmp_path: Path) -> None:
    async with serving_many(tmp_path, 4) as server:
        load = Load(server.url, "s", visitors=12)
        running = asyncio.create_task(load.run())
        await load.acknowledge(150)
        # In the middle of it: what was answered is there, what was begun is finished or refused.
        server.terminate()
        load.stop()
        await running
        assert await server.ended() == 0

    assert set(load.statuses) <= {201, 202, 503}
    stored = query(tmp_path, "SELECT session_id FROM sessions")
    assert {row[0] for row in stored} >= set(load.acknowledged)
    (members,) = query(tmp_path, "SELECT COUNT(DISTINCT session_id) FROM cluster_members")[0]
    (most,) = query(tmp_path, "SELECT MAX(session_count) FROM issue_clusters")[0]
    assert members == most == len(stored)
    assert not any("locked" in str(line.get("error", "")) for line in server.events())


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_of_the_start_ends_it_without_a_traceback(
    processes: Processes, with_signal: signal.Signals
) -> None:
    process = processes.start("serve", "--port", "0", "--workers", "2")
    assert process.stderr is not None
    # Said by the first of the processes: the other one is not that far.
    assert "schema upgraded" in process.stderr.readline()
    process.send_signal(with_signal)
    _, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    assert process.returncode == 0


def test_what_none_of_the_processes_can_use_is_said_once(processes: Processes) -> None:
    code, out, err = processes.run("serve", "--port", "0", "--workers", "3", STORAGE_BACKEND="tape", LOG_LEVEL="ERROR")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith("error: STORAGE_BACKEND=tape: no storage plugin of that name is installed")


@pytest.mark.parametrize("shared", [False, True], ids=["by another program", "by another server of many processes"])
def test_a_port_that_is_taken_stops_the_start(processes: Processes, shared: bool) -> None:
    with socket.socket() as other:
        if shared:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, _, err = processes.run("serve", "--port", str(port), "--workers", "2")
    assert (code, err.count("\n")) == (1, 1)
    assert f"error: ORCHESTRATOR_PORT={port}: 127.0.0.1 cannot be listened on" in err


@pytest.mark.parametrize(("given", "code"), [("0", 2), ("129", 2)])
def test_a_number_of_processes_that_cannot_be_is_a_mistake_of_usage(
    processes: Processes, given: str, code: int
) -> None:
    assert processes.run("serve", "--workers", given)[0] == code


def test_a_number_of_processes_that_the_settings_cannot_have_is_named(processes: Processes) -> None:
    code, _, err = processes.run("serve", SERVER_WORKERS="0")
    assert (code, err) == (1, "error: SERVER_WORKERS=0: input should be greater than or equal to 1\n")
