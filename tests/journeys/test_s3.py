"""A server whose storage is S3: the way of a recording through it, and what happens while S3 is away."""

from collections.abc import AsyncIterator

import pytest

from retrospec.core.clock import ago
from retrospec.sessions.models import Session, StoredObject
from tests.client import RECORDING, Client, MakeClient, eventually, marker
from tests.faulty_proxy import Fault, FaultyProxy
from tests.s3server import S3Bucket, S3Server

HASTY = {"s3_read_timeout_seconds": 0.4, "s3_timeout_seconds": 3, "s3_max_attempts": 2}


@pytest.fixture
async def proxy(s3_server: S3Server) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(s3_server.endpoint) as proxy:
        yield proxy


async def grow_old() -> None:
    """Let everything there is have come long ago."""
    await Session.all().update(created_at=ago(days=30))
    await StoredObject.all().update(created_at=ago(days=30))


async def artifact_of(client: Client, session_id: str) -> str:
    async def found() -> str:
        artifacts = (await client.get(f"/v1/sessions/{session_id}"))["session"]["artifacts"]
        return artifacts[0]["artifactKey"] if artifacts else ""

    key: str = await eventually(found)
    return key


async def test_a_recording_is_stored_read_worked_on_and_cleaned_up_without_a_trace(
    make_client: MakeClient, s3_bucket: S3Bucket
) -> None:
    client = await make_client(embedded_worker=True, **s3_bucket.server_settings())
    await client.recorded("s1", marker())

    read = await client.get("/v1/sessions/s1/events")
    assert [event["type"] for event in read["events"]] == [event["type"] for event in RECORDING]
    artifact = await artifact_of(client, "s1")
    assert s3_bucket.keys() == sorted([artifact, read["eventsObjectKey"]])
    shown = await client.http.get("/v1/sessions/s1/artifacts/analysis_json", headers={"Range": "bytes=0-9"})
    assert (shown.status_code, shown.content) == (206, s3_bucket.ask("GET", f"/{artifact}").content[:10])

    await grow_old()
    cleaned = await client.post("/v1/maintenance/cleanup")

    assert (cleaned["deletedEventObjects"], cleaned["deletedArtifactObjects"]) == (1, 1)
    assert s3_bucket.keys() == []


async def test_while_s3_is_away_uploads_are_asked_to_come_again_and_sessions_are_taken_in(
    make_client: MakeClient, s3_bucket: S3Bucket, proxy: FaultyProxy
) -> None:
    client = await make_client(**s3_bucket.server_settings(s3_endpoint=proxy.endpoint, **HASTY))
    await client.recorded("before", marker())
    proxy.break_with(Fault("", "answer", status=500))

    upload = await client.http.post(
        "/v1/artifacts/session-events", json={"sessionId": "s1", "site": "shop.example", "events": RECORDING}
    )
    events = await client.http.get("/v1/sessions/before/events")
    ingested = await client.ingest("during", marker("m2"))

    for answer in (upload, events):
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        assert s3_bucket.name not in answer.text
    assert ingested["queueError"] == ""
    assert (await client.http.get("/healthz")).status_code == 200
    assert (await client.http.get("/readyz")).status_code == 503

    proxy.heal()
    await client.upload("s1")
    assert (await client.get("/v1/sessions/before/events"))["sessionId"] == "before"


async def test_objects_that_could_not_be_deleted_are_deleted_by_the_next_cleanup(
    make_client: MakeClient, s3_bucket: S3Bucket, proxy: FaultyProxy
) -> None:
    client = await make_client(**s3_bucket.server_settings(s3_endpoint=proxy.endpoint, **HASTY))
    await client.recorded("s1", marker())
    await client.upload("its-session-never-came")
    await grow_old()

    proxy.break_with(Fault(r"\?delete", "answer", status=500))
    failed = await client.post("/v1/maintenance/cleanup")
    proxy.heal()
    again = await client.post("/v1/maintenance/cleanup")

    assert (failed["deletedEventObjects"], failed["failedEventObjectDelete"]) == (0, 2)
    assert (again["deletedEventObjects"], again["failedEventObjectDelete"]) == (2, 0)
    assert s3_bucket.keys() == []
