"""A session, or a whole project, is removed on request: with everything, and nothing beside it."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import isclass
from pathlib import Path

import pytest
from tortoise.models import Model

from retrospec.alerts.models import AlertDelivery
from retrospec.core.clock import now
from retrospec.plugin import StorageUnavailable
from retrospec.projects.models import Project
from retrospec.projects.service import interrupted_deletions
from retrospec.schema import MODELS
from retrospec.sessions.models import StoredObject
from tests.client import Client, Json, MakeClient, eventually, marker


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client of a server whose jobs stay where they are."""
    return await make_client(embedded_worker=False, alert_sinks=("log",), alert_min_cluster_confidence=0.1)


async def rows_of(**owner: str) -> dict[str, int]:
    """In which tables there are rows of a project or a session, and how many."""
    models = {
        member
        for module in MODELS
        for member in vars(import_module(module)).values()
        if isclass(member) and issubclass(member, Model) and member.__module__ == module
    }
    tables = [model for model in models if owner.keys() <= model._meta.fields]
    counted = {model._meta.db_table: await model.filter(**owner).count() for model in tables}
    return {table: count for table, count in counted.items() if count}


def objects(client: Client) -> list[str]:
    root: Path = client.listening.server.runtime.settings.data_dir / "objects"
    return sorted(path.stem for path in root.rglob("*.json"))


async def filled(client: Client, name: str = "Shop") -> tuple[Client, str]:
    """A project with something in every table, and its id."""
    project = await client.project(name)
    for number in range(3):
        answer = await project.recorded(f"s{number}", marker(), userId=f"u{number}")
    other = await project.issue(label="GET /api/cart -> 404", clusterKey="other")
    key = answer["session"]["markers"][0]["clusterKey"]
    await project.post("/v1/issues/merge", {"targetClusterKey": key, "sourceClusterKeys": [other]}, 202)
    project_id: str = answer["session"]["projectId"]
    result = {"projectId": project_id, "sessionId": "s0", "artifactKey": f"replay-artifacts/{project_id}/s0/a.json"}
    await client.internal("/v1/internal/replay-results", result, 202)
    sink = {"type": "slack", "settings": {"url": "https://hooks.slack.example/"}, "rules": {"minSessions": 1000}}
    await project.post("/v1/alerts/sinks", {"name": "Never told", **sink}, 201)

    async def all_told() -> bool:
        return not await AlertDelivery.filter(project_id=project_id).exclude(status="delivered").exists()

    # An alert goes out beside the test, and its attempt is a row too.
    await eventually(all_told)
    return project, project_id


class TestSession:
    async def test_it_goes_with_everything_and_can_go_only_once(self, client: Client) -> None:
        await client.recorded("s1", marker())
        await client.recorded("s2", marker())

        assert await client.delete("/v1/sessions/s1", 200) == {"sessionId": "s1", "deleted": True}

        assert await rows_of(session_id="s1") == {}
        assert objects(client) == ["s2"]
        for path in ("/v1/sessions/s1", "/v1/sessions/s1/events"):
            await client.get(path, 404)
        assert (await client.delete("/v1/sessions/s1", 404))["error"] == "session not found"

    async def test_the_issues_that_it_hit_are_counted_down_and_go_with_their_last(self, client: Client) -> None:
        key = await client.issue(sessions=2)
        names = [one["sessionId"] for one in (await client.get(f"/v1/issues/{key}/sessions"))["sessions"]]

        await client.delete(f"/v1/sessions/{names[0]}", 200)
        (issue,) = (await client.get("/v1/issues"))["issues"]
        await client.delete(f"/v1/sessions/{names[1]}", 200)

        assert (issue["sessionCount"], issue["representativeSessionId"]) == (1, names[1])
        assert (await client.get("/v1/issues"))["issues"] == []

    async def test_the_equal_one_of_another_project_stays(self, client: Client) -> None:
        mine, other = await client.project("Mine"), await client.project("Other")
        for side in (mine, other):
            await side.recorded("s1", marker())

        await mine.delete("/v1/sessions/s1", 200)

        assert (await other.get("/v1/sessions/s1/events"))["events"]
        assert objects(client) == ["s1"]

    async def test_it_is_gone_also_while_its_object_cannot_be_deleted_which_then_goes_later(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await client.recorded("s1", marker())
        fail_to_delete(client, monkeypatch)

        await client.delete("/v1/sessions/s1", 200)
        await client.get("/v1/sessions/s1", 404)
        assert [one.state for one in await StoredObject.all()] == ["deleting"]
        monkeypatch.undo()
        result = await client.post("/v1/maintenance/cleanup", {})

        assert result["deletedEventObjects"] == 1
        assert objects(client) == []

    async def test_a_session_of_that_id_may_come_again(self, client: Client) -> None:
        await client.recorded("s1", marker("m1"))
        await client.delete("/v1/sessions/s1", 200)

        again = await client.recorded("s1", marker("m2"))

        assert [one["id"] for one in again["session"]["markers"]] == ["m2"]
        assert (await client.get("/v1/sessions/s1/events"))["events"]


class TestProject:
    async def test_nothing_of_it_is_left_in_any_table_or_in_the_storage(self, client: Client) -> None:
        _, project_id = await filled(client)
        other, other_id = await filled(client, "Other")
        before = await rows_of(project_id=other_id)
        assert len(before) >= 10, "the test fills too few tables to prove anything"

        await client.admin("DELETE", f"/v1/admin/projects/{project_id}", 200)

        assert await rows_of(project_id=project_id) == {}
        assert await Project.filter(id=project_id).count() == 0
        assert await rows_of(project_id=other_id) == before
        assert (await other.get("/v1/issues"))["issues"][0]["sessionCount"] == 5
        folders = {path.parts[-6] for path in _events(client)}
        assert folders == {other_id}

    async def test_an_interrupted_removal_has_closed_the_keys_and_goes_on_when_asked_again(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project, project_id = await filled(client)
        path = f"/v1/admin/projects/{project_id}"
        fail_to_delete(client, monkeypatch)

        stopped = await client.admin("DELETE", path, 503)
        monkeypatch.undo()

        assert "could not be deleted" in stopped["error"]
        for attempt in (project.get("/v1/issues", 401), project.post("/v1/ingest/session", {"session": {}}, 401)):
            await attempt
        assert await interrupted_deletions() == [project_id]
        assert project_id not in {one["id"] for one in (await client.admin("GET", "/v1/admin/projects"))["projects"]}

        await client.admin("DELETE", path, 200)

        assert await rows_of(project_id=project_id) == {}
        assert await interrupted_deletions() == []
        await client.admin("DELETE", path, 404)

    async def test_the_clock_takes_an_interrupted_removal_up_again(
        self, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = await make_client(embedded_worker=False, auto_cleanup_interval_minutes=0.005)
        _, project_id = await filled(client)

        await Project.filter(id=project_id).update(deleting_at=now())

        async def gone() -> bool:
            return not await Project.filter(id=project_id).exists()

        await eventually(gone)
        assert (await rows_of(project_id=project_id), _events(client)) == ({}, [])

    async def test_what_arrives_meanwhile_is_refused_or_removed_with_it(self, client: Client) -> None:
        project, project_id = await filled(client)

        async def send(number: int) -> int:
            body: Json = {"session": {"id": f"late-{number}", "site": "x"}, "markers": [marker()]}
            await asyncio.sleep(number * 0.002)
            if number % 2:
                upload = {"sessionId": f"late-{number}", "site": "x", "events": []}
                return (await project.http.post("/v1/artifacts/session-events", json=upload)).status_code
            return (await project.http.post("/v1/ingest/session", json=body)).status_code

        _, *statuses = await asyncio.gather(
            client.admin("DELETE", f"/v1/admin/projects/{project_id}", 200), *(send(number) for number in range(40))
        )

        assert set(statuses) <= {201, 202, 401, 503}
        assert 401 in statuses
        assert (await rows_of(project_id=project_id), _events(client)) == ({}, [])

    async def test_the_default_project_stays(self, client: Client) -> None:
        refused = await client.admin("DELETE", "/v1/admin/projects/proj_default", 409)

        assert refused["code"] == "conflict"


def fail_to_delete(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a storage that deletes nothing."""

    async def fail(_: Sequence[str]) -> Mapping[str, str]:
        raise StorageUnavailable("no answer")

    monkeypatch.setattr(client.listening.server.runtime.storage, "delete", fail)


def _events(client: Client) -> list[Path]:
    root: Path = client.listening.server.runtime.settings.data_dir / "objects"
    return list((root / "session-events").rglob("*.json"))
