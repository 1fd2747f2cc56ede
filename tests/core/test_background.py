"""Loops beside requests: nothing ends them but `stop`."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from retrospec.core.background import Loop, finish


class Steps:
    """Counts its calls; each runs `work`."""

    def __init__(self, work: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)) -> None:
        self.count = 0
        self._work = work
        self._changed = asyncio.Event()

    async def __call__(self) -> None:
        self.count += 1
        self._changed.set()
        await self._work()

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(5):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


async def test_the_first_step_runs_at_once_and_the_next_after_the_pause() -> None:
    steps = Steps()
    loop = Loop("test", steps, pause=0.01)
    loop.start()

    await steps.reach(3)

    await loop.stop()


async def test_a_loop_that_is_woken_does_not_wait_out_its_pause() -> None:
    steps = Steps()
    loop = Loop("test", steps, pause=3600)
    loop.start()
    await steps.reach(1)

    loop.wake()

    await steps.reach(2)
    await loop.stop()


async def test_waking_during_a_step_runs_one_more_after_it() -> None:
    steps = Steps(lambda: asyncio.sleep(0.02))
    loop = Loop("test", steps, pause=3600)
    loop.start()
    await steps.reach(1)

    loop.wake()
    loop.wake()

    await steps.reach(2)
    await asyncio.sleep(0.1)
    assert steps.count == 2
    await loop.stop()


async def test_a_step_that_fails_is_logged_and_tried_again() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    steps = Steps(fail)
    loop = Loop("test", steps, pause=0.01)
    with capture_logs() as logs:
        loop.start()
        await steps.reach(3)
        await loop.stop()

    assert {(said["event"], said["log_level"]) for said in logs} == {("background work failed", "error")}


async def test_a_database_that_is_away_is_one_line_and_no_traceback() -> None:
    async def fail() -> None:
        raise ConnectionRefusedError("nobody listens")

    steps = Steps(fail)
    loop = Loop("test", steps, pause=0.01)
    with capture_logs() as logs:
        loop.start()
        await steps.reach(2)
        await loop.stop()

    assert {said["log_level"] for said in logs} == {"warning"}
    assert not any("exc_info" in said for said in logs)


async def test_stop_lets_a_running_step_finish_and_begins_no_other() -> None:
    finished = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.05)
        finished.set()

    steps = Steps(work)
    loop = Loop("test", steps, pause=0)
    loop.start()
    await steps.reach(1)

    await loop.stop()

    assert (finished.is_set(), steps.count) == (True, 1)


async def test_stop_cancels_a_step_that_takes_longer_than_the_grace() -> None:
    steps = Steps(lambda: asyncio.sleep(3600))
    loop = Loop("test", steps, pause=1)
    loop.start()
    await steps.reach(1)

    with capture_logs() as logs:
        async with asyncio.timeout(5):
            await loop.stop(grace=0.01)

    assert [said["event"] for said in logs] == ["background work cancelled"]


async def test_a_loop_that_was_never_started_can_be_stopped() -> None:
    await Loop("test", Steps(), pause=1).stop()


@pytest.mark.parametrize("trouble", [ConnectionError("gone"), ValueError("broken")])
async def test_a_last_thing_that_fails_fails_no_stop(trouble: Exception) -> None:
    async def fail() -> None:
        raise trouble

    with capture_logs() as logs:
        await finish("counts", fail(), seconds=1)

    assert [(said["event"], said["what"]) for said in logs] == [("not finished before the stop", "counts")]


async def test_a_last_thing_that_hangs_holds_up_no_stop() -> None:
    async with asyncio.timeout(5):
        await finish("counts", asyncio.sleep(3600), seconds=0.01)
