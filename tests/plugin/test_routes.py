"""Routes of plugins: under the plugin's name, behind the ordinary gate, in the plugin's own event loop."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from retrospec.batteries import BATTERIES
from retrospec.plugin.manager import PluginHost
from tests.client import ADMIN, MakeClient

BOARDS = """
    import asyncio, sys, threading
    from retrospec.plugin import PluginRequest, PluginResponse, PluginRoute, hookimpl

    FREE = threading.Event()

    async def echo(request):
        return PluginResponse.json({
            "project": request.project_id, "method": request.method, "path": request.path,
            "parameters": dict(request.parameters), "query": dict(request.query), "body": request.body.decode(),
            "keys": [name for name in request.headers if name.startswith("x-retrospec")],
            "thread": threading.current_thread().name,
        }, status=201)

    async def misbehave(request):
        match request.parameters["how"]:
            case "raises":
                raise RuntimeError("no luck with hunter2")
            case "exits":
                sys.exit(3)
            case "hangs":
                await asyncio.sleep(60)
            case "blocks":
                FREE.wait(60)
            case "splits":
                return PluginResponse("x", headers={"X-Odd": "a\\r\\nSet-Cookie: a=b"})
            case "teapot":
                return PluginResponse("x", status=42)
        return {"not": "a response"}

    async def page(request):
        return PluginResponse("<h1>Boards</h1>", content_type="text/html; charset=utf-8", headers={
            "Set-Cookie": "a=b", "Access-Control-Allow-Origin": "https://evil.example", "X-Board": "7"})

    @hookimpl
    def retrospec_routes():
        return [
            PluginRoute("GET", "/", page, "Show the boards"),
            PluginRoute("GET", "/boards/{board_id}", echo, "Get a board", "With all its cards."),
            PluginRoute("POST", "/boards/{board_id}", echo, "Change a board"),
            PluginRoute("POST", "/signals", echo, "Take a signal", access="upload"),
            PluginRoute("DELETE", "/boards", echo, "Delete all boards", access="admin"),
            PluginRoute("GET", "/misbehave/{how}", misbehave, "Do what no handler may do"),
        ]
"""


async def test_a_handler_is_given_the_request_and_runs_in_a_thread_of_its_plugin(serve_with: MakeClient) -> None:
    client = await (await serve_with(BOARDS)).project()

    answer = await client.http.post("/v1/x/odd/boards/a%20b?x=1&x=2", content=b"hello")

    assert answer.status_code == 201
    told = answer.json()
    assert told.pop("project").startswith("proj_")
    assert told == {
        "method": "POST",
        "path": "/boards/a b",
        "parameters": {"board_id": "a b"},
        "query": {"x": "2"},
        "body": "hello",
        "keys": [],
        "thread": "plugin routes odd",
    }


async def test_the_ordinary_gate_stands_before_them(serve_with: MakeClient) -> None:
    client = await serve_with(BOARDS, anonymous_access="none", max_body_bytes=1024)
    made = await client.admin("POST", "/v1/admin/projects", json={"name": "Shop", "site": "shop.example"})
    uploads = client.with_key(made["ingestKey"])

    async def status(method: str, path: str, key: str = "", **options: object) -> int:
        by = client.with_key(key) if key else client
        return (await by.http.request(method, f"/v1/x/odd{path}", **options)).status_code  # type: ignore[arg-type]

    assert await status("GET", "/boards/7") == 401
    assert await status("GET", "/boards/7", made["ingestKey"]) == 403
    assert await status("POST", "/signals", made["ingestKey"]) == 201
    assert await status("POST", "/signals", made["ingestKey"], content=b"x" * 2000) == 413
    assert await status("DELETE", "/boards", made["apiKey"]) == 401
    assert await status("DELETE", "/boards", headers={"X-Retrospec-Admin": ADMIN}) == 201
    assert await status("GET", "/nothing", made["apiKey"]) == 404
    assert (await uploads.http.options("/v1/x/odd/signals")).status_code == 204


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("raises", 503, "plugin_failed"),
        ("exits", 503, "plugin_failed"),
        ("hangs", 504, "plugin_timeout"),
        ("blocks", 504, "plugin_timeout"),
        ("returns", 503, "plugin_failed"),
        ("splits", 503, "plugin_failed"),
        ("teapot", 503, "plugin_failed"),
    ],
)
async def test_one_that_fails_is_answered_for_and_counted(
    serve_with: MakeClient, how: str, status: int, code: str
) -> None:
    client = await serve_with(BOARDS, plugin_timeout_seconds=0.2)

    answer = await client.http.get(f"/v1/x/odd/misbehave/{how}")
    metrics = await client.http.get("/metrics")
    sys.modules["retrospec_folder_plugins.odd"].FREE.set()

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "hunter2" not in answer.text
    assert "set-cookie" not in answer.headers
    assert 'retrospec_plugin_errors_total{family="routes",plugin="odd"} 1.0' in metrics.text


async def test_what_a_page_may_do_is_for_the_server_to_say_unless_the_plugin_does(serve_with: MakeClient) -> None:
    client = await serve_with(BOARDS)

    answer = await client.http.get("/v1/x/odd")

    assert (answer.status_code, answer.text) == (200, "<h1>Boards</h1>")
    assert answer.headers["x-board"] == "7"
    assert "set-cookie" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-security-policy"].startswith("sandbox")


async def test_they_stand_in_the_documentation_under_the_name_of_the_plugin(serve_with: MakeClient) -> None:
    client = await serve_with(BOARDS)

    described = await client.get("/docs/openapi.json")

    operation = described["paths"]["/v1/x/odd/boards/{boardId}"]["get"]
    assert (operation["tags"], operation["summary"]) == (["Plugin odd"], "Get a board")
    assert "Show the boards" in (await client.http.get("/docs")).text


ROUTE = "PluginRoute('GET', '/boards', nothing, 'Nothing')"
WRONG = {
    "no list": ("42", "TypeError: retrospec_routes returned a int"),
    "no route": ("[42]", "TypeError: 42 is no PluginRoute"),
    "a path that climbs": ("[PluginRoute('GET', '/../admin', nothing, 'x')]", "ValueError: route '/../admin'"),
    "a path of Sanic's": ("[PluginRoute('GET', '/<x:path>', nothing, 'x')]", "ValueError: route '/<x:path>'"),
    "a method there is not": ("[PluginRoute('PUT', '/x', nothing, 'x')]", "ValueError: route /x: the method is 'PUT'"),
    "an access there is not": (
        "[PluginRoute('GET', '/x', nothing, 'x', access='public')]",
        "ValueError: route /x: the",
    ),
    "nothing to call": ("[PluginRoute('GET', '/x', None, 'x')]", "TypeError: route /x: its handler cannot be called"),
    "no summary": ("[PluginRoute('GET', '/x', nothing, ' ')]", "ValueError: route /x: it has no summary"),
    "one twice": (f"[{ROUTE}, {ROUTE}]", "ValueError: route GET /boards: there is one like it already"),
    "other names": (
        "[PluginRoute('GET', '/{a}', nothing, 'x'), PluginRoute('POST', '/{b}', nothing, 'x')]",
        "ValueError: route /{b}: the same path has parameters of other names",
    ),
    "an exit": ("sys.exit(3)", "SystemExit: 3"),
}


@pytest.mark.parametrize("what", WRONG)
def test_routes_that_cannot_be_mounted_leave_their_plugin_out(
    write: Callable[..., None], folder: Path, what: str
) -> None:
    offered, reason = WRONG[what]
    write(
        odd=f"""
        import sys
        from retrospec.plugin import PluginRoute, hookimpl

        async def nothing(request):
            pass

        @hookimpl
        def retrospec_routes():
            return {offered}
        """
    )

    (record,) = [one for one in PluginHost(BATTERIES, folder).records if one.name == "odd"]

    assert record.error.startswith(reason)
    assert record.routes == []
