"""What the apprise sink does beyond the suite of its family: several services, threads that hang, and its silence."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from retrospec.batteries import BATTERIES
from retrospec.core.errors import PluginError
from retrospec.plugin import AlertSink, NotDelivered, Receipt
from retrospec.plugin.manager import PluginHost
from retrospec.plugin.testing.alerts import ISSUE_URL, make_alert, make_digest
from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec_plugins import alert_apprise
from retrospec_plugins.alert_apprise import AppriseSettings, AppriseSink

# Apprise itself asks for a module that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
async def receivers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Receiver]]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    async with AsyncExitStack() as held:
        yield [await held.enter_async_context(Receiver()) for _ in range(2)]


def apprise(*receivers: Receiver, **settings: Any) -> AppriseSink:
    urls = [f"json://127.0.0.1:{receiver.port}/token-in-the-path" for receiver in receivers]
    return AppriseSink(AppriseSettings.model_validate({"urls": urls, **settings}))


def made(**section: Any) -> AlertSink:
    return PluginHost(BATTERIES).make(AlertSink, "apprise", section, setting="ALERT_SINKS")


async def test_a_service_gets_a_title_and_a_text(receivers: list[Receiver]) -> None:
    async with apprise(receivers[0]) as sink:
        assert await sink.check() == "tells 1 by Apprise"
        assert await sink.send(replace(make_alert(), issue_url=ISSUE_URL)) == Receipt(answer="taken by 1")
        await sink.send(make_digest(held_back=37))

    issue, digest = [request.json() for request in receivers[0].requests]
    assert issue["title"] == "New issue: POST /api/orders answered 500 (3 sessions, 2 users)"
    assert issue["message"].startswith("POST /api/orders answered 500\n\nSessions: 3\n")
    assert issue["message"].endswith(f"Look at the issue: {ISSUE_URL}")
    assert digest["title"].startswith("Alerts held back: 37 alerts between")
    assert "1. first (90 sessions, 2 users)" in digest["message"]


async def test_another_attempt_goes_to_those_that_did_not_take_it(receivers: list[Receiver]) -> None:
    good, bad = receivers
    bad.answer(Answer(503))
    async with apprise(good, bad) as sink:
        with pytest.raises(NotDelivered, match="1 of 2 did not take it") as refused:
            await sink.send(make_alert("alr_1"))
        assert await sink.send(make_alert("alr_1")) == Receipt(answer="taken by 2")
        # Sent again by hand it goes to all.
        await sink.send(make_alert("alr_1"))

    assert (len(good.requests), len(bad.requests)) == (2, 3)
    assert refused.value.answer.startswith("number 2: ")
    assert "503" in refused.value.answer
    assert "token-in-the-path" not in refused.value.answer


async def test_what_hangs_is_given_up_and_takes_no_more_threads_than_it_may(
    receivers: list[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_apprise, "AT_ONCE", 2)
    silent, good = receivers
    silent.otherwise = Answer(delay_seconds=60)
    async with apprise(silent, timeout_seconds=0.2) as hanging, apprise(good) as other:
        outcomes = await asyncio.gather(
            *(hanging.send(make_alert(f"alr_{number}")) for number in range(5)), return_exceptions=True
        )
        await other.send(make_alert())

    assert [getattr(outcome, "answer", None) for outcome in outcomes] == ["number 1: no answer within 0.2 s"] * 5
    assert len(silent.requests) <= 2
    assert len(good.requests) == 1


async def test_a_thread_that_ended_late_is_free_for_the_next(
    receivers: list[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_apprise, "AT_ONCE", 1)
    receiver = receivers[0]
    receiver.answer(Answer(delay_seconds=0.5))
    async with apprise(receiver, timeout_seconds=0.1) as hasty:
        with pytest.raises(NotDelivered):
            await hasty.send(make_alert("alr_1"))
        hasty._timeout = 10
        await hasty.send(make_alert("alr_2"))

    assert len(receiver.requests) == 2


async def test_it_is_silent_about_its_addresses_and_about_nothing_else(
    receivers: list[Receiver], caplog: pytest.LogCaptureFixture
) -> None:
    receivers[0].otherwise = Answer(500)
    log = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.DEBUG):
        async with apprise(receivers[0]) as sink:
            with pytest.raises(NotDelivered):
                await sink.send(make_alert())
            log.debug("of another client")
        log.debug("after token-in-the-path was closed")

    assert "of another client" in caplog.text
    assert [line for line in caplog.text.splitlines() if "token-in-the-path" in line] == [
        line for line in caplog.text.splitlines() if "was closed" in line
    ]


def test_without_the_library_only_who_chooses_the_sink_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    host = PluginHost(BATTERIES)

    assert [record.error for record in host.records if record.error] == []
    with pytest.raises(PluginError, match=r"alerts\.apprise: .*pip install retrospec\[apprise\]"):
        host.make(AlertSink, "apprise", {"urls": ["json://127.0.0.1"]}, setting="ALERT_SINKS")


def test_an_address_that_is_none_is_told_by_its_place(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(PluginError, match="urls: number 2 is no address") as refused:
        made(urls=["json://127.0.0.1", "nothing://token-in-the-path"])

    assert "token-in-the-path" not in str(refused.value) + caplog.text


@pytest.mark.parametrize("section", [{}, {"urls": []}, {"urls": "json://in-the-input"}, {"urls": [1]}, {"url": "x"}])
def test_settings_that_cannot_be_used_are_named_and_not_shown(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="urls") as refused:
        AppriseSettings.model_validate(section)

    assert "in-the-input" not in str(refused.value)


def test_no_project_may_make_one_because_apprise_connects_by_itself() -> None:
    assert not AppriseSink.guarded
