"""A day's budget holds across tasks, processes' connections and event loops."""

import asyncio
from datetime import timedelta

from retrospec.core.clock import now
from retrospec.core.db import Database
from retrospec.plugin.isolation import Isolated
from retrospec.reports.budgets import ProjectBudget
from retrospec.reports.models import DailyUse


async def test_no_more_is_given_out_than_there_is_however_many_ask_at_once(database: Database) -> None:
    budgets = [ProjectBudget(database, "analysis.http") for _ in range(3)]

    taken = await asyncio.gather(*(budget.take("proj_a", 10) for budget in budgets * 10))

    assert sum(taken) == 10
    assert (await DailyUse.get(project_id="proj_a")).used == 10


async def test_each_project_name_and_day_has_its_own(database: Database) -> None:
    http, other = ProjectBudget(database, "analysis.http"), ProjectBudget(database, "analysis.other")

    assert [await http.take("proj_a", 1), await http.take("proj_a", 1)] == [True, False]
    assert await http.take("proj_b", 1)
    assert await other.take("proj_a", 1)
    await DailyUse.filter(project_id="proj_a", name="analysis.http").update(day=now().date() - timedelta(days=1))
    assert await http.take("proj_a", 1)
    assert not await http.take("proj_a", 0)


async def test_days_long_past_are_forgotten(database: Database) -> None:
    budget = ProjectBudget(database, "analysis.http")
    for days in (40, 33, 20):
        day = now().date() - timedelta(days=days)
        await DailyUse.create(project_id="proj_a", name="analysis.http", day=day, used=1)

    await budget.take("proj_a", 5)

    kept = sorted((now().date() - row.day).days for row in await DailyUse.all())
    assert kept == [0, 20]


async def test_a_plugin_in_its_own_loop_may_ask(database: Database) -> None:
    budget, isolated = ProjectBudget(database, "analysis.http"), Isolated("http")
    try:
        assert await isolated.call(lambda: budget.take("proj_a", 1), timeout=10)
        assert not await isolated.call(lambda: budget.take("proj_a", 1), timeout=10)
    finally:
        await isolated.stop()
