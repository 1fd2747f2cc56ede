"""How work that takes long says how far it is, and how work that blocks is waited for."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

# What is being counted, how many are done, and of how many, where that is known.
Report = Callable[[str, int, int | None], None]


async def in_thread(items: Generator[Item, None, None]) -> AsyncGenerator[Item, None]:
    """Take what blocks from a generator, in a thread."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "archive") as thread:
        try:
            while (item := await loop.run_in_executor(thread, next, items, None)) is not None:
                yield item
        finally:
            # In the same thread: a generator that still runs cannot be closed.
            thread.submit(items.close)
