"""How often one client may call a server of several processes."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Protocol

from retrospec.core.counters import Counters
from retrospec.core.errors import RateLimited, Unavailable
from retrospec.core.log import get_logger
from retrospec.core.rate_limit import ROUNDING, Rate, network_of

log = get_logger(__name__)
# What was admitted is told this late. Until then the other processes know nothing of it.
_TELL_SECONDS = 0.02
# So much of a burst is admitted without asking. Each further process may add as much to a burst that comes to all of
# them within that time.
_FREE = 1 / 16
_AT_ONCE = 500
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ask:
    """What one process has to say of one client.

    Attributes:
        client: Its network.
        told: Requests that were admitted already.
        asked: Requests that wait to hear whether they are.
    """

    client: str
    told: int
    asked: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What all processes together know of a client.

    Attributes:
        whole_in: Seconds until its allowance is whole again.
        granted: How many of those asked for are admitted.
    """

    whole_in: float
    granted: int


class Allowances(Protocol):
    """Where the processes keep what clients have used."""

    async def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: It cannot be reached.
        """

    async def close(self) -> None:
        """Disconnect."""

    async def take(self, rate: Rate, asks: Sequence[Ask]) -> Sequence[Answer]:
        """Take from the allowances of some clients, in one step.

        Raises:
            Unavailable: It did not answer.
        """


@dataclass(slots=True)
class _Client:
    """What this process knows of a client."""

    whole_at: float
    untold: int = 0
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)


class SharedRateLimiter:
    """Allows each client a burst, and a rate on average, over all processes that share its allowances.

    Asking for every request would cost each a round trip, and Redis a call: so requests of a client that is far from
    its limit are admitted at once, and told together every 20 ms; one that is known to have used it up is refused at
    once; only in between it is asked, for all that wait in one call. A client that spreads a burst over several
    processes within 20 ms may get a sixteenth more of it for each, and pays for it afterwards: the rate holds.

    While Redis is away, each process limits by itself what comes to it.
    """

    def __init__(
        self,
        rate: Rate,
        counters: Counters,
        allowances: Allowances,
        *,
        clients: int = 20_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Begin without knowing of any client.

        Args:
            rate: What each may do.
            counters: Where refusals are counted, and failures of the allowances.
            allowances: Shared by the processes.
            clients: How many are remembered at the most; the one that called longest ago goes first.
            clock: Seconds, never going back.
        """
        self._rate = rate
        self._free = (rate.burst * _FREE) * rate.interval
        self._counters = counters
        self._allowances = allowances
        self._most = clients
        self._clock = clock
        self._known: OrderedDict[str, _Client] = OrderedDict()
        self._changed: dict[str, _Client] = {}
        self._away = True
        self._told_of_it = False
        self._telling: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect, or begin without."""
        try:
            await self._allowances.open()
            self._away = False
        except Unavailable as cause:
            self._lose(cause)
            self._begin_in(_PAUSE_SECONDS)

    async def close(self) -> None:
        """Tell nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling
        await self._allowances.close()

    def admit(self, address: str) -> Awaitable[None] | None:
        """Take one request from a client's allowance.

        Args:
            address: The client's; IPv6 clients are told apart by their /64.

        Returns:
            None where it is admitted; else what to wait for, which raises the same.

        Raises:
            RateLimited: The allowance is used up; says after how many seconds a request will pass.
        """
        name, present = network_of(address), self._clock()
        client = self._known.get(name)
        if client is None:
            self._forget(present)
            client = self._known[name] = _Client(present)
        else:
            self._known.move_to_end(name)
        used = max(client.whole_at - present, 0)
        if self._away or used > self._rate.slack + ROUNDING:
            # Also what others have used: an allowance that was known to be used up is not whole before its time.
            self._admit_alone(client, present)
            return None
        if used + self._rate.interval <= self._free + ROUNDING:
            client.whole_at = present + used + self._rate.interval
            client.untold += 1
            self._tell_soon(name, client)
            return None
        answer = asyncio.get_running_loop().create_future()
        client.waiting.append(answer)
        self._tell_now(name, client)
        return answer

    def _admit_alone(self, client: _Client, present: float) -> None:
        used = max(client.whole_at - present, 0)
        if used > self._rate.slack + ROUNDING:
            raise self._refusal(used)
        client.whole_at = present + used + self._rate.interval

    def _refusal(self, used: float) -> RateLimited:
        self._counters.add("retrospec_rate_limited_total")
        return RateLimited("too many requests", retry_after=used - self._rate.slack)

    def _tell_soon(self, name: str, client: _Client) -> None:
        self._changed[name] = client
        if self._telling is None and self._timer is None:
            self._begin_in(_TELL_SECONDS)

    def _tell_now(self, name: str, client: _Client) -> None:
        self._changed[name] = client
        if self._telling is None:
            self._begin()

    def _begin_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        work = self._find_again() if self._away else self._tell()
        self._telling = asyncio.get_running_loop().create_task(work, name="rate limits")
        self._telling.add_done_callback(self._go_on)

    def _go_on(self, done: "asyncio.Task[None]") -> None:
        self._telling = None
        if self._closed:
            return
        if self._away:
            self._begin_in(_PAUSE_SECONDS)
        elif any(client.waiting for client in self._changed.values()):
            self._begin()
        elif self._changed:
            self._begin_in(_TELL_SECONDS)

    async def _tell(self) -> None:
        """Say what was admitted, and ask for what waits."""
        batch = [(name, self._changed.pop(name)) for name in list(islice(self._changed, _AT_ONCE))]
        asks = [Ask(name, client.untold, len(client.waiting)) for name, client in batch]
        waiting = [client.waiting for _, client in batch]
        for _, client in batch:
            client.untold, client.waiting = 0, []
        sent = self._clock()
        try:
            answers = await self._allowances.take(self._rate, asks)
        except Exception as cause:
            # Whatever it is: no request waits for an answer that does not come.
            self._lose(cause)
            for (_, client), futures in zip(batch, waiting, strict=True):
                self._decide_alone(client, futures)
            return
        if self._told_of_it:
            self._told_of_it = False
            log.info("rate limits are shared again")
        for (_, client), futures, answer in zip(batch, waiting, answers, strict=True):
            # By the time at which it was sent: never later than what Redis will admit.
            known = sent + answer.whole_in + client.untold * self._rate.interval
            client.whole_at = max(client.whole_at, known)
            self._settle(futures, answer)

    def _settle(self, futures: "Sequence[asyncio.Future[None]]", answer: Answer) -> None:
        for place, future in enumerate(futures):
            if future.done():
                continue
            if place < answer.granted:
                future.set_result(None)
            else:
                future.set_exception(self._refusal(answer.whole_in))

    def _decide_alone(self, client: _Client, futures: "Sequence[asyncio.Future[None]]") -> None:
        for future in futures:
            if future.done():
                continue
            try:
                self._admit_alone(client, self._clock())
                future.set_result(None)
            except RateLimited as refusal:
                future.set_exception(refusal)

    def _lose(self, cause: Exception) -> None:
        self._counters.add("retrospec_rate_limit_errors_total")
        self._away = True
        # Once, also where it answers and takes nothing, as a full one does.
        if not self._told_of_it:
            self._told_of_it = True
            log.warning("rate limits are kept by each process until Redis is back", error=str(cause))
        changed, self._changed = self._changed, {}
        for client in changed.values():
            self._decide_alone(client, client.waiting)
            # What was not told is forgotten: Redis knows nothing of the others by then either.
            client.untold, client.waiting = 0, []

    async def _find_again(self) -> None:
        try:
            await self._allowances.open()
        except Unavailable:
            self._counters.add("retrospec_rate_limit_errors_total")
            return
        self._away = False

    def _forget(self, present: float) -> None:
        """Let go of clients whose allowance is whole, two for each new one: faster than they come."""
        for name, client in list(islice(self._known.items(), 2)):
            if client.whole_at > present and len(self._known) < self._most:
                return
            if not client.untold and not client.waiting:
                del self._known[name]
