"""An answer that is lost on its way: whoever waits for it sends again, and nothing is there or counted twice."""

from collections.abc import Callable
from pathlib import Path

import httpx

from tests.client import RECORDING, Json, eventually, marker
from tests.faults.cable import cable_to
from tests.faults.load import SITE, Load
from tests.faults.processes import serving, working
from tests.faults.promises import check_counts, check_there, jobs_done
from tests.faults.streams import REPLAY, streamed
from tests.faulty_proxy import Fault, FaultyProxy
from tests.stacks import Stack

INGEST, UPLOAD = "/v1/ingest/session", "/v1/artifacts/session-events"
NAMES = ["visit-a", "visit-b", "visit-c"]


Break = Callable[[str], None]


async def send(url: str, path: str, body: Json, statuses: list[int]) -> Json:
    """Send until there is an answer. Notes what came each time, 0 for nothing at all."""
    for _ in range(10):
        async with httpx.AsyncClient(base_url=url, timeout=10, headers={"Connection": "close"}) as http:
            try:
                answer = await http.post(path, json=body)
            except httpx.TransportError:
                statuses.append(0)
                continue
        statuses.append(answer.status_code)
        if answer.is_success:
            found: Json = answer.json()
            return found
        assert int(answer.headers["Retry-After"]) > 0
    raise AssertionError(statuses)


async def visit(url: str, name: str, lose_answer_to: Break) -> list[int]:
    """Send a recording and its session, each until it is answered, with the first answer lost; gives what came."""
    statuses: list[int] = []
    lose_answer_to(UPLOAD)
    stored = await send(url, UPLOAD, {"sessionId": name, "site": SITE, "events": RECORDING}, statuses)
    session = {"id": name, "site": SITE, "userId": name, "eventsObjectKey": stored["eventsObjectKey"]}
    markers = [marker("m1"), marker("m2"), marker("m3", label=f"only {name}")]
    lose_answer_to(INGEST)
    await send(url, INGEST, {"session": session, "markers": markers}, statuses)
    return statuses


async def check_once(stack: Stack, url: str, names: list[str]) -> None:
    """Each session is there once, and counts once wherever it is counted."""
    assert await stack.count("sessions") == len(names)
    assert await stack.count("error_markers") == 3 * len(names)
    assert await stack.query("SELECT session_id FROM jobs GROUP BY session_id, queue HAVING COUNT(*) > 1") == []
    await check_counts(stack)
    async with httpx.AsyncClient(base_url=url) as http:
        (issue,) = (await http.get("/v1/issues")).json()["issues"]
        stats = (await http.get("/v1/issues/stats")).json()["stats"]
    assert (issue["sessionCount"], issue["userCount"]) == (len(names), len(names))
    assert sum(one["markerCount"] for one in stats) == 3 * len(names)
    assert [one["sessionCount"] for one in stats] == [len(names)]


async def test_a_client_that_heard_nothing_sends_again_and_counts_once(tmp_path: Path, stack: Stack) -> None:
    async with serving(tmp_path, **stack.environ, EMBEDDED_WORKER="false") as server, FaultyProxy(server.url) as proxy:

        def lose(path: str) -> None:
            # The server does it, and nobody hears of it.
            proxy.break_with(Fault(f"POST {path}", "cut", times=1))

        for name in NAMES:
            assert await visit(proxy.endpoint, name, lose) == [0, 201, 0, 202]
        print(f"{stack.name}: {len(NAMES)} acknowledged, each sent twice; {await stack.count('sessions')} there")
        await check_once(stack, server.url, NAMES)
        async with working(tmp_path, **stack.environ):
            await jobs_done(stack)


async def test_when_the_answer_to_commit_is_lost_the_client_is_told_to_send_again_and_counts_once(
    tmp_path: Path, production_stack: Stack
) -> None:
    async with cable_to(production_stack.database_url) as cable:
        settings = production_stack.environ | {"DATABASE_URL": cable.url}
        async with serving(tmp_path, **settings) as server:
            for name in NAMES:

                def lose(_: str, name: str = name) -> None:
                    # Of its own transaction: a server commits some things by itself.
                    cable.lose_answer_to(b"COMMIT", after=name.encode())

                statuses = await visit(server.url, name, lose)
                assert statuses == [503, 201, 503, 202]
            assert cable.lost == 2 * len(NAMES)
            there = await production_stack.count("sessions")
            print(f"{len(NAMES)} sessions acknowledged, each sent twice; {there} there")
            await check_once(production_stack, server.url, NAMES)
            await check_there(production_stack, server.url, NAMES)


async def test_when_the_answer_to_publishing_is_lost_each_job_is_there_and_has_one_result(
    tmp_path: Path, production_stack: Stack
) -> None:
    redis_url = production_stack.environ["REDIS_URL"]
    async with cable_to(redis_url) as cable:
        settings = production_stack.environ | {"REDIS_URL": cable.url}
        async with serving(tmp_path, **settings) as server:
            for number, name in enumerate(NAMES, 1):
                cable.lose_answer_to(f'"{name}-0-0"'.encode())
                load = Load(server.url, name, visitors=1)
                await load.send(1)
                assert (load.statuses, load.errors) == ([201, 202], {""})

                async def published_again(number: int = number, name: str = name) -> bool:
                    entries = await streamed(redis_url, REPLAY)
                    return cable.lost == number and entries.count(f"{name}-0-0") == 2

                await eventually(published_again)
            entries = await streamed(redis_url, REPLAY)
            print(f"{len(NAMES)} sessions acknowledged, {cable.lost} answers lost, {len(entries)} entries")
            async with working(tmp_path, **settings):
                await jobs_done(production_stack)
