"""Observers hear of what has happened, and cannot get in its way."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from retrospec.core.counters import Counters
from retrospec.plugin import IssueStateChanged, SessionIngested
from retrospec.plugin.breaker import Breaker
from retrospec.plugin.faults import Faults
from retrospec.plugin.observers import QUEUE_SIZE, Observer, Observers
from tests.client import MakeClient, eventually, marker

AT = datetime(2026, 11, 26, tzinfo=UTC)
LISTENING = """
    import dataclasses, json, threading
    from retrospec.plugin import hookimpl

    def heard(event):
        told = {"event": type(event).__name__, "thread": threading.current_thread().name, **dataclasses.asdict(event)}
        with open(%r, "a") as file:
            file.write(json.dumps(told, default=str) + "\\n")

    @hookimpl
    def retrospec_session_ingested(event):
        heard(event)

    @hookimpl
    def retrospec_issue_promoted(event):
        heard(event)

    @hookimpl
    def retrospec_issue_state_changed(event):
        heard(event)
"""


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """The file in which the listening plugin writes down what it hears."""
    return tmp_path / "heard.jsonl"


async def told(heard: Path, count: int) -> list[Any]:
    """What it has heard, once that are so many events."""

    async def enough() -> list[Any]:
        lines = heard.read_text().splitlines() if heard.exists() else []
        return [json.loads(line) for line in lines] if len(lines) >= count else []

    events: list[Any] = await eventually(enough)
    assert len(events) == count, events
    return events


async def test_it_hears_of_sessions_and_issues_in_their_order_in_a_thread_of_its_own(
    serve_with: MakeClient, heard: Path
) -> None:
    client = await serve_with(LISTENING % str(heard))
    key = await client.issue(sessions=2, label="POST /api/pay -> 500")
    events = await told(heard, 3)

    assert [one["event"] for one in events] == ["SessionIngested", "SessionIngested", "IssuePromoted"]
    assert {one["thread"] for one in events} == {"plugin odd hooks"}
    first, second, issue = events
    assert (first["session_id"], first["is_new"], first["marker_count"]) == ("POST.api.pay.500-0", True, 1)
    assert (second["cluster_keys"], second["promoted"], second["project_id"]) == ([key], 1, "proj_default")
    assert (issue["cluster_key"], issue["session_count"], issue["trigger"]) == (key, 2, "ingest_auto_promote")


async def test_it_hears_each_change_of_state_with_its_reason(serve_with: MakeClient, heard: Path) -> None:
    client = await serve_with(LISTENING % str(heard))
    key = await client.issue(sessions=2)
    await client.post(f"/v1/issues/{key}/state", {"state": "resolved", "assignee": "anna"})
    await client.post(f"/v1/issues/{key}/state", {"state": "resolved"})
    await client.ingest("again", marker())
    await client.post(f"/v1/issues/{key}/state", {"state": "muted", "mutedSessions": 1})
    await client.ingest("and again", marker(), id="and-again")

    changes = [one for one in await told(heard, 9) if one["event"] == "IssueStateChanged"]

    assert [(one["former"], one["state"], one["reason"]) for one in changes] == [
        ("open", "resolved", "set"),
        ("resolved", "open", "regressed"),
        ("open", "muted", "set"),
        ("muted", "open", "mute_ended"),
    ]
    assert changes[0]["assignee"] == "anna"


async def test_it_hears_of_issues_that_were_promoted_on_request_once(serve_with: MakeClient, heard: Path) -> None:
    client = await serve_with(LISTENING % str(heard), auto_promote_on_ingest=False)
    await client.issue(sessions=2)
    await client.post("/v1/issues/promote")
    await client.ingest("one-more", marker())
    await client.post("/v1/issues/promote")

    events = await told(heard, 4)

    assert Counter(one["event"] for one in events) == {"SessionIngested": 3, "IssuePromoted": 1}
    assert [one["trigger"] for one in events if one["event"] == "IssuePromoted"] == ["manual_promote"]


HARMFUL = {
    "raises": "raise RuntimeError('no luck')",
    "exits": "raise SystemExit(3)",
    "hangs": "threading.Event().wait(3)",
    "takes_something_else": "return event.nothing_of_the_kind",
}


@pytest.mark.parametrize("harm", HARMFUL)
async def test_one_that_fails_fails_no_ingest_and_is_counted(serve_with: MakeClient, harm: str) -> None:
    client = await serve_with(
        f"""
        import threading
        from retrospec.plugin import hookimpl

        @hookimpl
        def retrospec_session_ingested(event):
            {HARMFUL[harm]}
        """,
        plugin_timeout_seconds=0.1,
    )
    await client.issue(sessions=2)

    async def counted() -> bool:
        metrics = (await client.http.get("/metrics")).text
        return 'retrospec_plugin_errors_total{family="observer",plugin="odd"}' in metrics

    assert await eventually(counted)


async def test_a_hook_may_leave_out_its_argument(serve_with: MakeClient, tmp_path: Path) -> None:
    client = await serve_with(
        f"""
        from pathlib import Path
        from retrospec.plugin import hookimpl

        @hookimpl
        def retrospec_issue_promoted():
            Path({str(tmp_path / "promoted")!r}).touch()
        """
    )
    await client.issue(sessions=2)

    async def touched() -> bool:
        return (tmp_path / "promoted").exists()

    assert await eventually(touched)


class TestObserver:
    """One observer, with a clock that the test moves."""

    @pytest.fixture
    def counters(self) -> Counters:
        return Counters()

    async def test_what_does_not_fit_into_its_queue_is_dropped_and_counted(self, counters: Counters) -> None:
        observer = Observer("odd", {SessionIngested: lambda event: None}, Faults(counters), Breaker())
        for _ in range(QUEUE_SIZE + 3):
            observer.take(event())
        assert counted(counters, "retrospec_plugin_events_dropped_total", plugin="odd", reason="queue_full") == 3
        await observer.stop()

    async def test_it_is_left_alone_after_five_failures_and_heard_again_once_it_works(self, counters: Counters) -> None:
        time, works, seen = [0.0], [False], []

        def hook(event: SessionIngested) -> None:
            seen.append(event)
            if not works[0]:
                raise RuntimeError("no luck")

        breaker = Breaker(pause=30, clock=lambda: time[0])
        observer = Observer("odd", {SessionIngested: hook}, Faults(counters), breaker)

        async def tell(count: int) -> None:
            for _ in range(count):
                observer.take(event())
            while not observer.idle:
                await observer.visit(5)

        await tell(7)
        assert (len(seen), breaker.state) == (5, "open")
        time[0] = 31
        await tell(1)
        assert (len(seen), breaker.state) == (6, "open")
        works[0], time[0] = True, 62
        await tell(3)
        assert (len(seen), breaker.state) == (9, "closed")

        totals = counters.drain()
        errors = ("retrospec_plugin_errors_total", (("family", "observer"), ("plugin", "odd")))
        dropped = ("retrospec_plugin_events_dropped_total", (("plugin", "odd"), ("reason", "left_alone")))
        opened = ("retrospec_plugin_breaker_opened_total", (("family", "observer"), ("plugin", "odd")))
        assert (totals[errors], totals[dropped], totals[opened]) == (6, 2, 1)
        await observer.stop()

    async def test_what_waits_at_the_end_is_told_if_there_is_time(self, counters: Counters) -> None:
        seen: list[SessionIngested] = []

        def hook(event: SessionIngested) -> None:
            seen.append(event)

        observers = Observers([Observer("odd", {SessionIngested: hook}, Faults(counters), Breaker())])
        assert observers.wants(SessionIngested)
        assert not observers.wants(IssueStateChanged)
        observers.start()
        for _ in range(3):
            observers.tell(event())
        await observers.stop(5)
        assert len(seen) == 3


def event() -> SessionIngested:
    return SessionIngested("proj", "s", "shop", "/", True, False, 0, (), 0, AT)


def counted(counters: Counters, name: str, **labels: str) -> float:
    return counters.drain()[name, tuple(sorted(labels.items()))]
