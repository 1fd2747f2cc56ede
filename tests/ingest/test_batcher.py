import asyncio
from collections.abc import Sequence

import pytest

from retrospec.core.errors import Invalid, Unavailable
from retrospec.ingest.batcher import Batcher


class Store:
    """Writes numbers down, slowly, and refuses thirteen and whatever stands beside it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def write(self, items: Sequence[int]) -> Sequence[int | Exception]:
        await self.gate.wait()
        self.batches.append(list(items))
        if 13 in items:
            raise ValueError("thirteen")
        return [Invalid("negative") if item < 0 else item * 2 for item in items]


def batcher(store: Store, size: int = 8) -> Batcher[int, int]:
    return Batcher(store.write, key=lambda item: item, size=size)


async def test_what_arrives_while_a_transaction_runs_goes_into_the_next_one_together() -> None:
    store = Store()
    store.gate.clear()
    writing = batcher(store)
    first = asyncio.create_task(writing.submit(1))
    await asyncio.sleep(0)
    others = [asyncio.create_task(writing.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)

    store.gate.set()

    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert store.batches == [[1], [2, 3, 4]]


async def test_a_failing_member_never_fails_its_neighbours() -> None:
    store = Store()
    store.gate.clear()
    writing = batcher(store)
    tasks = [asyncio.create_task(writing.submit(number)) for number in (0, 1, 13, 2)]
    await asyncio.sleep(0)

    store.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [results[0], results[1], results[3]] == [0, 2, 4]
    assert isinstance(results[2], ValueError)


async def test_an_item_may_be_refused_without_failing_its_batch() -> None:
    store = Store()
    writing = batcher(store)

    with pytest.raises(Invalid):
        await writing.submit(-1)

    assert store.batches == [[-1]]


async def test_two_items_of_one_key_never_share_a_batch_and_keep_their_order() -> None:
    store = Store()
    store.gate.clear()
    writing = batcher(store)
    tasks = [asyncio.create_task(writing.submit(number)) for number in (0, 5, 5, 6)]
    await asyncio.sleep(0)

    store.gate.set()
    await asyncio.gather(*tasks)

    assert store.batches == [[0], [5, 6], [5]]


async def test_a_batch_is_not_larger_than_allowed() -> None:
    store = Store()
    store.gate.clear()
    writing = batcher(store, size=3)
    tasks = [asyncio.create_task(writing.submit(number)) for number in range(8)]
    await asyncio.sleep(0)

    store.gate.set()
    await asyncio.gather(*tasks)

    assert [len(batch) for batch in store.batches] == [1, 3, 3, 1]


async def test_a_second_transaction_begins_once_half_of_those_on_their_way_wait() -> None:
    turns, batches = asyncio.Semaphore(0), []

    async def write(items: Sequence[int]) -> Sequence[int | Exception]:
        batches.append(list(items))
        await turns.acquire()
        return items

    writing: Batcher[int, int] = Batcher(write, key=lambda item: item, size=8, at_once=2)

    async def submit(*items: int) -> list[asyncio.Task[int]]:
        tasks = [asyncio.create_task(writing.submit(item)) for item in items]
        await asyncio.sleep(0.01)
        return tasks

    tasks = await submit(1) + await submit(2) + await submit(3, 4, 5, 6)
    turns.release()
    await tasks[0]
    turns.release()
    await tasks[1]
    tasks += await submit(7, 8, 9)
    assert batches == [[1], [2], [3, 4, 5, 6]]

    tasks += await submit(10)
    assert batches == [[1], [2], [3, 4, 5, 6], [7, 8, 9, 10]]

    # Eight were on their way at once, a moment ago.
    for number in (6, 10):
        turns.release()
        await tasks[number - 1]
    tasks += await submit(11)
    tasks += await submit(12, 13, 14)
    assert batches[4:] == [[11]]
    tasks += await submit(15)
    assert batches[4:] == [[11], [12, 13, 14, 15]]

    for _ in range(2):
        turns.release()
    assert await asyncio.gather(*tasks) == list(range(1, 16))


async def test_a_client_that_goes_away_does_not_take_its_item_along() -> None:
    store = Store()
    store.gate.clear()
    writing = batcher(store)
    gone = asyncio.create_task(writing.submit(1))
    await asyncio.sleep(0)

    gone.cancel()
    store.gate.set()
    await writing.stop()

    assert store.batches == [[1]]


async def test_stopping_writes_what_waits_and_refuses_what_comes() -> None:
    store = Store()
    store.gate.clear()
    writing = batcher(store)
    tasks = [asyncio.create_task(writing.submit(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(writing.stop())
    await asyncio.sleep(0)

    store.gate.set()
    await stopping

    assert [task.result() for task in tasks] == [2, 4]
    with pytest.raises(Unavailable):
        await writing.submit(3)
