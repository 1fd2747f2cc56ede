"""Trying several addresses without waiting for the dead ones."""

from asyncio.staggered import staggered_race
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

Connection = TypeVar("Connection")
# As RFC 8305 recommends.
HEAD_START_SECONDS = 0.25


async def first_of(addresses: Sequence[str], connect: Callable[[str], Awaitable[Connection]]) -> Connection:
    """The first connection that one of the addresses gives.

    Args:
        addresses: At least one; each has a head start before the next.
        connect: Connects to one of them.

    Raises:
        Exception: None gave one; this is what the first said.
    """
    winner: Connection | None
    winner, _, errors = await staggered_race([partial(connect, address) for address in addresses], HEAD_START_SECONDS)
    if winner is None:
        raise next(error for error in errors if error is not None)
    return winner
