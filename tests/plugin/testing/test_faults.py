"""Faults, injected into plugin objects of several families."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from retrospec.plugin import Alert, AlertSink, ClusteringStrategy, MarkerFacts, Receipt
from retrospec.plugin.testing.alerts import make_alert
from retrospec.plugin.testing.faults import Fault, InjectedFault, Planned, faulty
from retrospec_plugins.queue_memory import MemoryQueue

MARKER = MarkerFacts("/checkout", "api_error", "", "POST /api/orders -> 500", "")


class Notebook(AlertSink):
    """A sink that writes down ids."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def send(self, alert: Alert) -> Receipt:
        self.taken.append(alert.id)
        return Receipt(200)


class Same(ClusteringStrategy):
    """A strategy for which all is the same."""

    version = 1

    def keys(self, markers: Sequence[MarkerFacts]) -> Sequence[str]:
        return [f"{marker.kind}:{'0' * 16}" for marker in markers]


async def test_each_call_has_the_fault_that_was_planned_for_it_and_those_after_go_well() -> None:
    sink = faulty(Notebook(), "raise", None, Fault("raise", error=ConnectionError("the wire is cut")))

    with pytest.raises(InjectedFault):
        await sink.send(make_alert("a1"))
    await sink.send(make_alert("a2"))
    with pytest.raises(ConnectionError, match="the wire is cut"):
        await sink.send(make_alert("a3"))
    assert await sink.send(make_alert("a4")) == Receipt(200)

    assert sink.taken == ["a2", "a4"]


async def test_a_fault_may_last() -> None:
    sink = faulty(Notebook(), None, then="raise")
    await sink.send(make_alert())

    for _ in range(3):
        with pytest.raises(InjectedFault):
            await sink.send(make_alert())


async def test_what_hangs_ends_only_when_it_is_cancelled() -> None:
    sink = faulty(Notebook(), "hang")
    sending = asyncio.create_task(sink.send(make_alert("a1")))
    await asyncio.sleep(0)
    await sink.send(make_alert("a2"))
    assert not sending.done()

    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert sink.taken == ["a2"]


async def test_what_is_slow_lets_others_run_and_what_blocks_does_not() -> None:
    ran: list[str] = []

    async def run_beside(planned: Planned) -> list[str]:
        ran.clear()
        sink = faulty(Notebook(), planned)
        beside = asyncio.create_task(asyncio.sleep(0))
        beside.add_done_callback(lambda _: ran.append("other"))
        await sink.send(make_alert())
        ran.append("sink")
        await beside
        assert sink.taken == ["alr_1"]
        return ran

    assert (await run_beside(Fault("slow", seconds=0.05)))[0] == "other"
    began = time.monotonic()
    assert (await run_beside(Fault("block", seconds=0.05)))[0] == "sink"
    assert time.monotonic() - began >= 0.05


async def test_what_exits_raises_what_sys_exit_raises() -> None:
    with pytest.raises(SystemExit):
        await faulty(Notebook(), "exit").send(make_alert())


def test_a_plain_method_can_give_a_wrong_type() -> None:
    strategy = faulty(Same(), "wrong type", Fault("wrong type", result=["no key"]), Fault("slow", seconds=0))

    assert not isinstance(strategy.keys([MARKER]), Sequence)
    assert strategy.keys([MARKER]) == ["no key"]
    assert strategy.keys([MARKER]) == ["api_error:0000000000000000"]


async def test_faults_are_in_the_methods_that_are_named_and_else_in_those_that_every_one_must_have() -> None:
    async with faulty(MemoryQueue(), then="raise") as queue:
        assert await queue.check() == "ok"
        with pytest.raises(InjectedFault):
            await queue.depths("q")
    async with faulty(MemoryQueue(), then="raise", on=["check"]) as queue:
        await queue.depths("q")
        with pytest.raises(InjectedFault):
            await queue.check()


def test_faults_and_methods_that_there_are_not_are_named() -> None:
    with pytest.raises(ValueError, match="none of the faults raise, hang"):
        faulty(Notebook(), "explode")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Notebook has no method 'sned'"):
        faulty(Notebook(), "raise", on=["sned"])
