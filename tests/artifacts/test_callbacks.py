"""What replay workers report, and what stands after it."""

import asyncio
from typing import Any

import pytest

from retrospec.artifacts.models import SessionArtifact
from retrospec.sessions.models import StoredObject
from tests.client import Client, Json, MakeClient

PATH = "/v1/internal/replay-results"
TIMES = [f"2026-03-04T05:06:0{second}Z" for second in range(4)]


@pytest.fixture
async def worker(make_client: MakeClient) -> Client:
    """A server that leaves the jobs to workers elsewhere, with a session."""
    client = await make_client(embedded_worker=False)
    await client.ingest("s-1")
    return client


def result(**facts: Any) -> Json:
    return {
        "projectId": "proj_default",
        "sessionId": "s-1",
        "artifactKey": "replay-artifacts/s-1/analysis.json",
    } | facts


async def report(client: Client, **facts: Any) -> Json:
    answer: Json = (await client.internal(PATH, result(**facts), 202))["artifact"]
    return answer


async def test_a_result_becomes_an_artifact_of_its_session(worker: Client) -> None:
    windows = [{"startMs": 0, "endMs": 8900}, {"startMs": 5000, "endMs": 15000}]

    artifact = await report(
        worker, artifactType="replay_video", artifactKey="replay-artifacts/s-1/a.mp4", triggerKind="js_exception",
        generatedAt=TIMES[0], windows=windows,
    )  # fmt: skip

    assert artifact.pop("id").startswith("art_")
    assert artifact.pop("createdAt") == artifact.pop("updatedAt")
    assert artifact == {
        "projectId": "proj_default",
        "sessionId": "s-1",
        "artifactType": "replay_video",
        "artifactKey": "replay-artifacts/s-1/a.mp4",
        "triggerKind": "js_exception",
        "status": "ready",
        "generatedAt": TIMES[0],
        "windows": windows,
    }


@pytest.mark.parametrize("absent", ["missing", "null", "empty"])
async def test_what_is_left_out_has_a_default(worker: Client, absent: str) -> None:
    fields = ("artifactType", "triggerKind", "status")
    defaults: dict[str, Json] = {"missing": {}, "null": dict.fromkeys(fields), "empty": dict.fromkeys(fields, "")}

    artifact = await report(worker, **defaults[absent])

    assert [artifact[name] for name in fields] == ["analysis_json", "ui_no_effect", "ready"]
    assert artifact["windows"] == []
    assert artifact["generatedAt"] <= artifact["createdAt"]


async def test_unknown_types_and_states_are_kept_as_given(worker: Client) -> None:
    artifact = await report(worker, artifactType="heatmap", status="rendering", triggerKind="other", artifactKey="")

    assert [artifact[name] for name in ("artifactType", "status", "triggerKind")] == ["heatmap", "rendering", "other"]
    assert artifact["artifactKey"] == ""


async def test_windows_are_whole_milliseconds_and_do_not_begin_before_the_recording(worker: Client) -> None:
    artifact = await report(worker, windows=[{"startMs": -500.5, "endMs": 10.9}])

    assert artifact["windows"] == [{"startMs": 0, "endMs": 10}]


async def test_a_later_result_replaces_an_earlier_one_of_its_type(worker: Client) -> None:
    first = await report(worker, generatedAt=TIMES[0])
    other = await report(worker, generatedAt=TIMES[0], artifactType="replay_video")
    second = await report(worker, generatedAt=TIMES[1], artifactKey="replay-artifacts/s-1/b.json")

    assert (second["id"], second["createdAt"]) == (first["id"], first["createdAt"])
    assert second["artifactKey"] == "replay-artifacts/s-1/b.json"
    session = (await worker.get("/v1/sessions/s-1"))["session"]
    assert session["artifacts"] == [second, other]


async def test_an_older_result_changes_nothing_and_is_told_what_stands(worker: Client) -> None:
    stands = await report(worker, generatedAt=TIMES[2])

    assert await report(worker, generatedAt=TIMES[1], status="failed", artifactKey="") == stands
    assert (await worker.get("/v1/sessions/s-1"))["session"]["artifacts"] == [stands]


async def test_one_of_the_same_time_replaces_what_stands(worker: Client) -> None:
    await report(worker, generatedAt=TIMES[2])

    assert (await report(worker, generatedAt=TIMES[2], status="failed"))["status"] == "failed"


async def test_offsets_of_time_zones_are_compared_as_times(worker: Client) -> None:
    await report(worker, generatedAt="2026-03-04T06:00:00+01:00")

    assert (await report(worker, generatedAt="2026-03-04T05:30:00Z", status="x"))["status"] == "x"


async def test_results_at_the_same_moment_leave_one_row_with_the_newest(worker: Client) -> None:
    await asyncio.gather(*(report(worker, generatedAt=time, triggerKind=time[-3:]) for time in TIMES * 3))

    row = await SessionArtifact.get()
    assert row.trigger_kind == "03Z"


async def test_a_result_is_counted_once_however_often_it_comes(worker: Client) -> None:
    counters = worker.listening.server.runtime.counters
    counted: list[float] = []
    add = counters.add
    counters.add = lambda name, amount=1, **more: (  # type: ignore[method-assign]
        counted.append(amount) if name == "retrospec_replay_artifacts_total" else add(name, amount, **more)
    )

    for time in (TIMES[1], TIMES[1], TIMES[0], TIMES[2]):
        await report(worker, generatedAt=time)

    assert sum(counted) == 2


async def test_the_object_is_known_so_that_it_is_removed_with_its_session(worker: Client) -> None:
    await report(worker)

    row = await StoredObject.get(object_key="replay-artifacts/s-1/analysis.json")
    assert (row.project_id, row.session_id, row.kind, row.state) == ("proj_default", "s-1", "artifact", "ready")
    assert row.size_bytes == 0


async def test_naming_a_recording_does_not_make_an_artifact_of_it(worker: Client) -> None:
    key = await worker.upload("s-1")
    before = await StoredObject.get(object_key=key).values()

    await report(worker, artifactKey=key)

    assert await StoredObject.get(object_key=key).values() == before


BAD: dict[str, Json] = {
    "projectId": {"projectId": ""},
    "sessionId": {"sessionId": ""},
    "artifactKey must not be empty": {"artifactKey": ""},
    "artifactKey must": {"artifactKey": "replay-artifacts/../x"},
    "artifactKey must be": {"artifactKey": "/etc/passwd"},
    "artifactKey must be a": {"artifactKey": "a//b"},
    "artifactKey must be a relative": {"artifactKey": "a\\..\\b"},
    "artifactKey must be a relative key": {"artifactKey": "ä" * 600},
    "artifactKey lies": {"artifactKey": "session-events/proj_other/2026/03/04/x/s.json"},
    "artifactKey lies under": {"artifactKey": "session-events/proj_defaul/x.json"},
    "windows[1]": {"windows": [{"startMs": 0, "endMs": 1}, {"startMs": 5, "endMs": 4}]},
    "generatedAt": {"generatedAt": "1969-12-31T23:59:59Z"},
}
MALFORMED: list[Json] = [
    {"projectId": None}, {"sessionId": 5}, {"generatedAt": "yesterday"}, {"generatedAt": "2026-03-04T05:06:07"},
    {"generatedAt": ""}, {"generatedAt": 5}, {"windows": {}}, {"windows": [{"startMs": 1}]},
    {"windows": [{"startMs": 1, "endMs": 1e300}]}, {"windows": [{"startMs": "1", "endMs": 2}]},
    {"artifactType": "x" * 65}, {"status": "x" * 33}, {"triggerKind": "x" * 65}, {"artifactKey": "a\0"},
]  # fmt: skip


async def test_what_cannot_be_is_refused_with_the_field_and_changes_nothing(worker: Client) -> None:
    for said, facts in BAD.items():
        answer = await worker.internal(PATH, result(**facts), 400)
        assert answer["error"].startswith(said)
    for facts in MALFORMED:
        answer = await worker.internal(PATH, result(**facts), 400)
        assert answer["error"] == "invalid payload"

    assert await SessionArtifact.all().count() == 0
    assert await StoredObject.all().count() == 0


async def test_ids_that_are_missing_are_refused(worker: Client) -> None:
    await worker.internal(PATH, {"sessionId": "s-1", "artifactKey": "a"}, 400)
    await worker.internal(PATH, {"projectId": "proj_default", "artifactKey": "a"}, 400)


async def test_a_key_under_another_projects_artifacts_is_refused(worker: Client) -> None:
    other = (await worker.admin("POST", "/v1/admin/projects", json={"name": "O", "site": "o"}))["project"]["id"]

    answer = await worker.internal(PATH, result(artifactKey=f"replay-artifacts/{other}/s-1/a.json"), 400)

    assert answer["error"] == "artifactKey lies under another project's prefix"
    await report(worker, artifactKey="replay-artifacts/proj_default/s-1/a.json")


@pytest.mark.parametrize("facts", [{"sessionId": "none"}, {"projectId": "proj_none"}])
async def test_an_unknown_session_is_not_found(worker: Client, facts: Json) -> None:
    answer = await worker.internal(PATH, result(**facts), 404)

    assert answer["error"] == "session not found"


async def test_only_the_internal_key_may_report(worker: Client) -> None:
    assert (await worker.http.post(PATH, json=result())).status_code == 401
