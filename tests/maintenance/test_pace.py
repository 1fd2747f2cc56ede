"""Long work rests for those who come in, and hurries when nobody does."""

from types import SimpleNamespace

import pytest

from retrospec.core.clock import now
from retrospec.core.db import Database
from retrospec.maintenance import pace as pace_module
from retrospec.maintenance.pace import Pace, in_steps
from retrospec.sessions.models import Session


class Clock:
    """A clock on which only what the test says takes any time, and the rests that were taken."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rests: list[float] = []

    def perf_counter(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace_module, "perf_counter", clock.perf_counter)
    monkeypatch.setattr(pace_module, "asyncio", SimpleNamespace(sleep=clock.sleep))
    return clock


async def arrive(name: str) -> None:
    """Let a session come in."""
    await Session.create(
        project_id="proj_default",
        session_id=name,
        site="shop.example",
        route="/",
        started_at=now(),
        duration_ms=1,
        created_at=now(),
        updated_at=now(),
    )


async def take(pace: Pace, clock: Clock, seconds: float) -> int:
    async with pace.step() as size:
        clock.now += seconds
    return size


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_it_rests_while_sessions_come_in_in_proportion_and_within_reason(
    database: Database, clock: Clock
) -> None:
    pace = Pace(database, least=100, most=1000)

    for name in ("s1", "s2", ""):
        if name:
            await arrive(name)
        await take(pace, clock, 0.05)
    await arrive("s3")
    await take(pace, clock, 100)

    assert clock.rests == [pytest.approx(0.2), pytest.approx(0.2), 0, 2.0]


async def test_steps_that_are_too_long_or_too_short_change_their_size_within_bounds(
    database: Database, clock: Clock
) -> None:
    pace = Pace(database, least=100, most=300)

    quick = [await take(pace, clock, 0.001) for _ in range(4)]
    slow = [await take(pace, clock, 10) for _ in range(5)]

    assert quick == [100, 200, 300, 300]
    assert slow == [300, 150, 100, 100, 100]


async def test_work_goes_on_until_a_step_finds_less_than_it_could_take(database: Database) -> None:
    left = 57

    async def some(limit: int) -> int:
        nonlocal left
        taken = min(limit, left)
        left -= taken
        return taken

    assert await in_steps(database, some, most=20) == 57
    assert left == 0
