"""Processes side by side: started together, replaced, ended. The processes are real, and do next to nothing."""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from retrospec.core.supervisor import NotStarted, Patience, Seat, Supervisor
from tests.client import eventually
from tests.core.supervised import dies, the_second_fails, turns_a_deaf_ear, works, works_unless_told_otherwise

QUICK = Patience(first_pause=0.01, longest_pause=0.02, attempts=3)


def pids(folder: Path) -> list[int]:
    return [int(path.name.partition("-")[2]) for path in sorted(folder.glob("?-*"))]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Run:
    """A supervisor at work."""

    def __init__(self, work: Callable[[Seat], None], *, ends_within: float = 10) -> None:
        self.stopped, self.ready = asyncio.Event(), asyncio.Event()
        supervisor = Supervisor(work, ["a", "b"], ends_within=ends_within, patience=QUICK)
        self._running = asyncio.create_task(supervisor.run(self.stopped, self.ready.set))

    async def until_ready(self) -> None:
        """Wait until all work."""
        async with asyncio.timeout(30):
            await self.ready.wait()

    async def result(self) -> bool:
        """Wait for the end, and say whether it was a good one."""
        async with asyncio.timeout(30):
            return await self._running

    async def stop(self) -> bool:
        """Stop it."""
        self.stopped.set()
        return await self.result()


async def test_each_that_dies_is_replaced_and_at_the_stop_none_is_left(tmp_path: Path) -> None:
    run = Run(partial(works, tmp_path))
    await run.until_ready()
    first = pids(tmp_path)

    for pid in first:
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: _found(tmp_path, 4))
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["a", "a", "b", "b"]
    await run.stop()

    assert not any(alive(pid) for pid in pids(tmp_path))


async def test_one_that_cannot_begin_ends_all_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match=r"^b has no bread$"):
        await Run(partial(the_second_fails, tmp_path)).result()

    assert not any(alive(pid) for pid in pids(tmp_path))


async def test_one_that_dies_before_it_begins_is_named() -> None:
    with pytest.raises(NotStarted, match=r"^[ab] was killed by SIGKILL before it had begun$"):
        await Run(dies).result()


async def test_when_none_is_left_and_none_can_be_replaced_it_gives_up(tmp_path: Path) -> None:
    run = Run(partial(works_unless_told_otherwise, tmp_path))
    await run.until_ready()
    (tmp_path / "broken").touch()

    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    await asyncio.sleep(0.5)
    assert alive(pids(tmp_path)[1])
    os.kill(pids(tmp_path)[1], signal.SIGKILL)

    with pytest.raises(NotStarted, match=r"^no process is left, and none can be started: there is no bread$"):
        await run.result()


async def test_one_that_does_not_end_is_killed_and_the_stop_counts_as_failed(tmp_path: Path) -> None:
    run = Run(partial(turns_a_deaf_ear, tmp_path), ends_within=0.2)
    await run.until_ready()

    assert not await run.stop()

    assert not any(alive(pid) for pid in pids(tmp_path))


async def _found(folder: Path, count: int) -> bool:
    return len(pids(folder)) >= count
