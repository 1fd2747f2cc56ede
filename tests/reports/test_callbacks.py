"""What analysis workers report, and what stands after it."""

import asyncio
from typing import Any

import pytest

from retrospec.core.clock import now
from retrospec.core.db import Database, transaction
from retrospec.reports.cards import open_cards
from retrospec.reports.models import SessionReportCard
from tests.client import Client, Json, MakeClient, marker

PATH = "/v1/internal/analysis-reports"
TIMES = [f"2026-03-04T05:06:0{second}Z" for second in range(4)]
TEXTS: Json = {
    "symptom": "Checkout fails",
    "technicalRootCause": "The API answers 500",
    "suggestedFix": "Handle the missing cart",
    "textSummary": "Paid, saw an error.",
    "visualSummary": "A red box",
}


@pytest.fixture
async def worker(make_client: MakeClient) -> Client:
    """A server that leaves the jobs to workers elsewhere, with a session that waits for its analysis."""
    client = await make_client(embedded_worker=False)
    await client.recorded("s-1", marker())
    return client


def report(**facts: Any) -> Json:
    return {"projectId": "proj_default", "sessionId": "s-1", "status": "ready", "confidence": 0.8, **TEXTS} | facts


async def send(client: Client, **facts: Any) -> Json:
    answer: Json = (await client.internal(PATH, report(**facts), 202))["report"]
    return answer


async def card(client: Client) -> Json:
    shown: Json = (await client.get("/v1/sessions/s-1"))["session"]["reportCard"]
    return shown


async def test_a_session_with_a_recording_and_a_failure_waits_for_its_card(worker: Client) -> None:
    shown = await card(worker)

    assert (shown["status"], shown["confidence"], shown["symptom"]) == ("pending", 0, "")
    assert shown["id"].startswith("card_")


async def test_a_report_becomes_the_card_of_its_session(worker: Client) -> None:
    opened = await card(worker)

    answered = await send(worker, generatedAt=TIMES[0])

    assert await card(worker) == answered
    assert answered.pop("updatedAt") > opened["updatedAt"]
    assert answered == {
        "id": opened["id"],
        "projectId": "proj_default",
        "sessionId": "s-1",
        "status": "ready",
        "confidence": 0.8,
        "generatedAt": TIMES[0],
        "createdAt": opened["createdAt"],
        **TEXTS,
    }


async def test_a_later_flush_of_the_session_does_not_reset_a_finished_card(worker: Client) -> None:
    finished = await send(worker)

    answer = await worker.recorded("s-1", marker("m2"), durationMs=9000)

    assert answer["session"]["reportCard"] == finished == await card(worker)


async def test_a_session_without_a_card_gets_one_by_a_report(worker: Client) -> None:
    await worker.ingest("s-2")
    assert "reportCard" not in (await worker.get("/v1/sessions/s-2"))["session"]

    answered = await send(worker, sessionId="s-2")

    assert (await worker.get("/v1/sessions/s-2"))["session"]["reportCard"] == answered


async def test_an_unknown_status_counts_as_pending(worker: Client) -> None:
    sent: dict[str | None, str] = {"ready": "ready", "failed": "failed", "discarded": "discarded", "pending": "pending"}
    sent |= {"done": "pending", "": "pending", "READY": "pending", None: "pending"}

    shown = {status: (await send(worker, status=status))["status"] for status in sent}

    assert shown == sent


async def test_confidence_is_held_within_0_and_1(worker: Client) -> None:
    sent = {-5: 0, 1.5: 1, 0.25: 0.25, 1e300: 1}

    shown = {given: (await send(worker, confidence=given))["confidence"] for given in sent}

    assert shown == sent


async def test_what_is_left_out_is_empty(worker: Client) -> None:
    body = {"projectId": "proj_default", "sessionId": "s-1", "status": "ready", "confidence": None, "symptom": None}

    answered = (await worker.internal(PATH, body, 202))["report"]

    assert [answered[name] for name in TEXTS] == [""] * len(TEXTS)
    assert answered["confidence"] == 0


async def test_an_older_report_changes_nothing_and_is_told_what_stands(worker: Client) -> None:
    stands = await send(worker, generatedAt=TIMES[2])

    assert await send(worker, generatedAt=TIMES[1], symptom="Older") == stands == await card(worker)


async def test_one_of_the_same_time_replaces_what_stands(worker: Client) -> None:
    await send(worker, generatedAt=TIMES[2])

    assert (await send(worker, generatedAt=TIMES[2], symptom="Other"))["symptom"] == "Other"


async def test_reports_at_the_same_moment_leave_one_card_with_the_newest(worker: Client) -> None:
    await asyncio.gather(*(send(worker, generatedAt=time, symptom=time) for time in TIMES * 3))

    assert (await SessionReportCard.get()).symptom == TIMES[3]


async def test_a_report_is_counted_once_however_often_it_comes(worker: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    counters = worker.listening.server.runtime.counters
    counted: list[float] = []
    add = counters.add

    def watch(name: str, amount: float = 1, **labels: str) -> None:
        if name == "retrospec_analysis_reports_total":
            counted.append(amount)
        add(name, amount, **labels)

    monkeypatch.setattr(counters, "add", watch)

    for time in (TIMES[1], TIMES[1], TIMES[0], TIMES[2]):
        await send(worker, generatedAt=time)

    assert sum(counted) == 2


BAD: list[Json] = [
    {"projectId": ""}, {"sessionId": ""}, {"projectId": None}, {"sessionId": 1}, {"confidence": "high"},
    {"symptom": 5}, {"status": []}, {"generatedAt": "now"}, {"generatedAt": "2026-03-04"},
    {"generatedAt": "9999-12-31T00:00:00Z"}, {"textSummary": "a\0b"},
]  # fmt: skip


async def test_what_cannot_be_is_refused_and_changes_nothing(worker: Client) -> None:
    before = await card(worker)

    for facts in BAD:
        await worker.internal(PATH, report(**facts), 400)
    await worker.internal(PATH, {"status": "ready"}, 400)

    assert await card(worker) == before


@pytest.mark.parametrize("facts", [{"sessionId": "none"}, {"projectId": "proj_none"}])
async def test_an_unknown_session_is_not_found(worker: Client, facts: Json) -> None:
    assert (await worker.internal(PATH, report(**facts), 404))["error"] == "session not found"


async def test_only_the_internal_key_may_report(worker: Client) -> None:
    assert (await worker.http.post(PATH, json=report())).status_code == 401


async def test_a_card_is_opened_once_and_never_reset(database: Database) -> None:
    refs = [("p1", "s"), ("p2", "s")]
    async with transaction() as db:
        await open_cards(db, refs[:1], now())
    await SessionReportCard.all().update(status="ready")
    async with transaction() as db:
        await open_cards(db, refs, now())
        await open_cards(db, [], now())

    cards = await SessionReportCard.all().order_by("project_id")
    assert [(row.project_id, row.status) for row in cards] == [("p1", "ready"), ("p2", "pending")]
