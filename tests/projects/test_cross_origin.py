"""What a browser sees: preflights, and who may read which answer."""

from typing import Any

import pytest
from httpx import Response

from retrospec.core.db import Database
from retrospec.projects import service
from retrospec.projects.models import Project
from tests.projects.serving import Served, sample_routes, served
from tests.projects.test_gate import make_settings

GLOBAL, OWN, FOREIGN = "https://global.example", "https://own.example", "https://foreign.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-retrospec-key"}


@pytest.fixture
def dialect() -> str:
    """What is decided here is no matter of the database; finding keys in both is tested by itself."""
    return "sqlite"


async def get(server: Served, path: str, origin: str | None, **headers: str) -> Response:
    return await server.client.get(path, headers={**headers, **({"Origin": origin} if origin else {})})


def reader(response: Response) -> str | None:
    found: str | None = response.headers.get("Access-Control-Allow-Origin")
    return found


async def project_with_origins(*origins: str) -> tuple[str, str]:
    project, key, _ = await service.create_project("Shop", "shop.example")
    await Project.filter(id=project.id).update(allowed_origins=list(origins))
    return project.id, key


@pytest.mark.parametrize("path", ["/public", "/project", "/upload", "/admin", "/nothing", "/v1/what/ever"])
async def test_a_preflight_is_answered_on_every_path_without_a_key(database: Database, path: str) -> None:
    async with served(database, make_settings(), [sample_routes()]) as server:
        response = await server.client.options(path, headers={"Origin": FOREIGN, **PREFLIGHT})

    assert (response.status_code, response.content) == (204, b"")
    headers = response.headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "GET, POST, PATCH, DELETE, OPTIONS"
    assert headers["Access-Control-Allow-Headers"] == (
        "Accept, Authorization, Content-Type, Content-Encoding, "
        "X-Retrospec-Key, X-Retrospec-Admin, X-Retrospec-Internal"
    )
    assert headers["Access-Control-Max-Age"] == "300"
    assert "Access-Control-Allow-Credentials" not in headers


async def test_every_answer_can_be_read_errors_too(database: Database) -> None:
    settings = make_settings(rate_limit_requests_per_sec=0.001, rate_limit_burst=6)
    calls = [
        ("GET", "/public", 200),
        ("GET", "/project", 401),
        ("POST", "/admin", 401),
        ("GET", "/nothing", 404),
        ("DELETE", "/public", 405),
        ("GET", "/broken", 500),
        ("GET", "/public", 429),
    ]
    async with served(database, settings, [sample_routes()]) as server:
        for method, path, status in calls:
            response = await server.client.request(method, path, headers={"Origin": GLOBAL})
            assert (response.status_code, reader(response)) == (status, "*")
            assert response.headers["Access-Control-Expose-Headers"] == (
                "Retry-After, X-Request-Id, Content-Range, Accept-Ranges"
            )


async def test_listed_origins_are_echoed_and_others_get_nothing(database: Database) -> None:
    async with served(database, make_settings(cors_allowed_origins=(GLOBAL,)), [sample_routes()]) as server:
        for path in ("/public", "/project", "/nothing", "/broken"):
            assert reader(await get(server, path, GLOBAL)) == GLOBAL
            refused = await get(server, path, FOREIGN)
            assert reader(refused) is None
            assert "Access-Control-Expose-Headers" not in refused.headers
            assert reader(await get(server, path, None)) is None
            assert reader(await get(server, path, "null")) is None
            # Or a cache would hand one origin's answer to another.
            assert {r.headers["Vary"] for r in (refused, await get(server, path, None))} == {"Origin"}
        assert reader(await server.client.options("/project", headers={"Origin": GLOBAL, **PREFLIGHT})) == GLOBAL
        assert reader(await server.client.options("/project", headers={"Origin": FOREIGN, **PREFLIGHT})) is None


@pytest.mark.parametrize("everywhere", [(GLOBAL,), ("*",)])
async def test_a_projects_own_origins_replace_the_global_ones_for_its_keys(
    database: Database, everywhere: tuple[str, ...]
) -> None:
    _, own_key = await project_with_origins(OWN)
    _, plain_key = await project_with_origins()
    async with served(database, make_settings(cors_allowed_origins=everywhere), [sample_routes()]) as server:
        own, plain = {"X-Retrospec-Key": own_key}, {"X-Retrospec-Key": plain_key}
        assert reader(await get(server, "/project", OWN, **own)) == OWN
        assert reader(await get(server, "/project", GLOBAL, **own)) is None
        assert reader(await get(server, "/project", GLOBAL, **plain)) == ("*" if "*" in everywhere else GLOBAL)
        assert reader(await get(server, "/project", OWN, **plain)) == ("*" if "*" in everywhere else None)


async def test_a_key_outside_its_scope_is_told_so_in_its_own_pages_only(database: Database) -> None:
    project_id, _ = await project_with_origins(OWN)
    _, key = await service.create_key(project_id, scope="ingest")
    async with served(database, make_settings(), [sample_routes()]) as server:
        refused = await get(server, "/project", OWN, **{"X-Retrospec-Key": key})
        assert (refused.status_code, reader(refused)) == (403, OWN)
        assert reader(await get(server, "/project", GLOBAL, **{"X-Retrospec-Key": key})) is None


async def test_the_default_projects_origins_hold_for_the_operators_key_and_for_none(database: Database) -> None:
    await Project.filter(id="proj_default").update(allowed_origins=[OWN])
    async with served(database, make_settings(anonymous_access="full"), [sample_routes()]) as server:
        for headers in ({}, {"X-Retrospec-Key": "the-operators"}):
            assert reader(await get(server, "/project", OWN, **headers)) == OWN
            assert reader(await get(server, "/project", GLOBAL, **headers)) is None


async def test_preflights_and_refusals_are_open_to_what_any_project_allows(database: Database) -> None:
    await project_with_origins(OWN)
    async with served(database, make_settings(cors_allowed_origins=(GLOBAL,)), [sample_routes()]) as server:
        for origin in (GLOBAL, OWN):
            assert reader(await server.client.options("/x", headers={"Origin": origin, **PREFLIGHT})) == origin
            assert reader(await get(server, "/project", origin, **{"X-Retrospec-Key": "rpk_wrong"})) == origin
        assert reader(await server.client.options("/x", headers={"Origin": FOREIGN, **PREFLIGHT})) is None


async def test_admin_answers_are_open_to_the_global_origins_only(database: Database) -> None:
    await project_with_origins(OWN)
    async with served(database, make_settings(cors_allowed_origins=(GLOBAL,)), [sample_routes()]) as server:
        admin = {"X-Retrospec-Admin": "the-admin"}
        assert reader(await get(server, "/admin", GLOBAL, **admin)) == GLOBAL
        assert reader(await get(server, "/admin", OWN, **admin)) is None


async def test_changed_origins_hold_at_once_on_this_process(database: Database) -> None:
    project_id, key = await project_with_origins(OWN)
    headers: dict[str, Any] = {"X-Retrospec-Key": key}
    async with served(database, make_settings(cors_allowed_origins=(GLOBAL,)), [sample_routes()]) as server:
        assert reader(await get(server, "/project", OWN, **headers)) == OWN
        assert reader(await server.client.options("/x", headers={"Origin": FOREIGN})) is None
        await Project.filter(id=project_id).update(allowed_origins=[FOREIGN])
        server.caches.forget(project_id)

        assert reader(await get(server, "/project", OWN, **headers)) is None
        assert reader(await get(server, "/project", FOREIGN, **headers)) == FOREIGN
        assert reader(await server.client.options("/x", headers={"Origin": FOREIGN})) == FOREIGN
