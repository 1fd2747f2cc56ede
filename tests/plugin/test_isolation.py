"""What a plugin does in its own thread does not reach the server."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator

import pytest

from retrospec.plugin.isolation import Isolated, PluginFailed
from tests.client import eventually


@pytest.fixture
async def isolated() -> AsyncIterator[Isolated]:
    isolated = Isolated("odd")
    yield isolated
    await isolated.stop()


async def test_it_runs_in_a_thread_of_its_own_and_gives_back_what_comes_of_it(isolated: Isolated) -> None:
    async def work() -> str:
        return threading.current_thread().name

    async def fail() -> None:
        raise ValueError("not today")

    assert await isolated.call(work, timeout=5) == "plugin odd"
    with pytest.raises(ValueError, match="not today"):
        await isolated.call(fail, timeout=5)


async def test_one_that_hangs_is_cancelled_in_time(isolated: Isolated) -> None:
    cancelled = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        await isolated.call(hang, timeout=0.05)

    assert await asyncio.to_thread(cancelled.wait, 5)
    assert not isolated.is_stuck


async def test_one_that_blocks_its_loop_blocks_nobody_else_and_is_used_again_once_it_is_free(
    isolated: Isolated,
) -> None:
    free = threading.Event()

    async def block() -> None:
        free.wait(30)

    async def fine() -> str:
        return "fine"

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await isolated.call(block, timeout=0.05)
    assert isolated.is_stuck
    with pytest.raises(PluginFailed, match="still hangs"):
        await isolated.call(fine, timeout=5)
    assert time.monotonic() - began < 10

    free.set()

    async def is_free() -> bool:
        return not isolated.is_stuck

    await eventually(is_free)
    assert await isolated.call(fine, timeout=5) == "fine"


async def test_one_that_calls_sys_exit_ends_nothing(isolated: Isolated) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def leave_later() -> None:
        asyncio.get_running_loop().create_task(leave())
        await asyncio.sleep(0.05)

    async def fine() -> str:
        return "fine"

    with pytest.raises(PluginFailed, match=r"sys\.exit"):
        await isolated.call(leave, timeout=5)
    assert await isolated.call(fine, timeout=5) == "fine"
    await isolated.call(leave_later, timeout=5)
    assert await isolated.call(fine, timeout=5) == "fine"


async def test_a_caller_that_goes_away_takes_the_call_along(isolated: Isolated) -> None:
    cancelled, began = threading.Event(), threading.Event()

    async def hang() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    calling = asyncio.create_task(isolated.call(hang, timeout=60))
    await asyncio.to_thread(began.wait, 5)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert await asyncio.to_thread(cancelled.wait, 5)
