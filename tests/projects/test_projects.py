"""Projects and keys as the operator sees them: CONTRACT section 3."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import Response

from retrospec.core.db import Database
from retrospec.core.errors import Conflict, Invalid, NotFound
from retrospec.projects import service
from retrospec.projects.models import Project, ProjectApiKey
from retrospec.projects.routes import projects as project_routes
from retrospec.projects.service import KnownStrategies, ProjectPurge
from tests.projects.serving import Served, sample_routes, served
from tests.projects.test_gate import make_settings

RAW_KEY = re.compile(r"rpk_[0-9a-f]{64}")
ADMIN = {"X-Retrospec-Admin": "the-admin"}


@dataclass
class Purge:
    """Notes what it was asked to remove; fails as often as told."""

    failures: int = 0
    purged: list[str] = field(default_factory=list)

    async def purge(self, project_id: str) -> None:
        self.purged.append(project_id)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the storage is away")


@pytest.fixture
def purge() -> Purge:
    return Purge()


@pytest.fixture
async def server(database: Database, purge: Purge) -> AsyncIterator[Served]:
    components = {KnownStrategies: KnownStrategies(frozenset({"fingerprint", "template"})), ProjectPurge: purge}
    async with served(database, make_settings(), [project_routes, sample_routes()], components) as server:
        yield server


async def call(server: Served, method: str, path: str, body: Any = None) -> Response:
    return await server.client.request(method, f"/v1/admin/projects{path}", json=body, headers=ADMIN)


async def make(server: Served, **body: Any) -> dict[str, Any]:
    response = await call(server, "POST", "", {"name": "Shop", "site": "shop.example", **body})
    assert response.status_code == 201
    made: dict[str, Any] = response.json()
    return made


async def status_of(server: Served, key: str) -> int:
    return (await server.client.get("/project", headers={"X-Retrospec-Key": key})).status_code


async def test_a_new_project_comes_with_two_keys_that_work(server: Served) -> None:
    made = await make(server, name="  Shop ", label=" mine ", surplus=1)

    project = made["project"]
    assert set(made) == {"project", "apiKey", "ingestKey"}
    assert set(project) == {"id", "name", "site", "createdAt"}
    assert re.fullmatch(r"proj_\w+", project["id"])
    assert (project["name"], project["site"]) == ("Shop", "shop.example")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", project["createdAt"])
    assert RAW_KEY.fullmatch(made["apiKey"])
    assert RAW_KEY.fullmatch(made["ingestKey"])
    assert await status_of(server, made["apiKey"]) == 200
    assert await status_of(server, made["ingestKey"]) == 403
    assert (await server.client.post("/upload", headers={"X-Retrospec-Key": made["ingestKey"]})).status_code == 200
    keys = (await call(server, "GET", f"/{project['id']}/keys")).json()["keys"]
    assert {(key["label"], key["scope"]) for key in keys} == {("mine", "full"), ("ingest-key", "ingest")}


async def test_the_label_of_the_first_key_has_a_default(server: Served) -> None:
    for label in (None, "", "  "):
        made = await make(server, label=label)
        keys = (await call(server, "GET", f"/{made['project']['id']}/keys")).json()["keys"]
        assert "default-key" in {key["label"] for key in keys}


@pytest.mark.parametrize(
    ("body", "field_name"),
    [
        ({}, "name"),
        ({"site": "s"}, "name"),
        ({"name": None, "site": "s"}, "name"),
        ({"name": " \t", "site": "s"}, "name"),
        ({"name": "n"}, "site"),
        ({"name": "n", "site": ""}, "site"),
        ({"name": "n" * 201, "site": "s"}, "name"),
        ({"name": "n", "site": "s", "label": "l" * 201}, "label"),
        ({"name": "a\u0007b", "site": "s"}, "name"),
        ({"name": 5, "site": "s"}, "name"),
    ],
)
async def test_a_project_that_cannot_be_made_says_which_field(
    server: Served, body: dict[str, Any], field_name: str
) -> None:
    response = await call(server, "POST", "", body)

    assert response.status_code == 400
    assert field_name in response.json()["error"] + response.json().get("detail", "")
    assert await Project.all().count() == 1


async def test_projects_are_listed_newest_first(server: Served) -> None:
    made = [(await make(server, name=f"p{n}"))["project"]["id"] for n in range(3)]
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for name in ("proj_b", "proj_c", "proj_a"):
        await Project.create(id=name, name="same moment", site="s", created_at=moment)

    listed = (await call(server, "GET", "")).json()["projects"]

    ids = [project["id"] for project in listed]
    assert [i for i in ids if i in made] == made[::-1]
    assert [i for i in ids if i in {"proj_a", "proj_b", "proj_c"}] == ["proj_c", "proj_b", "proj_a"]
    assert "proj_default" in ids
    assert [p["createdAt"] for p in listed] == sorted((p["createdAt"] for p in listed), reverse=True)


async def test_a_patch_changes_what_it_names_and_null_resets(server: Served) -> None:
    path = f"/{(await make(server))['project']['id']}"
    first = {"retentionDays": 30, "clusteringStrategy": "template", "redact": False}
    changed = (await call(server, "PATCH", path, {**first, "allowedOrigins": ["HTTPS://Shop.Example:443"]})).json()
    assert changed["project"] == (await call(server, "GET", path)).json()["project"]
    assert changed["project"] | first == changed["project"]
    assert changed["project"]["allowedOrigins"] == ["https://shop.example"]
    assert changed["project"]["name"] == "Shop"

    renamed = (await call(server, "PATCH", path, {"name": " Store ", "site": "store.example"})).json()["project"]
    assert renamed == {**changed["project"], "name": "Store", "site": "store.example"}
    assert (await call(server, "PATCH", path, {})).json()["project"] == renamed

    nothing = dict.fromkeys(("retentionDays", "clusteringStrategy", "redact", "allowedOrigins"))
    reset = (await call(server, "PATCH", path, nothing)).json()["project"]
    assert set(reset) == {"id", "name", "site", "createdAt"}


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"name": " "},
        {"site": ""},
        {"retentionDays": 0},
        {"retentionDays": 36501},
        {"retentionDays": "7"},
        {"retentionDays": True},
        {"clusteringStrategy": "missing"},
        {"clusteringStrategy": ""},
        {"allowedOrigins": ["shop.example"]},
        {"allowedOrigins": "https://shop.example"},
        {"allowedOrigins": ["https://a.example"] * 101},
        {"redact": "yes"},
    ],
)
async def test_a_patch_with_one_bad_value_changes_nothing(server: Served, body: dict[str, Any]) -> None:
    path = f"/{(await make(server))['project']['id']}"
    before = (await call(server, "GET", path)).json()

    response = await call(server, "PATCH", path, {"name": "Changed", "retentionDays": 9, **body})

    assert response.status_code == 400
    said = response.json()
    assert next(iter(body)) in said["error"] + said.get("detail", "")
    assert (await call(server, "GET", path)).json() == before


async def test_an_unknown_strategy_is_told_which_are_installed(server: Served) -> None:
    response = await call(server, "PATCH", "/proj_default", {"clusteringStrategy": "missing"})

    assert response.json()["error"] == (
        "clusteringStrategy 'missing' is not installed (installed: fingerprint, template)"
    )


async def test_a_key_is_made_listed_and_revoked(server: Served) -> None:
    project_id = (await make(server))["project"]["id"]
    path = f"/{project_id}/keys"
    made = (await call(server, "POST", path, {})).json()
    assert made | {"projectId": project_id, "label": "project-key", "scope": "full"} == made
    assert set(made) == {"apiKeyId", "projectId", "label", "scope", "apiKey"}
    assert await status_of(server, made["apiKey"]) == 200
    await server.use.flush()

    listed = await call(server, "GET", path)
    assert len(listed.json()["keys"]) == 3
    assert made["apiKey"].removeprefix("rpk_") not in listed.text
    newest = listed.json()["keys"][0]
    assert newest["id"] == made["apiKeyId"]
    assert newest["status"] == "active"
    assert set(newest) == {"id", "projectId", "label", "scope", "status", "createdAt", "lastUsedAt"}
    assert set(listed.json()["keys"][1]) == {"id", "projectId", "label", "scope", "status", "createdAt"}

    for _ in range(2):
        revoked = await call(server, "POST", f"{path}/{made['apiKeyId']}/revoke")
        assert revoked.status_code == 200
        assert revoked.json()["key"] == {**newest, "status": "revoked"}
    assert await status_of(server, made["apiKey"]) == 401


async def test_a_key_may_expire(server: Served) -> None:
    path = f"/{(await make(server))['project']['id']}/keys"
    asked = {"label": "l", "scope": "read", "expiresAt": "2100-01-01T02:00:00+02:00"}
    made = (await call(server, "POST", path, asked)).json()

    assert (made["scope"], made["expiresAt"]) == ("read", "2100-01-01T00:00:00Z")
    await ProjectApiKey.filter(id=made["apiKeyId"]).update(expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    newest = (await call(server, "GET", path)).json()["keys"][0]
    assert (newest["status"], newest["expiresAt"]) == ("expired", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("body", "field_name"),
    [
        ({"scope": "admin"}, "scope"),
        ({"scope": ""}, "scope"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2100-01-01T00:00:00"}, "expiresAt"),
        ({"expiresAt": "tomorrow"}, "expiresAt"),
        ({"expiresAt": "9999-12-31T23:59:59-23:00"}, "expiresAt"),
        ({"label": "l" * 201}, "label"),
        ({"label": 1}, "label"),
    ],
)
async def test_a_key_that_cannot_be_made_says_which_field(
    server: Served, body: dict[str, Any], field_name: str
) -> None:
    response = await call(server, "POST", "/proj_default/keys", body)

    assert response.status_code == 400
    assert field_name in response.json()["error"] + response.json().get("detail", "")
    assert await ProjectApiKey.all().count() == 0


async def test_what_is_not_there_gets_404_and_nothing_of_another_project(server: Served) -> None:
    mine, other = (await make(server))["project"]["id"], (await make(server))["project"]["id"]
    theirs = (await call(server, "GET", f"/{other}/keys")).json()["keys"][0]
    await Project.create(id="leaving", name="n", site="s", created_at=datetime.now(UTC), deleting_at=datetime.now(UTC))

    for name in ("proj_missing", "leaving", "a" * 300, "%ff", "a%2Fb"):
        for method, path, body in (
            ("GET", f"/{name}", None),
            ("PATCH", f"/{name}", {"name": "n"}),
            ("POST", f"/{name}/keys", {}),
            ("GET", f"/{name}/keys", None),
            ("POST", f"/{name}/keys/{theirs['id']}/revoke", None),
        ):
            response = await call(server, method, path, body)
            assert (response.status_code, response.json()["error"]) == (404, "project not found"), (method, path)
    for key_id in (theirs["id"], "key_missing", "k" * 300):
        assert (await call(server, "POST", f"/{mine}/keys/{key_id}/revoke")).json()["error"] == "key not found"
    assert (await call(server, "DELETE", "/proj_missing")).status_code == 404
    assert (await call(server, "GET", f"/{other}/keys")).json()["keys"][0] == theirs


async def test_a_deleted_project_is_gone_with_its_keys_and_no_other(server: Served, purge: Purge) -> None:
    gone, stays = await make(server), await make(server)
    gone_id = gone["project"]["id"]
    assert await status_of(server, gone["apiKey"]) == 200

    response = await call(server, "DELETE", f"/{gone_id}")

    assert (response.status_code, response.json()) == (200, {"deleted": True, "projectId": gone_id})
    assert purge.purged == [gone_id]
    assert await status_of(server, gone["apiKey"]) == 401
    assert await status_of(server, stays["apiKey"]) == 200
    assert await ProjectApiKey.filter(project_id=gone_id).count() == 0
    for method in ("GET", "DELETE"):
        assert (await call(server, method, f"/{gone_id}")).status_code == 404


async def test_a_deletion_that_fails_closes_the_keys_and_is_taken_up_again(server: Served, purge: Purge) -> None:
    made = await make(server)
    project_id = made["project"]["id"]
    assert await status_of(server, made["apiKey"]) == 200
    purge.failures = 1

    assert (await call(server, "DELETE", f"/{project_id}")).status_code == 500
    assert await status_of(server, made["apiKey"]) == 401
    assert await service.interrupted_deletions() == [project_id]
    assert project_id not in [p["id"] for p in (await call(server, "GET", "")).json()["projects"]]

    assert (await call(server, "DELETE", f"/{project_id}")).status_code == 200
    assert await service.interrupted_deletions() == []


async def test_the_default_project_stays(server: Served, purge: Purge) -> None:
    response = await call(server, "DELETE", "/proj_default")

    assert (response.status_code, response.json()["error"]) == (409, "the default project cannot be deleted")
    assert purge.purged == []
    assert (await call(server, "GET", "/proj_default")).json()["project"]["name"] == "Default Project"


async def test_every_route_wants_the_admin_key(server: Served) -> None:
    for endpoint in project_routes.endpoints:
        path = re.sub(r"<(\w+):str>", "proj_default", endpoint.path)
        assert (await server.client.request(endpoint.method, path)).status_code == 401


class TestWithoutAServer:
    """What the command line uses."""

    async def test_projects_and_keys(self, database: Database, purge: Purge) -> None:
        project, api_key, ingest_key = await service.create_project("n", "s")
        row, raw = await service.create_key(project.id, scope="read")

        assert (await service.get_project(project.id)).name == "n"
        assert next(p.id for p in await service.list_projects()) == project.id
        assert next(k.id for k in await service.list_keys(project.id)) == row.id
        assert len({api_key, ingest_key, raw}) == 3
        assert (await service.revoke_key(project.id, row.id)).revoked_at is not None
        await service.delete_project(project.id, purge)
        with pytest.raises(NotFound):
            await service.get_project(project.id)
        with pytest.raises(Conflict):
            await service.delete_project("proj_default", purge)

    async def test_text_from_a_shell_that_is_no_text_is_refused(self, database: Database) -> None:
        with pytest.raises(Invalid, match="name holds characters"):
            await service.create_project("\udcff", "s")

    async def test_two_deletions_at_once_both_end_well(self, database: Database) -> None:
        project, _, _ = await service.create_project("n", "s")
        together = asyncio.Barrier(2)

        class Meeting:
            async def purge(self, project_id: str) -> None:
                await together.wait()

        await asyncio.gather(*(service.delete_project(project.id, Meeting()) for _ in range(2)))

        assert await Project.exists(id=project.id) is False
