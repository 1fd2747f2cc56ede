"""A server that is asked to stop under load answers everybody, loses nothing, and does not stay for ever."""

import asyncio
from pathlib import Path

from tests.faults.analyzer import Analyzer
from tests.faults.load import Load
from tests.faults.processes import serving
from tests.faults.promises import check_counts, check_there
from tests.journeys.wire import connected, head
from tests.stacks import Stack


async def test_a_stop_under_load_answers_everybody_and_loses_nothing(
    tmp_path: Path, stack: Stack, analyzer: Analyzer
) -> None:
    settings = stack.environ | analyzer.environ | {"EMBEDDED_WORKER": "true", "SHUTDOWN_GRACE_SECONDS": "2"}
    async with serving(tmp_path, **settings) as server:
        load = Load(server.url, "s")
        running = asyncio.create_task(load.run())
        await load.acknowledge(20)
        await analyzer.begins()
        server.terminate()
        code = await server.ended(15)
        await running

    assert code == 0
    # Who was not yet read from is refused by the system; whoever was, is answered.
    assert set(load.statuses) <= {201, 202, 503}
    assert await stack.query("SELECT id FROM jobs WHERE status = 'leased' OR attempt > 0") == []
    async with serving(tmp_path, **stack.environ, EMBEDDED_WORKER="false") as again:
        await check_there(stack, again.url, load.acknowledged)
    await check_counts(stack)


async def test_a_stop_takes_15_seconds_at_the_most_whatever_hangs(
    tmp_path: Path, embedded_stack: Stack, analyzer: Analyzer
) -> None:
    analyzer.become_stubborn()
    async with serving(tmp_path, **analyzer.environ) as server:
        load = Load(server.url, "s", visitors=2)
        await load.send(3)
        async with connected(server.url) as wire:
            await wire.send(head("POST", "/v1/ingest/session", Content_Length=100) + b"{")
            await analyzer.begins()
            server.terminate()
            code = await server.ended(15)

    assert code == 1
    assert "something does not end: the process is ended as it is" in [said["event"] for said in server.events()]
    async with serving(tmp_path, EMBEDDED_WORKER="false") as again:
        await check_there(embedded_stack, again.url, load.acknowledged)
