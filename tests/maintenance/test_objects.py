"""No object is lost sight of: not one that comes again while it goes, not one whose deletion was cut short."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from retrospec.core.clock import now
from retrospec.maintenance import objects as objects_module
from retrospec.plugin import StorageBackend, StorageUnavailable
from retrospec.projects.models import Project
from retrospec.sessions.models import StoredObject
from tests.client import RECORDING, Client, MakeClient, marker
from tests.maintenance.ages import age

UPLOAD = {"sessionId": "s1", "site": "shop.example", "events": RECORDING}


class Gate:
    """Stands in a method of the storage: tells when it is called, and lets it go on when it is told to."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.opened.wait()


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client of a server whose jobs stay where they are."""
    return await make_client(embedded_worker=False)


def storage_of(client: Client) -> StorageBackend:
    return client.listening.server.runtime.storage


def files(client: Client) -> list[str]:
    root: Path = client.listening.server.runtime.settings.data_dir / "objects"
    return sorted(path.stem for path in root.rglob("*.json"))


async def clean(client: Client) -> dict[str, int]:
    result: dict[str, int] = await client.post("/v1/maintenance/cleanup", {}, 200)
    return result


async def states() -> list[str]:
    return [one.state for one in await StoredObject.all().order_by("uid")]


@pytest.fixture
def deleting(client: Client, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Where the storage waits before it deletes anything."""
    gate, delete = Gate(), storage_of(client).delete

    async def wait_and_delete(keys: Sequence[str]) -> Mapping[str, str]:
        await gate.wait()
        return await delete(keys)

    monkeypatch.setattr(storage_of(client), "delete", wait_and_delete)
    return gate


@pytest.fixture
def putting(client: Client, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Where the storage waits before it stores anything."""
    gate, put = Gate(), storage_of(client).put

    async def wait_and_put(key: str, content: AsyncIterator[bytes], *, content_type: str) -> int:
        await gate.wait()
        return await put(key, content, content_type=content_type)

    monkeypatch.setattr(storage_of(client), "put", wait_and_put)
    return gate


async def test_what_comes_again_while_it_is_being_deleted_is_asked_to_wait_and_then_stays(
    client: Client, deleting: Gate
) -> None:
    await client.recorded("s1", marker())
    removal = asyncio.create_task(client.delete("/v1/sessions/s1", 200))
    await deleting.reached.wait()

    refused = await client.http.post("/v1/artifacts/session-events", json=UPLOAD)
    deleting.opened.set()
    await removal
    await client.recorded("s1", marker())

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert (await client.get("/v1/sessions/s1/events"))["events"]
    assert (await states(), files(client)) == (["ready"], ["s1"])


async def test_an_upload_overtaken_by_the_removal_of_its_session_goes_with_the_next_cleanup(
    client: Client, putting: Gate
) -> None:
    await client.ingest("s1", marker())
    upload = asyncio.create_task(client.http.post("/v1/artifacts/session-events", json=UPLOAD))
    await putting.reached.wait()

    await client.delete("/v1/sessions/s1", 200)
    putting.opened.set()

    assert (await upload).status_code == 503
    assert (await states(), files(client)) == (["deleting"], ["s1"])
    assert (await clean(client))["deletedEventObjects"] == 1
    assert (await states(), files(client)) == ([], [])


async def test_an_upload_that_ends_while_its_key_is_being_deleted_is_not_forgotten(
    client: Client, putting: Gate, deleting: Gate
) -> None:
    await client.ingest("s1", marker())
    upload = asyncio.create_task(client.http.post("/v1/artifacts/session-events", json=UPLOAD))
    await putting.reached.wait()
    removal = asyncio.create_task(client.delete("/v1/sessions/s1", 200))
    await deleting.reached.wait()

    putting.opened.set()
    assert (await upload).status_code == 503
    deleting.opened.set()
    await removal

    assert await states() == ["deleting"]
    await clean(client)
    assert (await states(), files(client)) == ([], [])


async def test_what_a_crashed_process_was_deleting_is_taken_up_again_but_not_what_another_has_in_hand(
    client: Client,
) -> None:
    for name in ("s1", "s2"):
        await client.upload(name)
    await StoredObject.filter(session_id="s1").update(state="erasing", created_at=now() - timedelta(minutes=6))
    await StoredObject.filter(session_id="s2").update(state="erasing", created_at=now() - timedelta(minutes=4))

    assert (await clean(client))["deletedEventObjects"] == 1

    assert (await states(), files(client)) == (["erasing"], ["s2"])


async def test_a_key_whose_deletion_was_cut_short_long_ago_may_be_uploaded_to(client: Client) -> None:
    await client.upload("s1")
    await StoredObject.all().update(state="erasing", created_at=now() - timedelta(minutes=6))

    await client.upload("s1")

    assert await states() == ["ready"]


async def test_a_storage_that_is_away_is_asked_once_and_all_that_waits_has_failed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await client.upload(f"s{number}")
    await age(*(f"s{number}" for number in range(5)), days=8)
    asked: list[int] = []

    async def fail(keys: Sequence[str]) -> Mapping[str, str]:
        asked.append(len(keys))
        raise StorageUnavailable("no answer")

    monkeypatch.setattr(objects_module, "BATCH", 2)
    monkeypatch.setattr(storage_of(client), "delete", fail)
    failed = await clean(client)
    monkeypatch.undo()

    assert len(asked) == 1
    assert (failed["deletedEventObjects"], failed["failedEventObjectDelete"]) == (0, 5)
    assert [one.last_error for one in await StoredObject.filter(failures=1)] == ["no answer"] * asked[0]
    assert (await clean(client))["deletedEventObjects"] == 5


async def test_objects_are_deleted_by_the_thousand(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = now() - timedelta(days=8)
    await StoredObject.bulk_create(
        StoredObject(project_id="proj_default", object_key=f"a/{n}", session_id="s", kind="events", created_at=moment)
        for n in range(2500)
    )
    delete, asked = storage_of(client).delete, list[int]()

    async def count_and_delete(keys: Sequence[str]) -> Mapping[str, str]:
        asked.append(len(keys))
        return await delete(keys)

    monkeypatch.setattr(storage_of(client), "delete", count_and_delete)

    assert (await clean(client))["deletedEventObjects"] == 2500
    assert asked == [1000, 1000, 500]


async def test_who_removes_a_session_waits_for_its_own_objects_only(client: Client) -> None:
    for name in ("s1", "s2"):
        await client.recorded(name, marker())
    await StoredObject.filter(session_id="s2").update(state="deleting")

    await client.delete("/v1/sessions/s1", 200)

    assert (await states(), files(client)) == (["deleting"], ["s2"])


async def test_cleanups_at_once_delete_and_count_each_object_once(client: Client) -> None:
    for number in range(20):
        await client.upload(f"s{number}")
    await age(*(f"s{number}" for number in range(20)), days=8)

    results = await asyncio.gather(*(clean(client) for _ in range(3)))

    assert sum(result["deletedEventObjects"] for result in results) == 20
    assert (await states(), files(client)) == ([], [])


async def test_only_what_is_too_old_for_its_own_project_expires(client: Client) -> None:
    mine, other = await client.project("Mine"), await client.project("Other")
    for side in (mine, other):
        await side.upload("s1")
    await age("s1", days=8)
    await Project.filter(name="Other").update(retention_days=30)

    results = await client.listening.server.cleanup.run_all()

    assert sum(result.deleted_event_objects for result in results.values()) == 1
    assert (await other.http.get("/v1/sessions/s1")).status_code == 404
    assert [path.parts[-6] for path in _paths(client)] == [(await Project.get(name="Other")).id]


async def test_what_a_deleted_project_has_left_goes_with_any_cleanup(client: Client) -> None:
    await client.upload("s1")
    await StoredObject.all().update(state="deleting", project_id="proj_gone")

    await clean(client)

    assert (await states(), files(client)) == ([], [])


def _paths(client: Client) -> list[Path]:
    root: Path = client.listening.server.runtime.settings.data_dir / "objects"
    return list((root / "session-events").rglob("*.json"))
