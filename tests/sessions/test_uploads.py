"""Uploading recordings over HTTP: what is stored, what is refused, and what is left of what was refused."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import zstandard

from retrospec.core.counters import Counters
from retrospec.plugin import StorageBackend, StorageUnavailable
from retrospec.projects.models import Project
from retrospec.sessions.models import StoredObject
from tests.client import RECORDING, Client, MakeClient, marker

PATH = "/v1/artifacts/session-events"


def storage_of(client: Client) -> StorageBackend:
    return client.listening.server.runtime.storage


async def stored(client: Client, key: str) -> bytes:
    content = await storage_of(client).get(key)
    return b"".join([piece async for piece in content.chunks])


async def send(client: Client, body: bytes, **headers: str) -> httpx.Response:
    return await client.http.post(PATH, content=body, headers=headers)


def files_of(folder: Path) -> list[Path]:
    """Everything that lies in the storage or aside, but for the notes of the storage itself."""
    return [path for path in (folder / "data").rglob("*") if path.is_file() and path.suffix not in {".db", ".lock"}]


@pytest.fixture
async def counters(client: Client) -> Counters:
    """Those of the server, which keeps them until the test ends."""
    counters = client.listening.server.runtime.counters
    counters.restore = lambda _: None  # type: ignore[assignment, method-assign]
    return counters


async def test_a_recording_is_stored_under_its_project_day_site_and_session(client: Client) -> None:
    answer = await client.post(PATH, {"sessionId": "s-1", "site": "Shop.Example:8080/", "events": RECORDING}, 201)

    today = f"{datetime.now(UTC):%Y/%m/%d}"
    key = f"session-events/proj_default/{today}/shop.example-8080/s-1.json"
    assert answer == {"projectId": "proj_default", "sessionId": "s-1", "eventsObjectKey": key}
    assert json.loads(await stored(client, key)) == RECORDING


async def test_the_bytes_of_the_events_are_kept_as_sent(client: Client) -> None:
    events = b'[ {"type":4,\n "n":1.50}\t,{"t":"\\u00e9\\/", "e":1e+21} ]'

    answer = await send(client, b'{"events":' + events + b', "site":"s", "sessionId":"s-1"}')

    assert await stored(client, answer.json()["eventsObjectKey"]) == events


async def test_the_database_knows_the_object(client: Client) -> None:
    key = await client.upload("s-1")

    row = await StoredObject.get(object_key=key)

    size = len(await stored(client, key))
    assert (row.project_id, row.session_id, row.kind) == ("proj_default", "s-1", "events")
    assert (row.state, row.size_bytes) == ("ready", size)


async def test_a_second_upload_replaces_the_first(client: Client) -> None:
    first = await client.upload("s-1", [{"n": 1}, {"n": 2}])
    second = await client.upload("s-1", [{"n": 3}])

    assert first == second
    assert await stored(client, second) == b'[{"n":3}]'
    row = await StoredObject.get(object_key=first)
    assert (row.state, row.size_bytes) == ("ready", 9)


async def test_without_a_session_id_the_server_makes_one(client: Client) -> None:
    for session_id in ({}, {"sessionId": None}, {"sessionId": ""}):
        answer = await client.post(PATH, {**session_id, "events": []}, 201)

        assert len(answer["sessionId"]) == 36
        assert answer["eventsObjectKey"].endswith(f"/unknown-site/{answer['sessionId']}.json")
        assert await stored(client, answer["eventsObjectKey"]) == b"[]"


async def test_session_ids_that_could_be_paths_are_refused(client: Client) -> None:
    for session_id in (".", "..", "../x", "a/b", "a b", "ä", "a" * 129, "a\\b", "%2e%2e", "a\n"):
        answer = await client.post(PATH, {"sessionId": session_id, "events": []}, 400)
        assert answer["error"].startswith("sessionId must be")

    assert await StoredObject.all().count() == 0


async def test_every_character_of_session_ids_can_be_stored(client: Client) -> None:
    for session_id in ("a", "A-Z.0_9~:@-", "a" * 128, "...", "s:1@x"):
        key = await client.upload(session_id)
        assert json.loads(await stored(client, key)) == RECORDING


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("zstd", zstd)])
async def test_compressed_bodies_are_stored_plain(client: Client, encoding: str, encode: object) -> None:
    assert callable(encode)
    body = json.dumps({"sessionId": "s", "events": RECORDING}).encode()

    answer = await send(client, encode(body), **{"Content-Encoding": encoding})

    assert answer.status_code == 201, answer.text
    assert json.loads(await stored(client, answer.json()["eventsObjectKey"])) == RECORDING


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("zstd", zstd)])
async def test_a_compressed_body_may_consist_of_several_parts(client: Client, encoding: str, encode: object) -> None:
    assert callable(encode)
    parts = (b'{"sessionId":"s",', b'"events":[{"a":1},', b'{"b":2}]}')

    answer = await send(client, b"".join(map(encode, parts)), **{"Content-Encoding": encoding})

    assert answer.status_code == 201, answer.text
    assert await stored(client, answer.json()["eventsObjectKey"]) == b'[{"a":1},{"b":2}]'


SECRET = [{"type": 6, "data": {"plugin": "rrweb/console@1", "payload": {"payload": ['"token=abcdef0123456789"']}}}]


@pytest.mark.parametrize(
    ("server", "project", "redacted"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
async def test_redaction_is_the_projects_choice_and_else_the_servers(
    make_client: MakeClient, server: bool, project: bool | None, redacted: bool
) -> None:
    client = await make_client(redact_events=server)
    await Project.filter(id="proj_default").update(redact=project)

    content = await stored(client, await client.upload("s-1", [*RECORDING, *SECRET]))

    assert (b"abcdef0123456789" not in content) is redacted
    assert len(json.loads(content)) == len(RECORDING) + 1


NESTED = b"[" * 100_000 + b"]" * 100_000
BAD = {
    "empty": (b"", 400),
    "no JSON": (b"hello", 400),
    "an array": (b"[]", 400),
    "without events": (b'{"sessionId":"s"}', 400),
    "events null": (b'{"events":null}', 400),
    "events an object": (b'{"events":{}}', 400),
    "events a text": (b'{"events":"[]"}', 400),
    "event a number": (b'{"events":[{},1]}', 400),
    "event null": (b'{"events":[null]}', 400),
    "event an array": (b'{"events":[[]]}', 400),
    "session id a number": (b'{"sessionId":1,"events":[]}', 400),
    "site an object": (b'{"site":{},"events":[]}', 400),
    "NaN in an event": (b'{"events":[{"a":NaN}]}', 400),
    "Infinity beside": (b'{"a":Infinity,"events":[]}', 400),
    "duplicate names": (b'{"site":"a","site":"b","events":[]}', 400),
    "two lists of events": (b'{"events":[],"events":[]}', 400),
    "duplicate names in an event": (b'{"events":[{"a":{"b":1,"b":1}}]}', 400),
    "nested brackets": (b'{"events":[{"a":' + NESTED + b"}]}", 400),
    "nested brackets beside": (b'{"a":' + NESTED + b',"events":[]}', 400),
    "nested brackets as events": (b'{"events":' + NESTED + b"}", 400),
    "5,000 digits": (b'{"events":[{"a":' + b"9" * 5000 + b"}]}", 400),
    "U+0000": (b'{"events":[{"a":"\\u0000"}]}', 400),
    "U+0000 in the site": (b'{"site":"\\u0000","events":[]}', 400),
    "lone surrogate": (b'{"events":[{"a":"\\ud83d"}]}', 400),
    "no UTF-8": (b'{"events":[{"a":"\xc3"}]}', 400),
    "cut off": (b'{"sessionId":"s","events":[{"a":1},{"b"', 400),
    "cut off after the events": (b'{"sessionId":"s","events":[{"a":1}]', 400),
    "two values": (b'{"events":[]}{"events":[]}', 400),
    "too large": (b'{"events":[{"a":"' + b"x" * 2_000_000 + b'"}]}', 413),
    "too much beside the events": (b'{"a":"' + b"x" * 1_000_000 + b'","events":[]}', 413),
}
BAD_ENCODED = {
    "gzip bomb": (gzip.compress(bytes(200 * 2**20)), "gzip", 413),
    "zstd bomb": (zstd(bytes(200 * 2**20)), "zstd", 413),
    "gzip cut off": (gzip.compress(b'{"events":[]}')[:-6], "gzip", 400),
    "zstd cut off": (zstd(b'{"events":[]}')[:-3], "zstd", 400),
    "not zstd": (b'{"events":[]}', "zstd", 400),
    "not gzip": (b'{"events":[]}', "gzip", 400),
    "deflate": (zlib.compress(b'{"events":[]}'), "deflate", 415),
    "unknown encoding": (b'{"events":[]}', "br", 415),
}


@pytest.fixture
async def strict(make_client: MakeClient) -> AsyncIterator[Client]:
    """A server with low limits."""
    client = await make_client(max_events_bytes=1_500_000, max_body_bytes=500_000)
    yield client
    # And it still works.
    await client.upload("after")


async def test_bad_bodies_are_refused_and_leave_nothing(strict: Client, tmp_path: Path) -> None:
    answers = {name: await send(strict, body) for name, (body, _) in BAD.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == {name: bad[1] for name, bad in BAD.items()}
    assert all(answer.json()["error"] for answer in answers.values())
    assert await StoredObject.all().count() == 0
    assert files_of(tmp_path) == []


async def test_bad_encodings_are_refused_and_leave_nothing(strict: Client, tmp_path: Path) -> None:
    answered = {
        name: (await send(strict, body, **{"Content-Encoding": encoding})).status_code
        for name, (body, encoding, _) in BAD_ENCODED.items()
    }

    assert answered == {name: bad[2] for name, bad in BAD_ENCODED.items()}
    assert await StoredObject.all().count() == 0
    assert files_of(tmp_path) == []


async def test_a_bad_event_late_in_a_large_recording_leaves_nothing_either(client: Client, tmp_path: Path) -> None:
    event = json.dumps({"type": 3, "data": {"text": "x" * 1000}}).encode()
    body = b'{"sessionId":"s","events":[' + (event + b",") * 3000 + b'{"a":1,"a":2}]}'

    answer = await send(client, body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid payload")
    assert answer.json()["detail"].startswith("events[3000]: ")
    assert await StoredObject.all().count() == 0
    assert files_of(tmp_path) == []


async def test_a_large_recording_goes_through_files_and_leaves_none(client: Client, tmp_path: Path) -> None:
    events = [{"type": 3, "n": number, "data": {"text": "x" * 1000}} for number in range(3000)]

    key = await client.upload("s-1", [*events, *SECRET])

    content = json.loads(await stored(client, key))
    assert content[:-1] == events
    assert "abcdef0123456789" not in str(content[-1])
    assert list((tmp_path / "data" / "tmp").iterdir()) == []


async def test_a_broken_redactor_stores_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: bytes) -> bytes:
        raise RuntimeError(event)

    monkeypatch.setattr(client.listening.server.runtime.redactor, "redact", fail)

    answer = await send(client, b'{"events":[{"a":"hunter2"}]}')

    assert (answer.status_code, answer.json()["code"]) == (503, "redactor_failed")
    assert "hunter2" not in answer.text
    assert answer.headers["Retry-After"]
    assert await StoredObject.all().count() == 0


async def test_while_the_storage_is_down_the_row_stays_pending_for_the_sweeper(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put(*_: object, **__: object) -> int:
        raise StorageUnavailable

    monkeypatch.setattr(storage_of(client), "put", put)

    answer = await send(client, b'{"events":[]}')

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert await StoredObject.filter(state="pending").count() == 1


async def test_the_object_is_known_before_it_is_written(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = storage_of(client)
    put, states = storage.put, []

    async def watched(key: str, *content: object, **more: str) -> int:
        states.append((await StoredObject.get(object_key=key)).state)
        return await put(key, *content, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "put", watched)
    await client.upload("s-1")

    assert states == ["pending"]


async def test_what_is_removed_while_it_arrives_is_not_promised(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = storage_of(client)
    put = storage.put

    async def meanwhile_removed(key: str, *content: object, **more: str) -> int:
        await StoredObject.filter(object_key=key).update(state="deleting")
        return await put(key, *content, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "put", meanwhile_removed)

    answer = await send(client, b'{"events":[]}')

    assert answer.status_code == 503
    assert (await StoredObject.get()).state == "deleting"


async def test_a_project_that_is_being_deleted_takes_nothing_in(client: Client) -> None:
    shop = await client.project()
    await shop.upload("s-1")
    await Project.filter(name="Shop").update(deleting_at=datetime.now(UTC))

    answer = await send(shop, b'{"sessionId":"s-2","events":[]}')

    assert answer.status_code == 401
    assert await StoredObject.filter(session_id="s-2").count() == 0


async def test_uploads_are_counted(client: Client, counters: Counters) -> None:
    counters.drain()
    size = len(await stored(client, await client.upload("s-1")))
    await send(client, b"no")

    counted = {name: amount for (name, _), amount in counters.drain().items()}
    assert counted["retrospec_events_uploaded_total"] == 1
    assert counted["retrospec_events_uploaded_bytes_total"] == size


async def test_a_recording_is_read_back_as_it_is_stored(client: Client) -> None:
    key = await client.upload("s-1")
    await client.ingest("s-1", marker(), eventsObjectKey=key)

    assert await client.get("/v1/sessions/s-1/events") == {
        "sessionId": "s-1",
        "eventsObjectKey": key,
        "events": RECORDING,
    }


async def test_a_large_recording_is_read_back_whole(client: Client) -> None:
    events = [{"type": 3, "n": number, "data": {"text": "x" * 1000}} for number in range(3000)]
    await client.ingest("s-1", eventsObjectKey=await client.upload("s-1", events))

    assert (await client.get("/v1/sessions/s-1/events"))["events"] == events


async def test_there_may_be_nothing_to_read(client: Client) -> None:
    assert (await client.get("/v1/sessions/none/events", 404))["error"] == "session not found"

    await client.ingest("s-1")
    assert (await client.get("/v1/sessions/s-1/events", 404))["error"] == "session has no events object key"

    key = await client.upload("s-2")
    await client.ingest("s-2", eventsObjectKey=key)
    await storage_of(client).delete([key])
    assert (await client.get("/v1/sessions/s-2/events", 404))["code"] == "object_not_found"


async def test_while_the_storage_is_down_reading_answers_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def get(*_: object) -> None:
        raise StorageUnavailable

    await client.ingest("s-1", eventsObjectKey=await client.upload("s-1"))
    monkeypatch.setattr(storage_of(client), "get", get)

    assert (await client.get("/v1/sessions/s-1/events", 503))["code"] == "storage_unavailable"


async def test_a_recording_that_breaks_off_is_no_complete_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.ingest("s-1", eventsObjectKey=await client.upload("s-1"))
    storage = storage_of(client)
    get = storage.get

    async def get_half(key: str) -> object:
        content = await get(key)

        async def half() -> AsyncIterator[bytes]:
            yield b"[{"
            raise StorageUnavailable

        return type(content)(content.info, half())

    monkeypatch.setattr(storage, "get", get_half)

    with pytest.raises(httpx.RemoteProtocolError):
        await client.http.get("/v1/sessions/s-1/events")
