"""PostgreSQL is stopped and killed under load: nobody is told a wrong thing, nothing is lost, all goes on by itself."""

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest

from retrospec.core.migrations import Migrations
from retrospec.schema import MODELS
from tests.client import ADMIN, RECORDING, Json, eventually, marker
from tests.faults.load import Load
from tests.faults.processes import Process, serving, working
from tests.faults.promises import check_counts, check_there
from tests.ownpostgres import OwnPostgres
from tests.s3server import S3Bucket
from tests.stacks import Stack, production

ADMIN_HEADERS = {"X-Retrospec-Admin": ADMIN}
BACK_WITHIN = 10
# How each restart begins: as an administrator's, as an impatient one's, and as a crash.
RESTARTS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    """A server of the test's own."""
    with OwnPostgres() as server:
        yield server


class Watch:
    """Somebody who asks the same questions again and again, and knows what is true.

    Attributes:
        answers: How often each question got each status.
        wrong: What was neither true nor 503 with `Retry-After`.
    """

    def __init__(self, url: str, session: str, key: str, revoked: str) -> None:
        self._url = url
        self._asked: tuple[tuple[str, dict[str, str], int], ...] = (
            (f"/v1/sessions/{session}", {"X-Retrospec-Key": key}, 200),
            (f"/v1/sessions/{session}", {"X-Retrospec-Key": revoked}, 401),
            (f"/v1/sessions/{session}", {"X-Retrospec-Key": f"rpk_{'0' * 64}"}, 401),
            ("/v1/sessions/nobody", {"X-Retrospec-Key": key}, 404),
            ("/v1/issues", {"X-Retrospec-Key": key}, 200),
            ("/v1/admin/queue-health", ADMIN_HEADERS, 200),
            ("/healthz", {}, 200),
        )
        self._watching = True
        self.answers: Counter[tuple[str, int]] = Counter()
        self.wrong: list[str] = []

    def stop(self) -> None:
        """Ask no more."""
        self._watching = False

    async def run(self) -> None:
        """Ask."""
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as http:
            while self._watching:
                for path, headers, truth in self._asked:
                    answer = await http.get(path, headers=headers)
                    self.answers[path, answer.status_code] += 1
                    away = answer.status_code == 503 and (path == "/healthz" or "Retry-After" in answer.headers)
                    if answer.status_code != truth and not away:
                        self.wrong.append(f"{path}: {answer.status_code} {answer.text}")
                await asyncio.sleep(0.02)


async def watch_on(url: str) -> Watch:
    """Make what there is to ask about: a session of a project, a key of it, and one that is revoked."""
    async with httpx.AsyncClient(base_url=url, headers=ADMIN_HEADERS) as http:
        made = (await http.post("/v1/admin/projects", json={"name": "n", "site": "s"})).json()
        keys = f"/v1/admin/projects/{made['project']['id']}/keys"
        revoked = (await http.post(keys, json={})).json()
        await http.post(f"{keys}/{revoked['apiKeyId']}/revoke")
        http.headers["X-Retrospec-Key"] = made["apiKey"]
        upload = {"sessionId": "known", "site": "s", "events": RECORDING}
        stored = (await http.post("/v1/artifacts/session-events", json=upload)).json()
        session = {"id": "known", "site": "s", "eventsObjectKey": stored["eventsObjectKey"]}
        answer = await http.post("/v1/ingest/session", json={"session": session, "markers": [marker()]})
        assert answer.status_code == 202
    return Watch(url, "known", made["apiKey"], revoked["apiKey"])


async def test_nothing_acknowledged_is_lost_when_postgresql_is_restarted_and_killed_under_load(
    tmp_path: Path, postgres: OwnPostgres, redis_url: str, s3_bucket: S3Bucket
) -> None:
    postgres.run_sql("CREATE DATABASE shop")
    await Migrations(postgres.url("shop"), MODELS).upgrade()
    stack = production(postgres.url("shop"), redis_url, s3_bucket)
    # One server by the socket, which is no file meanwhile; the other and the worker by the port.
    by_port = stack.environ | {"DATABASE_URL": postgres.url("shop", through="port"), "WORKER_CONCURRENCY": "8"}
    often = {"AUTO_CLEANUP_INTERVAL_MINUTES": "0.01", "JOB_LEASE_SECONDS": "2", "JOB_MAX_ATTEMPTS": "20"}
    async with (
        serving(tmp_path, **stack.environ, **often) as first,
        serving(tmp_path, **by_port, **often) as second,
        working(tmp_path, **by_port, **often) as worker,
    ):
        loads = [Load(server.url, name, visitors=4) for name, server in (("a", first), ("b", second))]
        watches = [await watch_on(server.url) for server in (first, second)]
        everybody: list[Load | Watch] = [*loads, *watches]
        running = [asyncio.create_task(one.run()) for one in everybody]
        for how in RESTARTS:
            await more_acknowledged(loads)
            await asyncio.to_thread(postgres.stop, how)
            before = [len(load.acknowledged) for load in loads]
            await told_to_come_again(loads)
            await asyncio.to_thread(postgres.start)
            back_at = monotonic()
            await more_acknowledged(loads, BACK_WITHIN)
            print(f"{how.name}: {before} acknowledged before, both servers back after {monotonic() - back_at:.2f} s")
        cleaned = await cleanups(first.url)
        await eventually(lambda: cleaned_again(first.url, cleaned))
        for one in everybody:
            one.stop()
        await asyncio.gather(*running)

        print({status: sum(load.statuses.count(status) for load in loads) for status in (201, 202, 503)})
        assert {status for load in loads for status in load.statuses} == {201, 202, 503}
        assert (sum(load.curt for load in loads), [load.unanswered for load in loads]) == (0, [[], []])
        assert [watch.wrong for watch in watches] == [[], []]
        assert all(watch.answers["/v1/issues", status] for watch in watches for status in (200, 503))
        acknowledged = {name for load in loads for name in load.acknowledged}
        await check_there(stack, first.url, acknowledged)
        await check_counts(stack)
        await results_there(stack)
        assert [said for process in (first, second, worker) for said in defects(process)] == []


def defects(process: Process) -> list[Json]:
    """What a process has called an error."""
    return [said for said in process.events() if said["level"] == "error"]


async def results_there(stack: Stack) -> None:
    """Wait until each session has one result of each kind.

    A job whose end could not be noted, because there was no database at that moment, comes once more much later.
    """
    sessions = await stack.count("sessions")

    async def results() -> list[int] | None:
        [[ready]] = await stack.query("SELECT COUNT(*) FROM session_report_cards WHERE status <> 'pending'")
        found = [await stack.count("session_artifacts"), int(ready)]
        return found if min(found) >= sessions else None

    found = await eventually(results, 60)
    print(f"{sessions} sessions, {found[0]} artifacts, {found[1]} finished report cards")
    assert found == [sessions, sessions]


async def more_acknowledged(loads: list[Load], seconds: float = 30) -> None:
    """Wait until each server has acknowledged some more sessions."""
    goals = [len(load.acknowledged) + 5 for load in loads]

    async def check() -> bool:
        return all(len(load.acknowledged) >= goal for load, goal in zip(loads, goals, strict=True))

    await eventually(check, seconds)


async def told_to_come_again(loads: list[Load]) -> None:
    """Wait until each server has said 503 for a while."""
    goals = [load.statuses.count(503) + 20 for load in loads]

    async def check() -> bool:
        return all(load.statuses.count(503) >= goal for load, goal in zip(loads, goals, strict=True))

    await eventually(check)


async def cleanups(url: str) -> float:
    """How many scheduled cleanups there were."""
    async with httpx.AsyncClient(base_url=url) as http:
        text = (await http.get("/metrics")).text
    found = re.search(r"(?m)^retrospec_cleanup_runs_total (\S+)", text)
    return float(found[1]) if found else 0.0


async def cleaned_again(url: str, before: float) -> bool:
    return await cleanups(url) > before
