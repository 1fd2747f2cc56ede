"""What several processes count adds up."""

import asyncio

import pytest

from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.metrics.models import CounterTotal
from retrospec.metrics.totals import Totals
from retrospec.schema import MODELS


async def test_what_two_processes_count_adds_up(database: Database) -> None:
    mine, theirs = Counters(), Counters()
    mine.add("retrospec_cleanup_runs_total")
    mine.add("retrospec_jobs_total", 2, queue="replay", outcome="done")
    theirs.add("retrospec_jobs_total", 3, outcome="done", queue="replay")
    theirs.add("retrospec_jobs_total", 5, queue="replay", outcome="failed")

    totals = Totals(database, mine)
    await asyncio.gather(totals.flush(), Totals(database, theirs).flush())
    mine.add("retrospec_cleanup_runs_total", 4)
    await totals.flush()

    assert await totals.read() == {
        ("retrospec_cleanup_runs_total", ()): 5,
        ("retrospec_jobs_total", (("outcome", "done"), ("queue", "replay"))): 5,
        ("retrospec_jobs_total", (("outcome", "failed"), ("queue", "replay"))): 5,
    }


async def test_processes_that_add_to_the_same_rows_at_once_lose_nothing(database: Database) -> None:
    async def process(number: int) -> None:
        counters = Counters()
        totals = Totals(database, counters)
        for _ in range(20):
            # Each in an order of its own: rows locked in different orders would deadlock.
            for series in sorted(range(8), key=lambda series: (series * number) % 11):
                counters.add("retrospec_jobs_total", queue=str(series))
            await totals.flush()

    await asyncio.gather(*(process(number) for number in range(1, 5)))

    assert set((await Totals(database, Counters()).read()).values()) == {80}


async def test_nothing_is_counted_twice_by_flushing_twice(database: Database) -> None:
    counters = Counters()
    totals = Totals(database, counters)
    counters.add("retrospec_cleanup_runs_total")

    await totals.flush()
    await totals.flush()

    assert list((await totals.read()).values()) == [1]


async def test_what_could_not_be_written_is_written_the_next_time(database_url: str) -> None:
    counters = Counters()
    counters.add("retrospec_cleanup_runs_total", 2)
    database = Database(database_url, MODELS, pool_size=2)
    await database.open()
    totals = Totals(database, counters)
    await database.connection.execute_script('ALTER TABLE "counter_totals" RENAME TO "away"')

    with pytest.raises(Exception, match="counter_totals"):
        await totals.flush()
    counters.add("retrospec_cleanup_runs_total", 3)
    await database.connection.execute_script('ALTER TABLE "away" RENAME TO "counter_totals"')
    await totals.flush()

    assert list((await totals.read()).values()) == [5]
    await database.close()


@pytest.mark.parametrize(
    ("name", "amount", "label"),
    [("n" * 129, 1.0, "x"), ("retrospec_odd_total", float("inf"), "x"), ("retrospec_odd_total", 1.0, "l" * 600)],
    ids=["long name", "infinite", "long label"],
)
async def test_a_count_that_cannot_be_stored_keeps_no_other_back(
    database: Database, name: str, amount: float, label: str
) -> None:
    counters = Counters()
    counters.add(name, amount, label=label)
    counters.add("retrospec_cleanup_runs_total")

    await Totals(database, counters).flush()

    assert await CounterTotal.all().values_list("name", "value") == [("retrospec_cleanup_runs_total", 1.0)]
