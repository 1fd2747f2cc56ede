"""Sending the demo to a server that answers as the contract says."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from retrospec.demo import DemoError, find_issue, next_steps, read_recordings, send_demo, wait_for_reports

BASE = "http://127.0.0.1:8080"
NOW = datetime(2026, 3, 4, 10, 20, 30, tzinfo=UTC)
WITH_MARKERS = sum(1 for recording in read_recordings() if recording.markers)


class FakeServer:
    """Keeps what was uploaded; a hook may answer instead, to refuse or to delay."""

    def __init__(self) -> None:
        self.calls: list[httpx.Request] = []
        self.uploads: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.instead: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        if (other := self.instead(request)) is not None:
            return other
        if request.method == "GET" and request.url.path.startswith("/v1/sessions/"):
            return self._session(request.url.path.rpartition("/")[2])
        assert request.headers["Content-Encoding"] == "gzip"
        body = json.loads(gzip.decompress(request.content))
        if request.url.path == "/v1/artifacts/session-events":
            self.uploads[body["sessionId"]] = body
            return httpx.Response(201, json={"eventsObjectKey": f"session-events/p/{body['sessionId']}.json"})
        assert request.url.path == "/v1/ingest/session"
        self.sessions[body["session"]["id"]] = body
        return httpx.Response(202, json={"promotedCount": 1})

    def _session(self, session_id: str) -> httpx.Response:
        sent = self.sessions[session_id]
        card = {"reportCard": {"status": "ready"}} if sent["markers"] else {}
        return httpx.Response(200, json={"session": {**sent["session"], "markers": sent["markers"], **card}})


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
async def sent(server: FakeServer) -> FakeServer:
    await send_demo(BASE, now=NOW, transport=server.transport)
    server.calls.clear()
    return server


def refuse_once(status: int, headers: dict[str, str]) -> Callable[[httpx.Request], httpx.Response | None]:
    answers = iter([httpx.Response(status, headers=headers, json={"error": "not now"})])
    return lambda _: next(answers, None)


async def test_every_recording_is_uploaded_and_ingested_under_the_key_that_the_upload_gave(server: FakeServer) -> None:
    report = await send_demo(BASE, now=NOW, transport=server.transport)
    recordings = tuple(read_recordings())
    assert report.session_ids == tuple(recording.session["id"] for recording in recordings)
    assert (report.sessions, report.promoted) == (len(recordings), len(recordings))
    assert report.markers == sum(len(recording.markers) for recording in recordings)
    for session_id, body in server.sessions.items():
        assert body["session"]["eventsObjectKey"] == f"session-events/p/{session_id}.json"


async def test_the_visits_happened_within_the_last_hours_and_events_agree_with_sessions(sent: FakeServer) -> None:
    for session_id, body in sent.sessions.items():
        started = datetime.fromisoformat(body["session"]["startedAt"])
        assert 0 < (NOW - started).total_seconds() < 8 * 3600
        assert body["session"]["startedAt"].endswith("Z")
        assert sent.uploads[session_id]["events"][0]["timestamp"] == started.timestamp() * 1000


async def test_sending_again_within_the_hour_makes_the_very_same_requests(sent: FakeServer) -> None:
    sessions, uploads = dict(sent.sessions), dict(sent.uploads)
    await send_demo(BASE, now=NOW.replace(minute=59), transport=sent.transport)
    assert (sent.sessions, sent.uploads) == (sessions, uploads)


async def test_sending_again_the_next_day_uses_the_same_ids(sent: FakeServer) -> None:
    sessions = set(sent.sessions)
    await send_demo(BASE, now=NOW.replace(day=5), transport=sent.transport)
    assert set(sent.sessions) == sessions


async def test_the_key_goes_along_in_its_header(server: FakeServer) -> None:
    await send_demo(BASE, "rpk_secret", now=NOW, transport=server.transport)
    assert {call.headers.get("X-Retrospec-Key") for call in server.calls} == {"rpk_secret"}


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_to_wait_is_asked_again(server: FakeServer, status: int) -> None:
    server.instead = refuse_once(status, {"Retry-After": "0"})
    report = await send_demo(BASE, now=NOW, transport=server.transport)
    assert len(server.calls) == 2 * report.sessions + 1
    assert len(server.sessions) == report.sessions


async def test_the_pause_is_as_long_as_the_server_asked(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("retrospec.demo.client.asyncio.sleep", note)
    server.instead = refuse_once(429, {"Retry-After": "7"})
    await send_demo(BASE, now=NOW, transport=server.transport)
    assert pauses == [7.0]


async def test_a_server_that_never_stops_asking_to_wait_ends_in_an_error(server: FakeServer) -> None:
    server.instead = lambda _: httpx.Response(429, headers={"Retry-After": "0"}, json={"error": "rate limited"})
    with pytest.raises(DemoError, match="answered 429: rate limited"):
        await send_demo(BASE, now=NOW, transport=server.transport)
    assert len(server.calls) == 10


async def test_a_refusal_names_the_call_the_status_and_the_servers_words_but_not_the_key(server: FakeServer) -> None:
    server.instead = lambda _: httpx.Response(400, json={"error": "invalid payload", "detail": "$.site: expected text"})
    with pytest.raises(DemoError) as refused:
        await send_demo(BASE, "rpk_secret", now=NOW, transport=server.transport)
    words = "POST /v1/artifacts/session-events answered 400: invalid payload: $.site: expected text"
    assert str(refused.value) == words
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [200, 502])
async def test_something_that_is_not_our_server_is_named_as_such(server: FakeServer, status: int) -> None:
    server.instead = lambda _: httpx.Response(status, text="<html>hello</html>")
    with pytest.raises(DemoError, match=f"answered {status}: this does not look like a Retrospec server"):
        await send_demo(BASE, now=NOW, transport=server.transport)


async def test_a_server_that_is_not_there_is_named_with_its_address() -> None:
    with pytest.raises(DemoError, match=r"cannot reach http://127\.0\.0\.1:9"):
        await send_demo("http://127.0.0.1:9", now=NOW)


async def test_waiting_ends_when_every_session_with_markers_has_a_finished_card(sent: FakeServer) -> None:
    assert await wait_for_reports(BASE, None, tuple(sent.sessions), 5, transport=sent.transport) == WITH_MARKERS
    assert len(sent.calls) == len(sent.sessions)


async def test_a_pending_card_is_asked_for_again(sent: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrospec.demo.sender.POLL_S", 0)
    pending = {"session": {"markers": [{}], "reportCard": {"status": "pending"}}}
    answers = iter([httpx.Response(200, json=pending)])
    sent.instead = lambda _: next(answers, None)
    assert await wait_for_reports(BASE, None, tuple(sent.sessions), 5, transport=sent.transport) == WITH_MARKERS
    assert len(sent.calls) == len(sent.sessions) + 1


async def test_waiting_gives_up_after_its_time_and_tells_how_many_were_finished(sent: FakeServer) -> None:
    one = next(session_id for session_id, body in sent.sessions.items() if body["markers"])
    pending = {"session": {"markers": [{}], "reportCard": {"status": "pending"}}}
    sent.instead = lambda call: None if call.url.path.endswith(one) else httpx.Response(200, json=pending)
    assert await wait_for_reports(BASE, None, tuple(sent.sessions), 0.2, transport=sent.transport) == 1


async def test_the_issue_to_show_is_the_one_that_most_sessions_hit(server: FakeServer) -> None:
    issues = [{"key": "a:1", "sessionCount": 3}, {"key": "b:2", "sessionCount": 5}]
    server.instead = lambda _: httpx.Response(200, json={"issues": issues})
    assert await find_issue(BASE, transport=server.transport) == "b:2"
    issues.clear()
    assert await find_issue(BASE, transport=server.transport) is None


def test_the_next_steps_name_every_thing_to_look_at_and_never_the_key() -> None:
    text = next_steps(BASE + "/", "rpk_secret", cluster_key="api_error:12ab")
    session = "/v1/sessions/demo-03-farid-express"
    found = re.findall(rf"{BASE}([^\s']*)", text)
    assert found == [
        "/v1/issues",
        "/v1/issues/api_error%3A12ab/sessions",
        session,
        f"{session}/events",
        f"{session}/artifacts/analysis_json",
        "/metrics",
        "/docs",
    ]
    assert "rpk_secret" not in text
    assert '-H "X-Retrospec-Key: $RETROSPEC_KEY"' in text


def test_without_a_key_the_next_steps_are_plain_curl_lines() -> None:
    assert "X-Retrospec-Key" not in next_steps(BASE)
    assert f"curl -s '{BASE}/v1/issues'" in next_steps(BASE)
