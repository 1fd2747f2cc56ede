"""Who may call what: the table of CONTRACT section 1."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from pydantic import SecretStr

from retrospec.core.clock import now
from retrospec.core.db import Database
from retrospec.core.settings import Settings
from retrospec.core.settings_server import Access
from retrospec.projects import service
from retrospec.projects.keys import new_raw_key
from retrospec.projects.models import Project, ProjectApiKey
from tests.projects.serving import Served, sample_routes, served

ANONYMOUS: tuple[Access, ...] = ("none", "write", "full")
OPERATOR = {"X-Retrospec-Admin": "the-admin", "X-Retrospec-Internal": "the-worker"}


def make_settings(**changes: Any) -> Settings:
    given = {
        "admin_api_key": SecretStr("the-admin"),
        "internal_api_key": SecretStr("the-worker"),
        "ingest_api_key": SecretStr("the-operators"),
        "anonymous_access": "none",
        "rate_limit_burst": 0,
    }
    return Settings(**{**given, **changes})


@pytest.fixture
def dialect() -> str:
    """What is decided here is no matter of the database; finding keys in both is tested by itself."""
    return "sqlite"


class Keys:
    """A project with a key of each sort. `raw` names the keys, and `own` is the project."""

    def __init__(self, own: str, raw: dict[str, str | None]) -> None:
        self.own = own
        self.raw = raw


@pytest.fixture
async def keys(database: Database) -> Keys:
    project, full, ingest = await service.create_project("Shop", "shop.example")
    other, other_full, _ = await service.create_project("Other", "other.example")
    _, read = await service.create_key(project.id, scope="read")
    revoked_row, revoked = await service.create_key(project.id)
    await service.revoke_key(project.id, revoked_row.id)
    expired_row, expired = await service.create_key(project.id, expires_at=now() + timedelta(hours=1))
    await ProjectApiKey.filter(id=expired_row.id).update(expires_at=now() - timedelta(seconds=1))
    _, leaving = await service.create_key(other.id)
    await Project.filter(id=other.id).update(deleting_at=now())
    raw = {
        "none": None,
        "empty": "",
        "full": full,
        "ingest": ingest,
        "read": read,
        "operator's": "the-operators",
        "revoked": revoked,
        "expired": expired,
        "unknown": new_raw_key(),
        "malformed": "rpk_short",
        "upper": full.upper(),
        "padded": full + "0",
        "not text": "\udcff\udcfe",
        "of a leaving project": leaving,
        "another of it": other_full,
    }
    return Keys(project.id, raw)


BAD = (
    "revoked", "expired", "unknown", "malformed", "upper", "padded", "not text", "of a leaving project",
    "another of it",
)  # fmt: skip
# What keys of each scope get: calls are method and path.
ALLOWED = {
    "full": {"GET /project", "POST /project", "POST /upload", "GET /artifact"},
    "operator's": {"GET /project", "POST /project", "POST /upload", "GET /artifact"},
    "ingest": {"POST /upload"},
    "read": {"GET /project", "GET /artifact"},
}
WITHOUT_KEY: dict[Access, set[str]] = {
    "none": set(),
    "write": {"POST /upload"},
    "full": {"GET /project", "POST /project", "POST /upload", "GET /artifact"},
}
CALLS = ("GET /project", "POST /project", "POST /upload", "GET /artifact")


def expected(key: str, call: str, anonymous: Access) -> int:
    if key in {"none", "empty"}:
        return 200 if call in WITHOUT_KEY[anonymous] else 401
    if key in BAD:
        return 401
    return 200 if call in ALLOWED[key] else 403


async def ask(server: Served, call: str, key: str | None, **headers: str) -> tuple[int, Any]:
    method, path = call.split()
    sent = {name.encode(): value.encode(errors="surrogateescape") for name, value in headers.items()}
    if key is not None:
        sent[b"X-Retrospec-Key"] = key.encode(errors="surrogateescape")
    response = await server.client.request(method, path, headers=sent)
    return response.status_code, response.json()


@pytest.mark.parametrize("anonymous", ANONYMOUS)
async def test_every_key_on_every_access(database: Database, keys: Keys, anonymous: Access) -> None:
    got, wanted = {}, {}
    async with served(database, make_settings(anonymous_access=anonymous), [sample_routes()]) as server:
        for (name, key), call in product(keys.raw.items(), CALLS):
            status, body = await ask(server, call, key)
            got[name, call] = status
            wanted[name, call] = expected(name, call, anonymous)
            if status == 200:
                default = name in {"none", "empty", "operator's"}
                assert body["caller"][0] == ("proj_default" if default else keys.own)
                assert body["caller"][2] == (name in {"none", "empty"})
            else:
                assert body["error"] == {401: "unauthorized", 403: "key scope does not allow this"}[status]

    assert got == wanted


@pytest.mark.parametrize(("path", "header"), [("/admin", "X-Retrospec-Admin"), ("/internal", "X-Retrospec-Internal")])
async def test_operator_routes_open_to_their_own_key_only(
    database: Database, keys: Keys, path: str, header: str
) -> None:
    other = next(name for name in OPERATOR if name != header)
    async with served(database, make_settings(anonymous_access="full"), [sample_routes()]) as server:
        for method in ("GET", "POST"):
            statuses = [
                await ask(server, f"{method} {path}", keys.raw["full"]),
                await ask(server, f"{method} {path}", None, **{header: ""}),
                await ask(server, f"{method} {path}", None, **{header: "wrong"}),
                await ask(server, f"{method} {path}", None, **{header: OPERATOR[other]}),
                await ask(server, f"{method} {path}", None, **{other: OPERATOR[other]}),
                await ask(server, f"{method} {path}", None, **{header: "\udcff"}),
            ]
            assert [(status, body["error"]) for status, body in statuses] == [(401, "unauthorized")] * 6
            assert (await ask(server, f"{method} {path}", None, **{header: OPERATOR[header]}))[0] == 200
            # A page that holds a revoked key must be able to make a new one.
            assert (await ask(server, f"{method} {path}", keys.raw["revoked"], **{header: OPERATOR[header]}))[0] == 200


@pytest.mark.parametrize("unset", [None, SecretStr("")])
async def test_operator_routes_are_closed_while_their_key_is_unset(database: Database, unset: SecretStr | None) -> None:
    settings = make_settings(admin_api_key=unset, internal_api_key=unset)
    async with served(database, settings, [sample_routes()]) as server:
        for given in ({}, {"X-Retrospec-Admin": "", "X-Retrospec-Internal": ""}, OPERATOR):
            admin = await ask(server, "GET /admin", None, **given)
            internal = await ask(server, "POST /internal", None, **given)
            assert (admin[0], admin[1]["error"]) == (403, "admin endpoints disabled")
            assert (internal[0], internal[1]["error"]) == (403, "internal endpoints disabled")


@pytest.mark.parametrize("anonymous", ANONYMOUS)
async def test_public_routes_look_at_no_key(database: Database, keys: Keys, anonymous: Access) -> None:
    async with served(database, make_settings(anonymous_access=anonymous), [sample_routes()]) as server:
        for key in keys.raw.values():
            assert await ask(server, "GET /public", key) == (200, {"caller": None, "address": "127.0.0.1"})


async def test_a_key_in_the_query_opens_artifacts_only(database: Database, keys: Keys) -> None:
    async with served(database, make_settings(), [sample_routes()]) as server:
        full, read, ingest = keys.raw["full"], keys.raw["read"], keys.raw["ingest"]
        assert (await ask(server, f"GET /artifact?key={full}", None))[1]["caller"][0] == keys.own
        assert (await ask(server, f"GET /artifact?key={read}", None))[0] == 200
        assert (await ask(server, f"GET /artifact?key={ingest}", None))[0] == 403
        assert (await ask(server, f"GET /artifact?key={keys.raw['revoked']}", None))[0] == 401
        assert (await ask(server, f"GET /project?key={full}", None))[0] == 401
        assert (await ask(server, f"POST /upload?key={full}", None))[0] == 401
        # The header speaks where both are there.
        assert (await ask(server, f"GET /artifact?key={full}", keys.raw["revoked"]))[0] == 401


@pytest.mark.parametrize("anonymous", ANONYMOUS)
async def test_an_artifact_token_is_left_to_the_handler(database: Database, keys: Keys, anonymous: Access) -> None:
    async with served(database, make_settings(anonymous_access=anonymous), [sample_routes()]) as server:
        status, body = await ask(server, "GET /artifact?artifactToken=x", None)
        assert (status, body["caller"]) == (200, ["", "read", True, None])
        assert (await ask(server, "GET /artifact?artifactToken=x", keys.raw["full"]))[1]["caller"][0] == keys.own
        assert (await ask(server, "GET /artifact?artifactToken=x", keys.raw["revoked"]))[0] == 401
        assert (await ask(server, "GET /artifact?artifactToken=", None))[0] == expected(
            "none", "GET /artifact", anonymous
        )
        assert (await ask(server, "GET /project?artifactToken=x", None))[0] == expected(
            "none", "GET /project", anonymous
        )


async def test_a_route_that_does_not_say_who_may_call_it_is_closed(database: Database, keys: Keys) -> None:
    routes = sample_routes()

    @routes.blueprint.get("/bare", name="bare")
    async def bare(request: Any) -> Any:
        raise AssertionError("reached")

    async with served(database, make_settings(anonymous_access="full"), [routes]) as server:
        assert (await ask(server, "GET /bare", keys.raw["full"], **OPERATOR))[0] == 401


async def test_paths_and_methods_that_are_not_there_need_no_key(database: Database) -> None:
    async with served(database, make_settings(), [sample_routes()]) as server:
        assert (await ask(server, "GET /nothing", None))[0] == 404
        assert (await ask(server, "DELETE /project", None))[0] == 405


@pytest.mark.parametrize("path", ["/project?q=%00", "/%00", "/public?%00=1", "/project/%00/x"])
async def test_a_nul_in_path_or_query_gets_no_further(database: Database, keys: Keys, path: str) -> None:
    async with served(database, make_settings(), [sample_routes()]) as server:
        status, body = await ask(server, f"GET {path}", keys.raw["full"])

    assert (status, body["error"]) == (400, "the path or the query holds U+0000")


async def test_a_revoked_key_ends_at_once_on_this_process(database: Database, keys: Keys) -> None:
    row, raw = await service.create_key(keys.own)
    async with served(database, make_settings(), [sample_routes()]) as server:
        assert (await ask(server, "GET /project", raw))[0] == 200
        await service.revoke_key(keys.own, row.id)
        server.caches.forget(keys.own)

        assert (await ask(server, "GET /project", raw))[0] == 401


async def test_a_key_expires_while_it_is_remembered(database: Database, keys: Keys, monkeypatch: Any) -> None:
    _, raw = await service.create_key(keys.own, expires_at=datetime(2100, 1, 1, tzinfo=UTC))
    async with served(database, make_settings(), [sample_routes()]) as server:
        assert (await ask(server, "GET /project", raw))[0] == 200
        monkeypatch.setattr("retrospec.projects.keys.now", lambda: datetime(2100, 1, 1, tzinfo=UTC))

        assert (await ask(server, "GET /project", raw))[0] == 401


async def test_use_of_a_key_is_noted_where_it_opened_something(database: Database, keys: Keys) -> None:
    async with served(database, make_settings(), [sample_routes()]) as server:
        await ask(server, "GET /project", keys.raw["full"])
        await ask(server, "GET /project", keys.raw["ingest"])
        await ask(server, "GET /project", keys.raw["revoked"])
        await ask(server, "GET /project", keys.raw["operator's"])
        await server.use.flush()

    used = [key.label for key in await ProjectApiKey.exclude(last_used_at=None)]
    assert used == ["default-key"]


class TestRateLimit:
    """One client's requests in a moment: two pass."""

    @pytest.fixture
    async def server(self, database: Database) -> AsyncIterator[Served]:
        settings = make_settings(
            rate_limit_requests_per_sec=0.001, rate_limit_burst=2, trusted_proxies=("127.0.0.0/8",)
        )
        async with served(database, settings, [sample_routes()]) as server:
            yield server

    async def test_too_many_get_429_and_when_to_come_again(self, server: Served) -> None:
        for _ in range(2):
            assert (await server.client.get("/public")).status_code == 200
        refused = await server.client.get("/public")

        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 990 <= int(refused.headers["Retry-After"]) <= 1000
        assert server.counters.drain()["retrospec_rate_limited_total", ()] == 1

    async def test_refused_keys_and_missing_paths_count_too(self, server: Served) -> None:
        statuses = [(await server.client.get(path)).status_code for path in ("/project", "/nothing", "/nothing")]

        assert statuses == [401, 404, 429]

    async def test_watchers_and_preflights_are_not_limited(self, server: Served) -> None:
        for _ in range(5):
            assert (await server.client.get("/healthz")).status_code == 200
            assert (await server.client.get("/metrics")).status_code == 404
            assert (await server.client.options("/public")).status_code == 204
        assert (await server.client.get("/public")).status_code == 200

    async def test_clients_behind_a_trusted_proxy_are_told_apart(self, server: Served) -> None:
        for n in range(4):
            response = await server.client.get("/public", headers={"X-Forwarded-For": f"203.0.113.{n}"})
            assert response.json()["address"] == f"203.0.113.{n}"


async def test_every_answer_names_its_request(database: Database) -> None:
    async with served(database, make_settings(), [sample_routes()]) as server:
        for path in ("/public", "/project", "/nothing", "/broken"):
            response = await server.client.get(path)
            assert response.headers["X-Request-Id"]
            assert (
                response.json().get("requestId", response.headers["X-Request-Id"]) == response.headers["X-Request-Id"]
            )
        named = await server.client.get("/public", headers={"X-Request-Id": "my-request.1"})
        assert named.headers["X-Request-Id"] == "my-request.1"
        for hostile in (b"\xff\xfe", b"x" * 101, b"a b"):
            response = await server.client.get("/nothing", headers={b"X-Request-Id": hostile})
            assert response.status_code == 404
            assert len(response.headers["X-Request-Id"]) == 36
