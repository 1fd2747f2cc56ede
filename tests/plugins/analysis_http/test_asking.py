"""How a model is asked, what of its answers is taken, and what happens instead."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from retrospec.plugin import RetryAfter
from retrospec.plugin.testing.receiver import Answer, Receiver
from retrospec_plugins.analysis_http import HttpAnalyzer, ModelFailed
from retrospec_plugins.analysis_http.settings import HttpSettings
from tests.plugins.analysis_http import FINDINGS, REPORT, chat, report
from tests.plugins.analysis_http.test_sample import failing_visit

KEY = "sk-a-key-of-the-test"


@pytest.fixture
async def model() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        receiver.otherwise = Answer(body=REPORT)
        yield receiver


def asking(receiver: Receiver, /, **given: Any) -> HttpAnalyzer:
    settings = {"url": f"{receiver.url}/analyse", "fallback": "none", "api_key": KEY, "timeout_seconds": 5, **given}
    return HttpAnalyzer(HttpSettings(**settings))


async def test_the_plain_contract_is_the_sample_out_and_the_report_back(model: Receiver) -> None:
    async with asking(model) as http:
        found = await http.analyze(failing_visit().request())

    (request,) = model.requests
    assert (request.method, request.target) == ("POST", "/analyse")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.json()["schemaVersion"] == "retrospec.analysis.v1"
    assert request.json()["markers"][0]["label"] == "POST /api/orders -> 500"
    assert (found.symptom, found.confidence) == (FINDINGS["symptom"], 0.8)
    assert found.technical_root_cause == FINDINGS["technicalRootCause"]


async def test_a_chat_api_is_asked_for_the_schema_and_told_that_the_sample_is_no_instruction(model: Receiver) -> None:
    model.otherwise = Answer(body=chat(REPORT.decode()))
    async with asking(model, protocol="openai", model="small", max_answer_tokens=900) as http:
        found = await http.analyze(failing_visit().request())

    sent = model.requests[0].json()
    assert (sent["model"], sent["max_completion_tokens"]) == ("small", 900)
    system, user = sent["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "instruction" in system["content"]
    assert json.loads(user["content"])["schemaVersion"] == "retrospec.analysis.v1"
    wanted = sent["response_format"]["json_schema"]
    assert (sent["response_format"]["type"], wanted["strict"]) == ("json_schema", True)
    assert set(wanted["schema"]["required"]) == set(wanted["schema"]["properties"]) == set(FINDINGS)
    assert wanted["schema"]["additionalProperties"] is False
    assert found.symptom == FINDINGS["symptom"]


BAD_REPORTS: dict[str, bytes] = {
    "no JSON": b"The order failed.",
    "fenced": b"```json\n" + REPORT + b"\n```",
    "no object": b"[]",
    "a field missing": report(suggestedFix=None),
    "a field too many": report(severity="high"),
    "a text that is a number": report(symptom=5),
    "an empty symptom": report(symptom=""),
    "a blank cause": report(technicalRootCause=" \n"),
    "confidence as text": report(confidence="0.8"),
    "confidence as truth": report(confidence=True),
    "confidence above one": report(confidence=1.2),
    "confidence that is none": report().replace(b"0.8", b"NaN"),
    "another version": report(schemaVersion="retrospec.analysis.v2"),
    "a symptom without end": report(symptom="x" * 501),
    "half a character": report().replace(b"The order", b"\xff\xfe"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", BAD_REPORTS)
async def test_an_answer_that_is_no_report_to_the_letter_is_refused(model: Receiver, name: str) -> None:
    model.otherwise = Answer(body=BAD_REPORTS[name])
    async with asking(model) as http:
        with pytest.raises(ModelFailed, match="the answer"):
            await http.analyze(failing_visit().request())


BAD_CHATS: dict[str, bytes] = {
    "a report without a chat around it": REPORT,
    "no choice": json.dumps({"choices": []}).encode(),
    "a refusal": chat(None, refusal="I cannot help with that"),
    "cut off": chat(REPORT.decode()[:40], finish="length"),
    "filtered": chat(REPORT.decode(), finish="content_filter"),
    "no content": chat(None),
    "another schema": chat('{"answer": 42}'),
}


@pytest.mark.parametrize("name", BAD_CHATS)
async def test_a_chat_that_holds_no_report_is_refused(model: Receiver, name: str) -> None:
    model.otherwise = Answer(body=BAD_CHATS[name])
    async with asking(model, protocol="openai", model="small") as http:
        with pytest.raises(ModelFailed, match=r"the (answer|model)"):
            await http.analyze(failing_visit().request())


ODD_ENDPOINTS: dict[str, Answer] = {
    "refuses": Answer(401, echo=True),
    "fails": Answer(500, echo=True),
    "redirects": Answer(307, {"Location": "/elsewhere"}),
    "hangs up": Answer(close_early=True),
    "hangs": Answer(delay_seconds=60),
    "drips": Answer(drips=True, pause_seconds=0.05),
    "answers without end": Answer(body=b"x" * 60_000, endless=True),
    "drips a body without end": Answer(body=b"x", endless=True, pause_seconds=0.05),
}


@pytest.mark.parametrize("name", ODD_ENDPOINTS)
async def test_an_endpoint_in_trouble_fails_in_time_and_tells_no_secret(
    model: Receiver, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    model.otherwise = ODD_ENDPOINTS[name]
    with caplog.at_level(logging.DEBUG):
        async with asking(model, timeout_seconds=0.5) as http:
            with pytest.raises(ModelFailed) as failed:
                async with asyncio.timeout(10):
                    await http.analyze(failing_visit().request())

    assert KEY not in f"{failed.value!r} {failed.value} {caplog.text} {http!r}"
    assert len(model.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_that_the_endpoint_asks_for_is_handed_on(model: Receiver, status: int) -> None:
    model.otherwise = Answer(status, {"Retry-After": "30"})
    async with asking(model) as http:
        with pytest.raises(RetryAfter) as refused:
            await http.analyze(failing_visit().request())

    assert refused.value.seconds == 30


@pytest.mark.parametrize("answer", [Answer(500), Answer(429, {"Retry-After": "30"}), Answer(body=b"no report")])
async def test_the_heuristic_explains_what_the_model_does_not(model: Receiver, answer: Answer) -> None:
    model.otherwise = answer
    async with asking(model, fallback="heuristic") as http:
        found = await http.analyze(failing_visit().request())

    assert "POST /api/orders" in found.technical_root_cause
    assert found.confidence > 0


async def test_a_project_that_has_used_up_its_day_costs_nothing_more_and_others_go_on(model: Receiver) -> None:
    request = failing_visit().request()
    async with asking(model, daily_requests_per_project=2) as http:
        reports = [await http.analyze(request) for _ in range(4)]

        assert len(model.requests) == 2
        assert [found.confidence for found in reports] == [0.8, 0.8, 0, 0]
        assert "used up" in reports[-1].symptom


async def test_with_a_fallback_that_project_gets_the_heuristics_report(model: Receiver) -> None:
    async with asking(model, daily_requests_per_project=1, fallback="heuristic") as http:
        reports = [await http.analyze(failing_visit().request()) for _ in range(2)]

    assert len(model.requests) == 1
    assert "POST /api/orders" in reports[1].technical_root_cause


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"url": "ftp://x"}, "http:// or https://"),
        ({"url": "https://me:secret-word@x/"}, "must hold no password"),
        ({"url": "https://x/", "protocol": "openai"}, "model: must be set"),
        ({"url": "https://x/", "api_key": "two\nlines-of-secret"}, "printable ASCII"),
        ({"url": "https://x/", "color": "red"}, "Extra inputs"),
        ({}, "Field required"),
    ],
)
def test_wrong_settings_are_named_without_what_is_secret_in_them(given: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as refused:
        HttpSettings(**given)

    assert "secret" not in str(refused.value)
