"""How often one client may call."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from retrospec.core.client_address import parse_address
from retrospec.core.counters import Counters
from retrospec.core.errors import RateLimited

# Below the least interval between requests that the settings can ask for, above the clock's rounding.
_ROUNDING = 1e-6


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
        self._on = rate > 0 and burst > 0
        self._interval = 1 / rate if self._on else 0.0
        self._slack = (burst - 1) * self._interval
        self._counters = counters
        self._clients = clients
        self._clock = clock
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def admit(self, address: str) -> None:
        """Take one request from a client's allowance.

        Args:
            address: The client's; IPv6 clients are told apart by their /64.

        Raises:
            RateLimited: The allowance is used up; says after how many seconds a request will pass.
        """
        if not self._on:
            return
        client, present = network_of(address), self._clock()
        whole_at = max(self._whole_at.get(client, present), present)
        wait = whole_at - present - self._slack
        if wait > _ROUNDING:
            self._whole_at.move_to_end(client)
            self._counters.add("retrospec_rate_limited_total")
            raise RateLimited("too many requests", retry_after=wait)
        self._whole_at[client] = whole_at + self._interval
        self._whole_at.move_to_end(client)
        self._forget(present)

    def _forget(self, present: float) -> None:
        """Let go of clients whose allowance is whole, two a request: faster than new ones come."""
        for _ in range(2):
            client = next(iter(self._whole_at))
            if self._whole_at[client] > present and len(self._whole_at) <= self._clients:
                return
            del self._whole_at[client]


def network_of(address: str) -> str:
    """What one client can call from: an IPv4 address, or the /64 that an IPv6 client has to itself."""
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed.packed[:8].hex()
    return address if parsed is None else str(parsed)
