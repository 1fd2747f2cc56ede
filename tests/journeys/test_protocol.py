"""HTTP as it arrives from the world: slow, cut off, pipelined, too large, and asking in every manner."""

import asyncio
import json
import random

import msgspec
import pytest

from retrospec.app import endpoints
from retrospec.core.routing import Access
from tests.client import ADMIN, Client, MakeClient, marker
from tests.journeys.holdings import holdings
from tests.journeys.wire import ask, chunks, connected, head, request

INGEST, UPLOAD = "/v1/ingest/session", "/v1/artifacts/session-events"
BODY = json.dumps({"session": {"id": "s1", "site": "x"}, "markers": []}).encode()
EVENTS = json.dumps({"sessionId": "s1", "site": "x", "events": []}).encode()
BODIES = pytest.mark.parametrize(("path", "body"), [(INGEST, BODY), (UPLOAD, EVENTS)], ids=["ingest", "upload"])


@pytest.fixture
def dialect() -> str:
    """What happens before the database is asked is no matter of it."""
    return "sqlite"


class TestDeadlines:
    async def test_a_head_that_drips_is_cut_off(self, make_client: MakeClient) -> None:
        client = await make_client(request_read_timeout_seconds=0.6)

        async with connected(client.url) as wire, asyncio.timeout(8):
            sent = await wire.drip(head("POST", INGEST, X_Long="a" * 4000), 0.05)

        assert sent < 60

    @BODIES
    async def test_a_body_that_drips_gets_400_at_the_deadline_and_leaves_nothing(
        self, make_client: MakeClient, path: str, body: bytes
    ) -> None:
        client = await make_client(request_read_timeout_seconds=0.6)
        before = await holdings(client)

        async with connected(client.url) as wire, asyncio.timeout(8):
            await wire.send(head("POST", path, Content_Length=len(body)))
            dripping = asyncio.create_task(wire.drip(body, 0.05))
            reply = await wire.reply()
            await dripping
            closed = await wire.closed()

        assert reply.told == (400, "body_incomplete", "the body did not arrive in time", "")
        assert closed
        assert await holdings(client) == before

    @BODIES
    async def test_a_length_larger_than_the_body_gets_400_at_the_deadline(
        self, make_client: MakeClient, path: str, body: bytes
    ) -> None:
        client = await make_client(request_read_timeout_seconds=0.4)
        before = await holdings(client)

        reply = await ask(client.url, request("POST", path, body, Content_Length=len(body) + 1))

        assert reply.told == (400, "body_incomplete", "the body did not arrive in time", "")
        assert await holdings(client) == before

    async def test_chunks_that_never_end_get_400_at_the_deadline(self, make_client: MakeClient) -> None:
        client = await make_client(request_read_timeout_seconds=0.4)

        reply = await ask(client.url, head("POST", INGEST, Transfer_Encoding="chunked") + chunks(BODY)[:-5])

        assert reply.told[:2] == (400, "body_incomplete")

    async def test_the_rest_of_a_body_that_was_answered_early_may_not_drip_for_ever(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(anonymous_access="none", request_read_timeout_seconds=0.6)

        async with connected(client.url) as wire, asyncio.timeout(10):
            await wire.send(head("POST", UPLOAD, Content_Length=100_000))
            reply = await wire.reply()
            sent = await wire.drip(b"x" * 1000, 0.05)

        assert reply.status == 401
        assert sent < 200

    async def test_a_slow_client_within_the_deadline_is_served(self, client: Client) -> None:
        async with connected(client.url) as wire:
            await wire.drip(request("POST", INGEST, BODY), 0.001)
            assert (await wire.reply()).status == 202


class TestCutOff:
    @BODIES
    async def test_a_whole_request_is_answered_also_when_no_more_will_come(
        self, client: Client, path: str, body: bytes
    ) -> None:
        async with connected(client.url) as wire:
            await wire.send(request("POST", path, body))
            wire.end()
            assert (await wire.reply()).status in {201, 202}
            assert await wire.closed()

    @BODIES
    @pytest.mark.parametrize("kept", [0, 1, 20])
    async def test_a_body_that_ends_early_gets_400(self, client: Client, path: str, body: bytes, kept: int) -> None:
        before = await holdings(client)

        async with connected(client.url) as wire:
            await wire.send(request("POST", path, body[:kept], Content_Length=len(body)))
            wire.end()
            reply = await wire.reply()

        assert reply.told[:2] == (400, "body_incomplete")
        assert "ended before" in reply.told[2]
        assert await holdings(client) == before

    async def test_chunks_that_end_early_get_400(self, client: Client) -> None:
        whole = chunks(BODY)
        for length in (1, 5, len(whole) - 6, len(whole) - 1):
            async with connected(client.url) as wire:
                await wire.send(head("POST", INGEST, Transfer_Encoding="chunked") + whole[:length])
                wire.end()
                assert (await wire.reply()).told[:2] == (400, "body_incomplete"), length

    @BODIES
    async def test_a_client_that_hangs_up_leaves_nothing_and_stops_nobody(
        self, client: Client, path: str, body: bytes
    ) -> None:
        before = await holdings(client)

        for length in (10, 60, len(head("POST", path, Content_Length=len(body))) + 30):
            async with connected(client.url) as wire:
                await wire.send(request("POST", path, body)[:length])

        assert await holdings(client) == before
        assert (await ask(client.url, request("POST", path, body))).status in {201, 202}

    async def test_a_head_that_ends_early_is_answered_or_dropped(self, client: Client) -> None:
        async with connected(client.url) as wire:
            await wire.send(b"POST /v1/ing")
            wire.end()
            assert (await wire.reply()).status in {0, 400}


class TestManyRequestsOnOneConnection:
    async def test_pipelined_requests_are_answered_in_their_order(self, client: Client) -> None:
        async with connected(client.url) as wire:
            asked = [request("POST", INGEST, BODY), head("GET", "/nowhere"), head("GET", "/v1/sessions/s1")]
            await wire.send(b"".join([*asked, head("GET", "/healthz")]))
            replies = [await wire.reply("GET") for _ in range(4)]

        assert [reply.status for reply in replies] == [202, 404, 200, 200]
        assert replies[2].json()["session"]["id"] == "s1"

    @pytest.mark.parametrize(
        ("bad", "status"),
        [
            (request("POST", INGEST, b"{"), 400),
            (request("POST", INGEST, b"[" * 5000), 400),
            (request("POST", "/nowhere", BODY), 404),
            (request("POST", "/v1/issues", BODY), 405),
            (request("POST", "/v1/admin/projects", BODY), 401),
            (request("POST", INGEST, BODY, X_Retrospec_Key="rpk_wrong"), 401),
            (request("POST", INGEST, BODY, Content_Encoding="br"), 415),
            (head("POST", "/v1/admin/projects", Transfer_Encoding="chunked") + chunks(BODY, BODY), 401),
        ],
    )
    async def test_after_an_error_the_next_request_is_answered(self, client: Client, bad: bytes, status: int) -> None:
        async with connected(client.url) as wire:
            await wire.send(bad + head("GET", "/healthz"))
            assert (await wire.reply()).status == status
            assert (await wire.reply("GET")).json() == {"status": "ok"}

    async def test_what_follows_a_length_too_short_is_no_part_of_that_request(self, client: Client) -> None:
        async with connected(client.url) as wire:
            await wire.send(request("POST", INGEST, BODY + head("GET", "/healthz"), Content_Length=len(BODY)))
            assert (await wire.reply()).status == 202
            assert (await wire.reply("GET")).json() == {"status": "ok"}

    async def test_a_request_hidden_in_the_body_of_a_refused_one_is_not_run(self, client: Client) -> None:
        hidden = request("DELETE", "/v1/sessions/s1")
        await client.ingest("s1")

        async with connected(client.url) as wire:
            await wire.send(request("POST", "/v1/admin/projects", hidden) + head("GET", "/healthz"))
            assert (await wire.reply()).status == 401
            assert (await wire.reply("GET")).json() == {"status": "ok"}

        assert (await client.get("/v1/sessions/s1"))["session"]["id"] == "s1"


class TestEarlyAnswers:
    """A client that sends all of a large body before it reads must find the answer, not a reset connection."""

    LARGE = random.Random(1).randbytes(30 * 2**20)

    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            (UPLOAD, {"X_Retrospec_Key": "rpk_wrong"}, 401),
            (INGEST, {"X_Retrospec_Key": "rpk_wrong"}, 401),
            ("/v1/admin/projects", {}, 401),
            (UPLOAD, {}, 413),
            (INGEST, {}, 413),
            ("/nowhere", {}, 404),
            ("/healthz", {}, 405),
            (UPLOAD, {"Content_Encoding": "br"}, 415),
            (UPLOAD, {"Content_Encoding": "gzip"}, 400),
        ],
    )
    @pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
    async def test_they_reach_a_client_that_sends_first(
        self, make_client: MakeClient, path: str, headers: dict[str, str], status: int, *, chunked: bool
    ) -> None:
        client = await make_client(max_events_bytes=2**20, max_body_bytes=2**20)
        sized = head("POST", path, Content_Length=len(self.LARGE), **headers)
        in_chunks = head("POST", path, Transfer_Encoding="chunked", **headers)

        async with connected(client.url) as wire:
            await wire.send(
                in_chunks + chunks(self.LARGE[: 2**24], self.LARGE[2**24 :]) if chunked else sized + self.LARGE
            )
            assert (await wire.reply()).status == status

    async def test_they_come_before_the_body_has_been_sent(self, make_client: MakeClient) -> None:
        client = await make_client(max_events_bytes=2**20)

        for headers, status in (({"X_Retrospec_Key": "rpk_wrong"}, 401), ({}, 413)):
            assert (await ask(client.url, head("POST", UPLOAD, Content_Length=2**26, **headers))).status == status

    @pytest.mark.parametrize(
        "sent",
        [
            head("POST", INGEST, X_Long="a" * 2**20) + BODY,
            head("GET", f"/v1/sessions/{'a' * 2**20}"),
            head("GET", f"/v1/issues?q={'a' * 2**20}"),
            b"GET" * 2**18,
        ],
        ids=["header", "path", "query", "method"],
    )
    async def test_a_head_larger_than_any_is_answered(self, client: Client, sent: bytes) -> None:
        assert (await ask(client.url, sent)).told[:2] == (413, "too_large")

    async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(self, client: Client) -> None:
        async with connected(client.url) as wire:
            await wire.send(head("POST", INGEST, Content_Length=len(BODY), Expect="100-continue"))
            async with asyncio.timeout(5):
                assert await wire.line() == b"HTTP/1.1 100 Continue\r\n"
                assert await wire.line() == b"\r\n"
            await wire.send(BODY)
            assert (await wire.reply()).status == 202


class TestErrors:
    """What is refused says why, and lets a browser's page read it."""

    async def test_a_path_that_is_none_gets_404(self, client: Client) -> None:
        for path in ("/", "/v1", "/v1/nothing", "/v1/issues/x/y/z", "/V1/issues", "//v1/issues", "/v1//issues"):
            reply = await ask(client.url, head("GET", path), "GET")
            assert reply.told == (404, "not_found", "there is nothing at this path", ""), path
            assert reply.json()["requestId"] == reply.headers["x-request-id"]

    async def test_a_method_that_a_path_does_not_take_gets_405_and_those_that_it_takes(self, client: Client) -> None:
        allowed = {"/v1/ingest/session": "POST", "/v1/issues": "GET, HEAD", "/v1/sessions/s1": "GET, HEAD, DELETE"}
        for path, methods in allowed.items():
            for method in ("PUT", "TRACE", "PATCH", "NONSENSE"):
                reply = await ask(client.url, head(method, path), method)
                assert reply.told[:2] == (405, "method_not_allowed"), (method, path)
                assert reply.headers["allow"] == methods

    async def test_head_gets_what_get_gets_without_its_body(self, client: Client) -> None:
        await client.recorded("s1", marker())
        for path in ("/healthz", "/v1/sessions/s1", "/v1/sessions/s1/events", "/v1/issues", "/v1/sessions/nobody"):
            async with connected(client.url) as wire:
                await wire.send(head("HEAD", path) + head("GET", path))
                short, whole = await wire.reply("HEAD"), await wire.reply("GET")
            assert (short.status, short.body) == (whole.status, b""), path
            assert short.headers["content-type"] == whole.headers["content-type"]

    async def test_options_is_a_preflight_on_every_route(self, client: Client) -> None:
        for endpoint in endpoints():
            reply = await ask(
                client.url, head("OPTIONS", endpoint.path.replace("<", "").replace(":str>", "")), "OPTIONS"
            )
            assert (reply.status, reply.body) == (204, b"")
            assert endpoint.method in reply.headers["access-control-allow-methods"]
            assert reply.headers["access-control-allow-origin"] == "*"

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (head("GET", "/v1/nothing"), 404),
            (head("PUT", "/v1/issues"), 405),
            (head("GET", "/v1/issues", X_Retrospec_Key="rpk_wrong"), 401),
            (head("GET", "/v1/admin/projects"), 401),
            (request("POST", INGEST, b"{"), 400),
            (head("GET", "/v1/issues?limit=0"), 400),
            (head("POST", INGEST, Content_Length=2**40), 413),
            (request("POST", INGEST, BODY, Content_Encoding="br"), 415),
            (head("GET", "/v1/sessions/nobody"), 404),
            (b"nonsense\r\n\r\n", 400),
            (head("POST", INGEST, Content_Length=-1), 400),
        ],
    )
    async def test_every_error_can_be_read_across_origins_and_is_named(
        self, client: Client, sent: bytes, status: int
    ) -> None:
        reply = await ask(client.url, sent)

        assert reply.status == status
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.json().keys() >= {"error", "code", "requestId"}
        assert reply.headers["x-request-id"] == reply.json()["requestId"]

    async def test_too_many_requests_get_429_with_a_pause_and_can_be_read_across_origins(
        self, make_client: MakeClient
    ) -> None:
        client = await make_client(rate_limit_requests_per_sec=0.5, rate_limit_burst=1)

        _, refused = [await ask(client.url, head("GET", "/v1/issues"), "GET") for _ in range(2)]

        assert refused.told[:2] == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 2
        assert refused.headers["access-control-allow-origin"] == "*"

    async def test_a_defect_gets_500_without_its_text(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ValueError("secret internals of line 17")

        monkeypatch.setattr(client.listening.server.promoter, "promote", fail)

        reply = await ask(client.url, request("POST", "/v1/issues/promote", b"{}"))

        assert reply.told == (500, "internal_error", "internal error", "")
        assert b"internals" not in reply.body
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.headers["x-request-id"] == reply.json()["requestId"]

    async def test_a_request_keeps_the_name_that_its_caller_gave_it_if_it_is_harmless(self, client: Client) -> None:
        kept = await ask(client.url, head("GET", "/nowhere", X_Request_ID="trace-1.a:b_c"), "GET")
        assert kept.headers["x-request-id"] == kept.json()["requestId"] == "trace-1.a:b_c"

        for odd in ("a b", "é", "x" * 101, '"quoted"', "a\x1bb"):
            made = await ask(client.url, head("GET", "/nowhere", X_Request_ID=odd), "GET")
            assert made.headers["x-request-id"] == made.json()["requestId"] != odd
            assert made.headers["x-request-id"].isascii()

    async def test_paths_of_every_kind_get_an_answer_and_never_500(self, client: Client) -> None:
        odd = [
            "%00",
            "a%00b",
            "%zz",
            "%",
            "%2",
            "%ff",
            "%ed%a0%80",
            "..%2f..",
            "%2e%2e",
            "%2e%2e%2f%2e%2e",
            "a%0ab",
            "%0d%0a",
        ]
        odd += [
            "x" * 129,
            "x" * 2000,
            "%F0%9F%98%80",
            "%C3%A4",
            "a%20b",
            "a+b",
            "%25",
            "%2500",
            ";",
            "*",
            "'",
            "%22",
            "%5c",
        ]
        templates = [
            one.path for one in endpoints() if one.method == "GET" and one.parameters and one.access is Access.PROJECT
        ]
        for template in templates:
            for part in odd:
                path = "/".join(part if piece.startswith("<") else piece for piece in template.split("/"))
                reply = await ask(client.url, head("GET", path), "GET")
                assert reply.status in {400, 401, 404} or reply.json().get("events") == [], (path, reply.told)
                assert reply.json().get("error", "nothing there"), path

    async def test_queries_of_every_kind_get_an_answer_and_never_500(self, client: Client) -> None:
        odd = [
            "%00",
            "%zz",
            "%ff",
            "%ed%a0%80",
            "x" * 5000,
            "-1",
            "0",
            "1e9",
            "9" * 400,
            "NaN",
            "Infinity",
            "null",
            "[]",
            "'",
            "%22",
        ]
        queries = [
            (f"{one.path}?queue=replay" if "dead" in one.path else f"{one.path}?", name)
            for one in endpoints()
            if one.query
            for name in _fields(one.query)
        ]
        paths = {
            "<cluster_key:str>": "api_error:0000000000000000",
            "<session_id:str>": "s1",
            "<artifact_type:str>": "t",
        }
        for template, name in queries:
            path = template
            for parameter, value in paths.items():
                path = path.replace(parameter, value)
            for value in odd:
                reply = await ask(client.url, head("GET", f"{path}&{name}={value}", X_Retrospec_Admin=ADMIN), "GET")
                assert reply.status in {200, 400, 401, 404}, (path, name, value, reply.told)
                if reply.status == 400 and "U+0000" not in reply.json()["error"]:
                    assert name in reply.json()["error"], (path, value, reply.told)


def _fields(shape: type) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(shape)]
