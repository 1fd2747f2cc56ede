"""Replay jobs, run as the worker runs them."""

import json
from collections.abc import AsyncIterable, AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from retrospec.artifacts.jobs import ReplayJobHandler, windows_around
from retrospec.artifacts.models import SessionArtifact
from retrospec.artifacts.schemas import Window
from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.core.errors import Unavailable
from retrospec.jobs.handler import JobContext, Unprocessable
from retrospec.jobs.schemas import ReplayJob, encode_job
from retrospec.plugin import StorageUnavailable
from retrospec.sessions.models import Session, StoredObject
from retrospec_plugins.storage_local import LocalSettings, LocalStorage

KEY = "replay-artifacts/proj_default/s-1/analysis.json"
EVENTS = "session-events/proj_default/2026/03/04/x/s-1.json"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[LocalStorage]:
    async with LocalStorage(LocalSettings(root=tmp_path / "objects")) as storage:
        yield storage


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
async def handler(database: Database, storage: LocalStorage, counters: Counters) -> ReplayJobHandler:
    moment = now()
    await Session.create(
        project_id="proj_default", session_id="s-1", site="x", route="/", started_at=moment, duration_ms=1,
        events_object_key=EVENTS, created_at=moment, updated_at=moment,
    )  # fmt: skip
    return ReplayJobHandler(storage, counters)


def job(*, held: bool = True, **facts: Any) -> JobContext:
    async def still_held() -> bool:
        return held

    wanted: dict[str, Any] = {
        "project_id": "proj_default", "session_id": "s-1", "events_object_key": EVENTS,
        "marker_offsets_ms": [900, 12_000], "trigger_kind": "api_error",
    }  # fmt: skip
    return JobContext("job-1", "replay-jobs", encode_job(ReplayJob(**(wanted | facts))), 0, still_held)


async def written(storage: LocalStorage) -> Any:
    return json.loads(b"".join([piece async for piece in (await storage.get(KEY)).chunks]))


def test_windows_begin_two_seconds_before_and_end_eight_after() -> None:
    assert windows_around([0, 900, 12_000]) == [Window(0, 8000), Window(0, 8900), Window(10_000, 20_000)]


async def test_a_job_writes_the_analysis_and_its_artifact(
    handler: ReplayJobHandler, storage: LocalStorage, counters: Counters
) -> None:
    before = now()

    await handler(job())

    document = await written(storage)
    artifact = await SessionArtifact.get()
    generated = document.pop("generatedAt")
    assert document == {
        "version": 1,
        "projectId": "proj_default",
        "sessionId": "s-1",
        "sourceEventsObjectKey": EVENTS,
        "markerWindows": [{"startMs": 0, "endMs": 8900}, {"startMs": 10_000, "endMs": 20_000}],
        "triggerKind": "api_error",
        "replayVideoObjectKey": "",
        "renderStatus": "skipped",
        "renderError": "",
    }
    assert datetime.fromisoformat(generated) == artifact.generated_at >= before
    assert generated.endswith("Z")
    assert (artifact.artifact_type, artifact.artifact_key, artifact.status) == ("analysis_json", KEY, "ready")
    assert (artifact.trigger_kind, artifact.windows) == ("api_error", document["markerWindows"])
    row = await StoredObject.get(object_key=KEY)
    assert (row.kind, row.state, row.session_id) == ("artifact", "ready", "s-1")
    assert row.size_bytes == (await storage.stat(KEY)).size
    assert counters.drain() == {("retrospec_replay_artifacts_total", ()): 1}


async def test_a_job_that_comes_twice_leaves_one_artifact(handler: ReplayJobHandler) -> None:
    await handler(job())
    first = await SessionArtifact.get()
    await handler(job(marker_offsets_ms=[5000]))

    again = await SessionArtifact.get()
    assert again.id == first.id
    assert again.windows == [{"startMs": 3000, "endMs": 13_000}]
    assert await StoredObject.all().count() == 1


async def test_a_job_that_was_given_to_another_worker_writes_nothing(handler: ReplayJobHandler) -> None:
    await handler(job(held=False))

    assert await SessionArtifact.all().count() == await StoredObject.all().count() == 0


async def test_a_session_that_was_removed_needs_no_artifact(handler: ReplayJobHandler) -> None:
    await handler(job(session_id="gone"))

    assert await SessionArtifact.all().count() == await StoredObject.all().count() == 0


async def test_a_session_removed_meanwhile_leaves_an_object_that_the_cleanup_knows(
    handler: ReplayJobHandler, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = storage.put

    async def remove_and_put(key: str, content: AsyncIterable[bytes], *, content_type: str) -> int:
        await Session.all().delete()
        return await put(key, content, content_type=content_type)

    monkeypatch.setattr(storage, "put", remove_and_put)

    await handler(job())

    assert await SessionArtifact.all().count() == 0
    assert [row.state for row in await StoredObject.all()] == ["ready"]


async def test_an_object_that_a_removal_has_overtaken_and_forgotten_is_known_again(
    handler: ReplayJobHandler, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = storage.put

    async def remove_and_put(key: str, content: AsyncIterable[bytes], *, content_type: str) -> int:
        for table in (Session, StoredObject):
            await table.all().delete()
        return await put(key, content, content_type=content_type)

    monkeypatch.setattr(storage, "put", remove_and_put)

    with pytest.raises(Unavailable):
        await handler(job())
    await handler(job())

    assert [row.state for row in await StoredObject.all()] == ["deleting"]


async def test_while_the_storage_is_down_the_job_is_to_be_tried_again(
    handler: ReplayJobHandler, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put(*_: object, **__: object) -> int:
        raise StorageUnavailable

    monkeypatch.setattr(storage, "put", put)

    with pytest.raises(StorageUnavailable):
        await handler(job())
    assert await SessionArtifact.all().count() == 0


async def test_a_newer_artifact_of_another_worker_stands_and_the_object_stays_known(handler: ReplayJobHandler) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    await handler(job())
    await SessionArtifact.all().update(generated_at=later)

    await handler(job(trigger_kind="js_exception"))

    artifact = await SessionArtifact.get()
    assert (artifact.trigger_kind, artifact.generated_at) == ("api_error", later)
    assert (await StoredObject.get()).state == "ready"


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"projectId":"p"}'])
async def test_a_payload_that_is_no_job_is_unprocessable(handler: ReplayJobHandler, payload: str) -> None:
    context = job()

    with pytest.raises(Unprocessable):
        await handler(JobContext(context.id, context.queue, payload, 0, context.still_held))
