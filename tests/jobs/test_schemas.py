"""Jobs on the wire: the fields that workers written by others read."""

import json

import pytest

from retrospec.jobs.handler import Unprocessable
from retrospec.jobs.schemas import (
    AnalysisJob,
    ReplayJob,
    decode_analysis_job,
    decode_replay_job,
    encode_job,
    job_object,
    trigger_kind,
)

REPLAY = {
    "projectId": "p1",
    "sessionId": "s1",
    "eventsObjectKey": "session-events/p1/2026/01/02/shop/s1.json",
    "markerOffsetsMs": [900, 1800],
    "triggerKind": "api_error",
}
ANALYSIS = {**REPLAY, "markerHints": ["Pay failed"], "route": "/checkout", "site": "shop.example"}


def test_a_replay_job_has_the_fields_of_the_contract() -> None:
    job = ReplayJob(
        project_id="p1",
        session_id="s1",
        events_object_key="session-events/p1/2026/01/02/shop/s1.json",
        marker_offsets_ms=[1800, 900],
        trigger_kind="api_error",
    )

    assert json.loads(encode_job(job)) == REPLAY
    assert decode_replay_job(encode_job(job)).marker_offsets_ms == [900, 1800]


def test_an_analysis_job_has_the_fields_of_the_contract() -> None:
    job = AnalysisJob(
        project_id="p1",
        session_id="s1",
        events_object_key="session-events/p1/2026/01/02/shop/s1.json",
        marker_offsets_ms=[900, 1800],
        trigger_kind="api_error",
        marker_hints=["Pay failed"],
        route="/checkout",
        site="shop.example",
    )

    assert json.loads(encode_job(job)) == ANALYSIS
    assert decode_analysis_job(encode_job(job)) == job


def test_hints_are_cut_to_240_characters() -> None:
    job = decode_analysis_job(json.dumps({**ANALYSIS, "markerHints": ["ü" * 241, "short"]}))

    assert json.loads(encode_job(job))["markerHints"] == ["ü" * 240, "short"]


def test_a_retried_job_says_its_attempt_and_fields_to_come_are_passed_over() -> None:
    job = decode_replay_job(json.dumps({**REPLAY, "attempt": 2, "priority": "high"}))

    assert json.loads(encode_job(job)) == {**REPLAY, "attempt": 2}


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({**REPLAY, "sessionId": ""}),
        json.dumps({**REPLAY, "markerOffsetsMs": ["soon"]}),
        json.dumps({key: value for key, value in REPLAY.items() if key != "projectId"}),
        json.dumps({**REPLAY, "x": 0})[:-2] + "[" * 100_000,
    ],
)
def test_what_is_no_job_is_unprocessable(payload: str) -> None:
    with pytest.raises(Unprocessable, match="not a job"):
        decode_replay_job(payload)
    with pytest.raises(Unprocessable, match="not a job"):
        decode_analysis_job(payload)


@pytest.mark.parametrize(
    ("payload", "job"), [('{"a": 1}', {"a": 1}), ("[1]", None), ("", None), ("{", None), ('{"a":' * 100_000, None)]
)
def test_a_payload_is_an_object_or_nothing(payload: str, job: object) -> None:
    assert job_object(payload) == job


@pytest.mark.parametrize(
    ("kinds", "strongest"),
    [
        ([], "ui_no_effect"),
        (["made_up"], "ui_no_effect"),
        (["ui_no_effect", "validation_failed"], "validation_failed"),
        (["api_error", "validation_failed"], "api_error"),
        (["api_error", "js_exception", "made_up"], "js_exception"),
    ],
)
def test_the_strongest_kind_triggers(kinds: list[str], strongest: str) -> None:
    assert trigger_kind(kinds) == strongest
