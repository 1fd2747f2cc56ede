"""Telling observers what has happened: beside requests, and never at their cost."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from retrospec.core.background import Loop
from retrospec.core.log import get_logger
from retrospec.plugin.breaker import FAILURES, Breaker
from retrospec.plugin.events import Event, IssuePromoted, IssueStateChanged, SessionIngested
from retrospec.plugin.faults import Faults
from retrospec.plugin.isolation import Isolated
from retrospec.plugin.manager import PluginHost

log = get_logger(__name__)
Tell = Callable[..., object]

HOOKS: Mapping[type[Event], str] = {
    SessionIngested: "retrospec_session_ingested",
    IssuePromoted: "retrospec_issue_promoted",
    IssueStateChanged: "retrospec_issue_state_changed",
}
QUEUE_SIZE = 1000
# What is told in one visit to the plugin's thread: a visit for each event took as long as ten of them together.
_VISIT_SECONDS = 0.2
_TELL_DROPS_EVERY = 60


class Observer:
    """One plugin that wants to hear of events, with its queue and its thread."""

    def __init__(self, plugin: str, hooks: Mapping[type[Event], Tell], faults: Faults, breaker: Breaker) -> None:
        """Make one that is not told anything yet.

        Args:
            plugin: Its name.
            hooks: What it has for each kind of event that it wants.
            faults: Notes what goes wrong.
            breaker: Leaves it alone when it fails too often.
        """
        self.plugin = plugin
        self.hooks = hooks
        self._faults = faults
        self._breaker = breaker
        self._waiting: deque[Event] = deque()
        self._isolated = Isolated(f"{plugin} hooks")
        self._drops_told = float("-inf")

    @property
    def idle(self) -> bool:
        """Whether it has heard everything."""
        return not self._waiting

    def take(self, event: Event) -> None:
        """Put an event into its queue, or drop it when that is full."""
        if len(self._waiting) < QUEUE_SIZE:
            self._waiting.append(event)
        else:
            self._drop("queue_full", 1)

    async def visit(self, timeout: float) -> None:
        """Tell it some of what waits. What it is not told any more is dropped.

        Args:
            timeout: How long one hook may take, seconds.
        """
        if not self._waiting:
            return
        if not self._breaker.admits():
            self._drop("left_alone", len(self._waiting))
            self._waiting.clear()
            return
        visit = _Visit(self._waiting, self.hooks, at_most=1 if self._breaker.state == "half-open" else None)
        try:
            await self._isolated.call(visit.run, timeout=timeout + _VISIT_SECONDS)
        except asyncio.CancelledError:
            visit.over = True
            raise
        except Exception as cause:
            # What it hangs in, it may still finish; the next one it is not given.
            visit.over = True
            self._failed(cause, "a hook")
        for hook, error in visit.failures:
            self._failed(error, hook)
        if visit.last_went_well and not visit.over:
            self._succeeded()

    async def stop(self) -> None:
        """End its thread; what waits is dropped."""
        if self._waiting:
            self._drop("stopped", len(self._waiting))
            self._waiting.clear()
        await self._isolated.stop()

    def _failed(self, error: BaseException, hook: str) -> None:
        self._faults.note("observer", self.plugin, error, doing=hook)
        if self._breaker.failed():
            self._faults.opened("observer", self.plugin, seconds=self._breaker.pause)

    def _succeeded(self) -> None:
        if self._breaker.succeeded():
            self._faults.closed("observer", self.plugin)

    def _drop(self, reason: str, count: int) -> None:
        self._faults.dropped(self.plugin, reason, count)
        if monotonic() - self._drops_told > _TELL_DROPS_EVERY:
            self._drops_told = monotonic()
            log.warning("events dropped", plugin=self.plugin, reason=reason)


class _Visit:
    """A stay in a plugin's thread, in which its hooks are called for as many events as fit.

    Attributes:
        over: Set from outside: the server waits no longer.
        failures: The hooks that raised, and what.
        last_went_well: Of the hooks that were called, the last one.
    """

    def __init__(self, waiting: deque[Event], hooks: Mapping[type[Event], Tell], *, at_most: int | None) -> None:
        self._waiting = waiting
        self._hooks = hooks
        self._left = len(waiting) if at_most is None else at_most
        self.over = False
        self.failures: list[tuple[str, BaseException]] = []
        self.last_went_well = False

    async def run(self) -> None:
        """Call hooks until nothing waits, the visit takes long, or too many have failed."""
        until = monotonic() + _VISIT_SECONDS
        while self._left > 0 and not self.over and monotonic() < until and len(self.failures) < FAILURES:
            self._left -= 1
            # The server's thread only appends, or clears: a deque takes both at once.
            try:
                event = self._waiting.popleft()
            except IndexError:
                return
            self._tell(event)

    def _tell(self, event: Event) -> None:
        try:
            self._hooks[type(event)](event=event)
        except (Exception, SystemExit) as cause:
            self.last_went_well = False
            self.failures.append((HOOKS[type(event)], cause))
        else:
            self.last_went_well = True


class Observers:
    """Everybody who wants to hear of events. False while there is nobody, so that nothing need be made for them."""

    def __init__(self, observers: Sequence[Observer] = (), *, timeout: float = 10) -> None:
        """Take the observers.

        Args:
            observers: In the order of loading.
            timeout: How long one hook may take, seconds.
        """
        self._observers = observers
        self._loops = [_loop(one, timeout) for one in observers]
        pairs = list(zip(observers, self._loops, strict=True))
        self._wanting = {kind: [pair for pair in pairs if kind in pair[0].hooks] for kind in HOOKS}

    @classmethod
    def of(cls, host: PluginHost, faults: Faults, *, timeout: float) -> "Observers":
        """Those among the plugins of a host that have a hook for events."""
        found: dict[str, dict[type[Event], Tell]] = {}
        for kind, name in HOOKS.items():
            for record, hook in host.hooks(name):
                found.setdefault(record.name, {})[kind] = hook
        observers = [Observer(plugin, hooks, faults, Breaker()) for plugin, hooks in found.items()]
        return cls(observers, timeout=timeout)

    def __bool__(self) -> bool:
        return bool(self._observers)

    def wants(self, kind: type[Event]) -> bool:
        """Whether anybody wants to hear of such events."""
        return bool(self._wanting[kind])

    def tell(self, event: Event) -> None:
        """Have an event told. Called after its transaction has committed, on the server's thread; does not wait."""
        for observer, loop in self._wanting[type(event)]:
            observer.take(event)
            loop.wake()

    def start(self) -> None:
        """Begin to tell."""
        for loop in self._loops:
            loop.start()

    async def stop(self, grace: float) -> None:
        """Tell what waits, as far as it takes less than `grace` seconds, and end."""
        until = monotonic() + grace
        while monotonic() < until and not all(one.idle for one in self._observers):
            await asyncio.sleep(0.02)
        await asyncio.gather(*(loop.stop(max(until - monotonic(), 0.1)) for loop in self._loops))
        await asyncio.gather(*(one.stop() for one in self._observers))


def _loop(observer: Observer, timeout: float) -> Loop:
    async def step() -> None:
        while not observer.idle:
            await observer.visit(timeout)

    return Loop(f"hooks of {observer.plugin}", step, pause=60)


# For those who have no plugins to tell.
NOBODY = Observers()
