"""Plugin objects that go wrong on command, call by call."""

import asyncio
import inspect
import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from retrospec.plugin.component import Component

Part = TypeVar("Part", bound=Component)
FaultName = Literal["raise", "hang", "slow", "block", "exit", "wrong type"]
# A thread cannot be cancelled, and one that never ends would keep the test run from ending.
_HANGS_IN_THREAD_SECONDS = 60.0


class InjectedFault(Exception):
    """What a call raises whose fault is `raise`, unless the fault has an error of its own."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong in one call.

    Attributes:
        name: `raise` raises `error`; `hang` never returns until it is cancelled (a minute, where the method is no
            coroutine); `slow` waits for `seconds` and then does its work; `block` does the same, but holds its thread
            up and with it the event loop; `exit` calls `sys.exit`; `wrong type` does nothing and returns `result`.
        seconds: How long `slow` and `block` take.
        error: What `raise` raises; None: an `InjectedFault`.
        result: What `wrong type` returns; None: an object that is nothing else.
    """

    name: FaultName
    seconds: float = 1.0
    error: BaseException | None = None
    result: Any = None

    def __post_init__(self) -> None:
        if self.name not in get_args(FaultName):
            raise ValueError(f"{self.name!r} is none of the faults {', '.join(get_args(FaultName))}")


Planned = Fault | FaultName | None


def faulty(part: Part, *plan: Planned, then: Planned = None, on: Collection[str] = ()) -> Part:
    """Let the next calls of a plugin object go wrong, one fault each; None is a call that goes well.

    ```python
    faulty(sink, "raise", None, Fault("slow", seconds=3))  # raises, delivers, delivers after three seconds
    faulty(storage, then="hang", on=["get"])  # can be written to, and never read
    ```

    Args:
        part: Any plugin object; it is changed, and keeps its type.
        plan: The faults of the first calls, in order, over all the methods together.
        then: The fault of every call after those; None: they go well.
        on: Names of the methods; none: those that every plugin of its family must have, such as `send`.

    Returns:
        The same object.

    Raises:
        ValueError: There is no fault of that name, or no method.
    """
    turns = _Turns(deque(_fault(one) for one in plan), _fault(then))
    for name in sorted(on or _required(part)):
        method = getattr(part, name, None)
        if method is None:
            raise ValueError(f"{type(part).__name__} has no method {name!r}")
        setattr(part, name, _awaited(method, turns) if inspect.iscoroutinefunction(method) else _plain(method, turns))
    return part


@dataclass(slots=True)
class _Turns:
    plan: deque[Fault | None]
    then: Fault | None

    def take(self) -> Fault | None:
        """The fault of the next call."""
        return self.plan.popleft() if self.plan else self.then


def _fault(planned: Planned) -> Fault | None:
    return Fault(planned) if isinstance(planned, str) else planned


def _required(part: Component) -> set[str]:
    return {name for kind in type(part).__mro__ for name in getattr(kind, "__abstractmethods__", ())}


def _awaited(method: Callable[..., Any], turns: _Turns) -> Callable[..., Any]:
    async def call(*args: Any, **options: Any) -> Any:
        fault = turns.take()
        if fault and fault.name == "hang":
            await asyncio.Event().wait()
        if fault and fault.name == "slow":
            await asyncio.sleep(fault.seconds)
            fault = None
        if fault and _spoils(fault):
            return _wrong(fault)
        return await method(*args, **options)

    return call


def _plain(method: Callable[..., Any], turns: _Turns) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        fault = turns.take()
        if fault and fault.name in {"hang", "slow"}:
            time.sleep(fault.seconds if fault.name == "slow" else _HANGS_IN_THREAD_SECONDS)
            fault = None
        if fault and _spoils(fault):
            return _wrong(fault)
        return method(*args, **options)

    return call


def _spoils(fault: Fault) -> bool:
    """Raise, exit or block; tells whether a wrong result is to be returned."""
    if fault.name == "raise":
        raise fault.error or InjectedFault("a fault that the test asked for")
    if fault.name == "exit":
        sys.exit("a plugin that the test let exit")
    if fault.name == "block":
        time.sleep(fault.seconds)
    return fault.name == "wrong type"


def _wrong(fault: Fault) -> Any:
    return object() if fault.result is None else fault.result
