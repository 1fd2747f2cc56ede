"""One question for all who ask at the same time, and none waits while the known answer is young enough."""

import asyncio

import pytest

from retrospec.core.remembered import Remembered


class Asked:
    """A database that answers when it is told to, with how often it was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.times = 0
        self.fails = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.remembered = Remembered(self.read, seconds=5.0, clock=lambda: self.now)

    async def read(self, name: str) -> str:
        self.times += 1
        said = f"{name} {self.times}"
        await self.answers.wait()
        if self.fails:
            raise ConnectionError("away")
        return said

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_all_who_ask_at_the_same_time_are_told_the_same_and_the_database_is_asked_once() -> None:
    asked = Asked()

    assert await asyncio.gather(*(asked.remembered.of("a") for _ in range(64))) == ["a 1"] * 64
    assert await asked.remembered.of("b") == "b 2"
    asked.now = 3.9
    assert await asked.remembered.of("a") == "a 1"
    assert asked.times == 2


async def test_an_answer_is_read_again_before_it_is_too_old_and_nobody_waits_for_it() -> None:
    asked = Asked()
    await asked.remembered.of("a")
    asked.now, asked.answers = 4.0, asyncio.Event()

    assert [await asked.remembered.of("a") for _ in range(3)] == ["a 1"] * 3
    await asked.settle()
    assert asked.times == 2
    asked.answers.set()
    await asked.settle()
    # It counts from when it was asked, not from when it was answered.
    asked.now = 7.9
    assert await asked.remembered.of("a") == "a 2"
    assert asked.times == 2


async def test_an_answer_that_is_too_old_is_waited_for() -> None:
    asked = Asked()
    await asked.remembered.of("a")
    asked.now = 5.0

    assert await asked.remembered.of("a") == "a 2"


async def test_what_was_being_read_when_it_changed_serves_only_those_who_waited() -> None:
    asked = Asked()
    asked.answers.clear()
    early = asyncio.create_task(asked.remembered.of("a"))
    await asked.settle()

    asked.remembered.forget("a")
    late = asyncio.create_task(asked.remembered.of("a"))
    await asked.settle()
    asked.answers.set()

    assert (await early, await late) == ("a 1", "a 2")
    assert await asked.remembered.of("a") == "a 2"
    assert asked.times == 2


async def test_one_who_goes_away_ends_it_for_nobody_else() -> None:
    asked = Asked()
    asked.answers.clear()
    gone, stays = (asyncio.create_task(asked.remembered.of("a")) for _ in range(2))
    await asked.settle()
    gone.cancel()
    await asked.settle()
    asked.answers.set()

    assert await stays == "a 1"
    assert asked.times == 1


async def test_a_database_that_is_away_is_told_of_once_the_known_answer_is_too_old() -> None:
    asked = Asked()
    await asked.remembered.of("a")
    asked.now, asked.fails = 4.5, True

    assert await asked.remembered.of("a") == "a 1"
    await asked.settle()
    assert await asked.remembered.of("a") == "a 1"
    asked.now = 5.1
    with pytest.raises(ConnectionError, match="away"):
        await asked.remembered.of("a")
    asked.fails = False
    assert await asked.remembered.of("a") == f"a {asked.times}"
