"""A server whose storage is S3: the way of a recording through it."""

from retrospec.core.clock import ago
from retrospec.sessions.models import Session, StoredObject
from tests.client import RECORDING, Client, MakeClient, eventually, marker
from tests.s3server import S3Bucket


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
