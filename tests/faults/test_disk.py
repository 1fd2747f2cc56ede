"""A disk that is full or gone: clients are told to come again, and nothing is half-written."""

import asyncio
import resource
from pathlib import Path

import httpx
import pytest

from retrospec.sessions.models import StoredObject
from tests.client import Client, MakeClient, eventually, marker
from tests.faults.processes import query, serving

UPLOAD, INGEST = "/v1/artifacts/session-events", "/v1/ingest/session"
LARGE = {"sessionId": "large", "site": "x", "events": [{"type": 5, "data": {"text": "x" * 3000}}] * 1500}
SMALL = {"sessionId": "small", "site": "x", "events": [{"type": 5, "data": {}}]}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def objects(client: Client) -> Path:
    """The folder of the storage."""
    return client.listening.server.runtime.settings.data_dir / "objects"


async def test_while_the_storage_is_gone_uploads_and_downloads_get_503(client: Client, objects: Path) -> None:
    await client.recorded("s1", marker())
    away = objects.rename(objects.with_name("unmounted"))

    answers = [await client.http.post(UPLOAD, json=SMALL), await client.http.get("/v1/sessions/s1/events")]
    ready = await client.http.get("/readyz")
    session = await client.ingest("s2", marker())

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(503, "storage_unavailable")] * 2
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert not any(str(objects) in answer.text for answer in answers)
    assert {check["name"]: check["ok"] for check in ready.json()["checks"]} == {
        "database": True,
        "migrations": True,
        "queue": True,
        "storage": False,
    }
    # Ingest does not need the storage.
    assert session["session"]["id"] == "s2"
    assert not objects.exists()

    away.rename(objects)
    assert await client.upload("small")
    assert (await client.get("/v1/sessions/s1/events"))["events"]


async def test_an_upload_that_fails_is_known_to_the_database_so_that_its_rest_goes_some_day(
    client: Client, objects: Path
) -> None:
    objects.rename(objects.with_name("unmounted"))

    await client.http.post(UPLOAD, json=SMALL)

    (noted,) = await StoredObject.filter(session_id="small")
    assert noted.state == "pending"


async def test_a_job_waits_for_a_storage_that_is_gone(make_client: MakeClient) -> None:
    client = await make_client(embedded_worker=True, job_max_attempts=50)
    objects = client.listening.server.runtime.settings.data_dir / "objects"
    key = await client.upload("s1")
    away = objects.rename(objects.with_name("unmounted"))
    await client.ingest("s1", marker(), eventsObjectKey=key)

    async def tried() -> bool:
        return 'outcome="retried"' in (await client.http.get("/metrics")).text

    await eventually(tried)
    away.rename(objects)

    async def done() -> bool:
        session = (await client.get("/v1/sessions/s1"))["session"]
        return len(session["artifacts"]) == 1 and session["reportCard"]["status"] in {"ready", "discarded"}

    await eventually(done)


async def test_on_a_full_disk_uploads_and_sessions_get_503_until_there_is_room(tmp_path: Path) -> None:
    """The limit on the size of a process's files stands for the disk's end: writes fail in the middle."""
    async with (
        serving(tmp_path, EMBEDDED_WORKER="false", REDACT_EVENTS="false") as server,
        httpx.AsyncClient(base_url=server.url, timeout=30) as http,
    ):
        assert (await http.post(UPLOAD, json=SMALL)).status_code == 201
        before = files(tmp_path / "data" / "objects")

        def limit(size: int) -> None:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        limit(2**20)
        refused = await asyncio.gather(*(http.post(UPLOAD, json=LARGE | {"sessionId": f"l{n}"}) for n in range(3)))
        assert {answer.status_code for answer in refused} == {503}
        assert "Retry-After" in refused[0].headers
        assert files(tmp_path / "data" / "objects") == before

        limit(4096)
        body = {
            "session": {"id": "s1", "site": "x"},
            "markers": [marker(f"m{n}", evidence="x" * 4000) for n in range(50)],
        }
        statuses = [(await http.post(INGEST, json=body)).status_code for _ in range(3)]
        assert set(statuses) == {503}
        assert (await http.get("/v1/sessions/s1")).status_code == 404

        limit(resource.RLIM_INFINITY)
        assert (await http.post(UPLOAD, json=LARGE)).status_code == 201
        assert (await http.post(INGEST, json=body)).status_code == 202
        assert len((await http.get("/v1/sessions/s1")).json()["session"]["markers"]) == 50

    assert query(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    temporary = tmp_path / "data" / "tmp"
    assert not temporary.exists() or files(temporary) == []
