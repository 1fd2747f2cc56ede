"""The virtual clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from retrospec.plugin.testing.clock import VirtualClock


def test_it_stands_still_until_it_is_turned_and_all_its_faces_agree(clock: VirtualClock) -> None:
    begun = (clock.now(), clock.time(), clock.monotonic(), clock())
    assert (clock.now(), clock.time(), clock.monotonic(), clock()) == begun

    clock.advance(90)

    assert clock.now() - begun[0] == timedelta(seconds=90)
    assert [clock.time() - begun[1], clock.monotonic() - begun[2], clock() - begun[3]] == [90, 90, 90]


def test_it_begins_when_it_is_told_to() -> None:
    assert VirtualClock(datetime(2030, 1, 2, tzinfo=UTC)).now() == datetime(2030, 1, 2, tzinfo=UTC)


def test_it_is_not_turned_back(clock: VirtualClock) -> None:
    with pytest.raises(ValueError, match="not turned back"):
        clock.advance(-1)


async def test_who_sleeps_wakes_when_the_time_has_come_in_order(clock: VirtualClock) -> None:
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with asyncio.TaskGroup() as sleepers:
        for seconds in (30, 10, 20, 0):
            sleepers.create_task(sleep(seconds))
        await asyncio.sleep(0)
        assert (woken, clock.sleeping) == ([0], 3)

        clock.advance(20)
        await asyncio.sleep(0)
        assert (woken, clock.sleeping) == ([0, 10, 20], 1)

        clock.advance(10)
    assert woken == [0, 10, 20, 30]


async def test_who_is_cancelled_while_sleeping_is_forgotten(clock: VirtualClock) -> None:
    sleeper = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.gather(sleeper, return_exceptions=True)

    clock.advance(5)

    assert (sleeper.cancelled(), clock.sleeping) == (True, 0)
