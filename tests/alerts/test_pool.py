"""Sinks run beside the server: whatever their plugins do, it comes out as an attempt that failed."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from textwrap import dedent

import pytest

from retrospec.alerts import place
from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sinks import Sink
from retrospec.core.counters import Counters
from retrospec.core.errors import PluginError
from retrospec.plugin.faults import Faults
from retrospec.plugin.manager import PluginHost
from retrospec.plugin.testing.alerts import make_alert
from tests.client import eventually

ODD = """
    import asyncio, os, sys, threading, time
    from pydantic import BaseModel
    from retrospec.plugin import (
        AlertSink, NotDelivered, Receipt, RetryAfter, SinkGone, alert_sink
    )

    class OddSettings(BaseModel, extra="forbid"):
        does: str = ""
        how: str = ""

    class Worse(BaseException):
        pass

    def speechless():
        class Speechless(Exception):
            def __str__(self):
                raise RuntimeError("not even that")
        return Speechless()

    @alert_sink("odd", "Does what its settings say", settings=OddSettings)
    class Odd(AlertSink):
        guarded = True
        life = []

        def __init__(self, settings):
            self.does, self.how = settings.does, settings.how
            self.note("made")
            if self.does == "not made":
                raise OSError("no parts")

        def note(self, what):
            self.life.append((what, self.how, threading.current_thread().name))

        async def open(self):
            self.note("opened")
            if self.does == "not opened":
                raise OSError("no line")
            if self.does == "opens for ever":
                await asyncio.sleep(3600)

        async def close(self):
            self.note("closed")
            if self.does == "not closed":
                raise OSError("no lid")

        async def check(self):
            if self.does == "not well":
                raise OSError("no pulse")
            return f"private: {self.network.allow_private}"

        async def send(self, alert):
            self.note("sent")
            match self.does:
                case "receipt":
                    return Receipt(202, "a\\0b" + "x" * 600)
                case "odd receipt":
                    return Receipt("fine", 7)
                case "wrong":
                    return {"status": 200}
                case "refuse":
                    raise NotDelivered("no room", status=507, answer="full")
                case "later":
                    raise RetryAfter(float(self.how), status=429)
                case "gone":
                    raise SinkGone("moved away", status=410, answer="gone")
                case "raise":
                    raise RuntimeError("out of order")
                case "speechless":
                    raise speechless()
                case "worse":
                    raise Worse("much")
                case "cancel":
                    raise asyncio.CancelledError
                case "exit":
                    sys.exit(3)
                case "hang":
                    await asyncio.sleep(3600)
                case "block":
                    time.sleep(float(self.how))

    @alert_sink("sync", "Awaits nothing")
    class Sync(AlertSink):
        def send(self, alert):
            return None

    @alert_sink("stubborn", "Does not end when cancelled")
    class Stubborn(AlertSink):
        async def send(self, alert):
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    if self.let_go.is_set():
                        raise
        let_go = threading.Event()
"""


def odd(does: str = "", how: str = "", *, ident: str = "snk_1", project: str | None = "proj_1") -> Sink:
    """A sink that does something, of a project."""
    return Sink(ident, "mine", "odd", project, {"does": does, "how": how})


class Kit:
    """Pools of the plugins above, and what these have noted."""

    def __init__(self, folder: Path) -> None:
        (folder / "odd_sinks.py").write_text(dedent(ODD))
        self.plugins = PluginHost((), folder)
        self.counters = Counters()
        assert [record.error for record in self.plugins.records] == [""]
        self.life: list[tuple[str, str, str]] = self.plugins.records[0].module.Odd.life
        self.let_go: threading.Event = self.plugins.records[0].module.Stubborn.let_go

    def pool(self, *of_settings: Sink, timeout: float = 0.2, allow_private: bool = False) -> SinkPool:
        return SinkPool(self.plugins, of_settings, Faults(self.counters), timeout=timeout, allow_private=allow_private)

    def happened(self) -> list[str]:
        return [what for what, _, _ in self.life]

    def errors(self) -> float:
        return self.counters.drain().get(
            ("retrospec_plugin_errors_total", (("family", "alerts"), ("plugin", "odd"))), 0
        )


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


@pytest.fixture
async def pool(kit: Kit) -> AsyncIterator[SinkPool]:
    async with kit.pool() as pool:
        yield pool


async def test_what_the_receiver_said_is_told(pool: SinkPool, kit: Kit) -> None:
    came = await pool.send(odd("receipt"), make_alert())

    assert (came.outcome, came.status, came.error, came.retry_after) == ("delivered", 202, "", None)
    assert came.answer.startswith("abxx")
    assert len(came.answer) <= 500
    assert (await pool.send(odd(), make_alert())).outcome == "delivered"
    assert kit.errors() == 0


async def test_a_refusal_is_no_failure_of_the_plugin(pool: SinkPool, kit: Kit) -> None:
    refused = await pool.send(odd("refuse"), make_alert())
    later = await pool.send(odd("later", "90"), make_alert())
    gone = await pool.send(odd("gone"), make_alert())

    assert (refused.outcome, refused.status, refused.answer, refused.error) == ("failed", 507, "full", "no room")
    assert (later.outcome, later.status, later.retry_after) == ("failed", 429, 90)
    assert (gone.outcome, gone.status, gone.answer, gone.error) == ("gone", 410, "gone", "moved away")
    assert kit.errors() == 0


@pytest.mark.parametrize(("asked", "kept"), [("-5", 0), ("1e9", 86_400), ("inf", 86_400), ("nan", None)])
async def test_a_pause_is_held_within_a_day(pool: SinkPool, asked: str, kept: float | None) -> None:
    assert (await pool.send(odd("later", asked), make_alert())).retry_after == kept


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("raise", "RuntimeError: out of order"),
        ("speechless", "Speechless"),
        ("worse", "it raised Worse"),
        ("cancel", "it cancelled itself"),
        ("exit", "it called sys.exit: SystemExit(3)"),
        ("wrong", "TypeError: `send` returned a dict, not a Receipt or None"),
        ("hang", "TimeoutError: took longer than 0.22 s"),
        ("not made", "plugin alerts.mine: cannot be made: OSError: no parts"),
        ("not opened", "plugin alerts.mine: cannot be opened: OSError: no line"),
    ],
)
async def test_whatever_a_plugin_does_is_a_failed_attempt_and_counted(
    pool: SinkPool, kit: Kit, does: str, says: str
) -> None:
    came = await pool.send(odd(does), make_alert())

    assert (came.outcome, came.error, came.by_plugin) == ("failed", says, True)
    assert kit.errors() == 1
    assert (await pool.send(odd("receipt"), make_alert())).outcome == "delivered"


async def test_a_method_that_is_not_async_is_a_failed_attempt(pool: SinkPool) -> None:
    came = await pool.send(Sink("sync", "sync", "sync"), make_alert())

    assert came.outcome == "failed"
    assert came.error.startswith("TypeError: ")


async def test_an_odd_receipt_is_made_usable(pool: SinkPool) -> None:
    came = await pool.send(odd("odd receipt"), make_alert())

    assert (came.outcome, came.status, came.answer) == ("delivered", None, "7")


async def test_one_that_blocks_its_thread_fails_until_it_is_free_and_blocks_nobody_else(
    pool: SinkPool, kit: Kit
) -> None:
    blocked = asyncio.create_task(pool.send(odd("block", "1.8"), make_alert()))
    turns = 0
    while not blocked.done():
        await asyncio.sleep(0.01)
        turns += 1
    later = await pool.send(odd(), make_alert())
    other = await pool.send(Sink("sync", "sync", "sync"), make_alert())

    assert blocked.result().error == "TimeoutError: took longer than 0.22 s"
    assert later.error.endswith("the plugin alerts.odd still hangs in an earlier call")
    assert other.error.startswith("TypeError")
    assert turns > 20

    async def works_again() -> bool:
        return (await pool.send(odd(), make_alert())).outcome == "delivered"

    await eventually(works_again)


async def test_one_that_does_not_end_when_cancelled_is_not_called_without_end(
    pool: SinkPool, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrospec.plugin.isolation._MOST_LEFT_BEHIND", 2)
    stubborn = Sink("stubborn", "stubborn", "stubborn")

    came = [(await pool.send(stubborn, make_alert())).error for _ in range(3)]
    kit.let_go.set()

    assert came == [
        "TimeoutError: took longer than 0.22 s",
        "TimeoutError: took longer than 0.22 s",
        "2 calls of the plugin alerts.stubborn do not end when cancelled",
    ]


class TestLife:
    async def test_one_object_serves_all_deliveries_in_its_own_thread(self, pool: SinkPool, kit: Kit) -> None:
        await asyncio.gather(*(pool.send(odd(), make_alert(f"alr_{number}")) for number in range(5)))

        assert kit.happened() == ["made", "opened", *["sent"] * 5]
        assert {thread for _, _, thread in kit.life} == {"plugin alerts.odd"}

    async def test_it_is_closed_with_the_pool(self, kit: Kit) -> None:
        async with kit.pool() as pool:
            await pool.send(odd(), make_alert())
            await pool.send(odd("not closed", ident="snk_2"), make_alert())

        assert kit.happened()[-2:] == ["closed", "closed"]

    async def test_a_change_of_settings_makes_another_and_closes_the_old_one(self, pool: SinkPool, kit: Kit) -> None:
        await pool.send(odd(how="old"), make_alert())
        await pool.send(odd(how="new"), make_alert())

        async def closed() -> bool:
            return "closed" in kit.happened()

        await eventually(closed)
        life = [(what, how) for what, how, _ in kit.life]
        assert life[:3] == [("made", "old"), ("opened", "old"), ("sent", "old")]
        assert sorted(life[3:]) == [("closed", "old"), ("made", "new"), ("opened", "new"), ("sent", "new")]

    async def test_the_old_one_is_closed_only_when_its_deliveries_have_ended(self, kit: Kit) -> None:
        async with kit.pool(timeout=20) as pool:
            hanging = asyncio.create_task(pool.send(odd("hang", "old"), make_alert()))

            async def sending() -> bool:
                return "sent" in kit.happened()

            await eventually(sending)
            await pool.send(odd(how="new"), make_alert())
            await asyncio.sleep(0.05)
            assert "closed" not in kit.happened()
            hanging.cancel()

            async def closed() -> bool:
                return "closed" in kit.happened()

            await eventually(closed)

    async def test_what_is_unused_is_closed_but_for_the_sinks_of_the_settings(
        self, kit: Kit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("retrospec.alerts.pool._IDLE_SECONDS", 0)
        async with kit.pool(odd(how="settings", ident="odd", project=None)) as pool:
            await pool.send(odd(how="project"), make_alert())
            pool.tidy()

            async def closed() -> list[str]:
                return [how for what, how, _ in kit.life if what == "closed"]

            assert await eventually(closed) == ["project"]

    async def test_only_so_many_sinks_of_projects_are_open_at_once(
        self, kit: Kit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("retrospec.alerts.pool._MOST_OPEN", 2)
        async with kit.pool() as pool:
            for name in ("one", "two", "one", "three"):
                await pool.send(odd(how=name, ident=f"snk_{name}"), make_alert())

            async def closed() -> list[str]:
                return [how for what, how, _ in kit.life if what == "closed"]

            assert await eventually(closed) == ["two"]

    async def test_one_that_cannot_be_opened_is_made_anew_the_next_time(self, pool: SinkPool, kit: Kit) -> None:
        for _ in range(2):
            await pool.send(odd("not opened"), make_alert())

        assert kit.happened() == ["made", "opened"] * 2

    async def test_deliveries_that_wait_for_an_opening_that_fails_fail_with_it(
        self, pool: SinkPool, kit: Kit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(place, "_OPEN_SECONDS", 0.2)

        came = await asyncio.gather(*(pool.send(odd("opens for ever"), make_alert()) for _ in range(4)))

        assert {one.error for one in came} == {
            "plugin alerts.mine: cannot be opened: TimeoutError: took longer than 0.2 s"
        }
        assert kit.happened() == ["made", "opened"]


class TestSettings:
    def test_a_bad_sink_of_the_settings_stops_the_start_when_it_is_made(self, kit: Kit) -> None:
        with pytest.raises(PluginError, match=r"plugin alerts.mine: cannot be made: OSError: no parts"):
            kit.pool(odd("not made", project=None))

    async def test_a_bad_sink_of_the_settings_stops_the_start_when_it_is_opened(self, kit: Kit) -> None:
        good = odd(how="good", ident="good", project=None)
        async with AsyncExitStack() as stack:
            with pytest.raises(PluginError, match=r"plugin alerts.mine: cannot be opened: OSError: no line"):
                await stack.enter_async_context(kit.pool(good, odd("not opened", project=None)))

        assert kit.happened()[-1] == "closed"


class TestProjects:
    async def test_sinks_of_projects_are_kept_from_private_networks(self, kit: Kit) -> None:
        async with kit.pool(odd(ident="odd", project=None)) as pool:
            assert await pool.check(odd(ident="odd", project=None)) == "private: True"
            assert await pool.check(odd()) == "private: False"
        async with kit.pool(allow_private=True) as pool:
            assert await pool.check(odd()) == "private: True"

    async def test_a_type_that_does_not_guard_its_connections_is_not_used_for_a_project(self, pool: SinkPool) -> None:
        came = await pool.send(Sink("snk_1", "mine", "sync", "proj_1"), make_alert())

        assert came.error == "plugin alerts.mine: sinks of the type sync cannot be made over the API"

    async def test_a_check_that_fails_says_why(self, pool: SinkPool) -> None:
        with pytest.raises(PluginError, match=r"plugin alerts.mine: OSError: no pulse"):
            await pool.check(odd("not well"))
