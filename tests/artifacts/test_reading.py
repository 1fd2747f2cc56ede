"""Reading artifacts: whole and in ranges, with a key or with a token."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from retrospec.artifacts.serving import ByteRange, requested_range
from retrospec.artifacts.tokens import ArtifactTokens
from retrospec.core.db import Database
from retrospec.core.errors import RangeNotSatisfiable, Unauthorized
from retrospec.core.settings_sources import load
from retrospec.plugin import StorageUnavailable
from tests.client import Client, MakeClient

VIDEO = bytes(range(256)) * 4000
PATH = "/v1/sessions/s-1/artifacts/replay_video"


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A server that leaves the jobs to workers elsewhere."""
    return await make_client(embedded_worker=False)


async def put(client: Client, content: bytes, content_type: str, **facts: Any) -> None:
    """Have a worker write an object and report it."""
    project = facts.get("projectId", "proj_default")
    key = f"replay-artifacts/{project}/s-1/made"

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    await client.listening.server.runtime.storage.put(key, pieces(), content_type=content_type)
    result = {"projectId": project, "sessionId": "s-1", "artifactType": "replay_video", "artifactKey": key}
    await client.internal("/v1/internal/replay-results", result | facts, 202)


@pytest.fixture
async def shop(client: Client) -> Client:
    """A project with a session and its video."""
    shop = await client.project()
    project = (await shop.ingest("s-1"))["session"]["projectId"]
    await put(shop, VIDEO, "video/mp4", projectId=project)
    return shop


async def token_of(client: Client) -> str:
    token: str = (await client.get(f"{PATH}/token"))["token"]
    return token


async def read(client: Client, **headers: str) -> httpx.Response:
    return await client.http.get(PATH, headers=headers)


async def test_an_artifact_comes_with_its_type_and_may_be_kept_for_a_minute(shop: Client) -> None:
    answer = await read(shop)

    assert (answer.status_code, answer.content) == (200, VIDEO)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == str(len(VIDEO))
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    assert answer.headers["Accept-Ranges"] == "bytes"


RANGES = {
    "bytes=0-": (0, len(VIDEO)),
    "bytes=0-0": (0, 1),
    "bytes=5-9": (5, 10),
    "bytes=300000-": (300_000, len(VIDEO)),
    "bytes=-7": (len(VIDEO) - 7, len(VIDEO)),
    "bytes=-99999999": (0, len(VIDEO)),
    "bytes=1023990-99999999": (1_023_990, len(VIDEO)),
}


async def test_a_range_is_answered_with_its_bytes(shop: Client) -> None:
    for asked, (start, end) in RANGES.items():
        answer = await read(shop, Range=asked)

        assert (answer.status_code, answer.content) == (206, VIDEO[start:end]), asked
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(VIDEO)}"
        assert answer.headers["Content-Length"] == str(end - start)


async def test_a_range_behind_the_end_cannot_be_satisfied(shop: Client) -> None:
    for asked in ("bytes=1024000-", "bytes=99999999-99999999", "bytes=-0"):
        answer = await read(shop, Range=asked)

        assert answer.status_code == 416, asked
        assert answer.headers["Content-Range"] == "bytes */1024000"
        assert answer.json()["code"] == "range_not_satisfiable"


async def test_what_is_no_single_range_gets_the_whole(shop: Client) -> None:
    for asked in ("bytes=0-1,5-6", "lines=1-2", "bytes=5-4", "bytes=-", "bytes", "bytes=a-b", "bytes=٣-٤"):
        answer = await shop.http.get(PATH, headers=[(b"Range", asked.encode())])

        assert (answer.status_code, len(answer.content)) == (200, len(VIDEO)), asked


async def test_a_range_on_a_condition_gets_the_whole(shop: Client) -> None:
    answer = await read(shop, Range="bytes=0-1", **{"If-Range": '"tag"'})

    assert (answer.status_code, len(answer.content)) == (200, len(VIDEO))


def test_an_empty_object_has_no_range() -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_range("bytes=0-", 0)


def test_numbers_of_any_length_are_no_trouble() -> None:
    assert requested_range("bytes=0-999999999999999999", 5) == ByteRange(0, 5)
    assert requested_range(f"bytes=0-{'9' * 5000}", 5) is None


TYPES = {
    "application/json": ("application/json", True),
    "video/webm": ("video/webm", True),
    "image/png": ("image/png", True),
    "text/plain; charset=utf-8": ("text/plain; charset=utf-8", True),
    "text/html": ("text/html", False),
    "image/svg+xml": ("image/svg+xml", False),
    "application/javascript": ("application/javascript", False),
    "nonsense\r\nX: y": ("application/octet-stream", False),
}


async def test_no_artifact_can_run_anything_on_our_origin(client: Client) -> None:
    await client.ingest("s-1")
    for content_type, (served, shown) in TYPES.items():
        await put(client, b"<script>", content_type)

        answer = await read(client)

        assert answer.headers["Content-Type"] == served
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        assert ("Content-Disposition" in answer.headers) is not shown


async def test_an_empty_artifact_is_served_too(client: Client) -> None:
    await client.ingest("s-1")
    await put(client, b"", "application/json")

    answer = await read(client)

    assert (answer.status_code, answer.content) == (200, b"")


async def test_what_is_not_there_or_not_ready_is_not_found(client: Client) -> None:
    assert (await read(client)).status_code == 404
    await client.ingest("s-1")
    assert (await read(client)).json()["error"] == "artifact not found"
    await put(client, b"x", "video/mp4", status="rendering")
    assert (await read(client)).json()["error"] == "artifact is not ready"
    await put(client, b"x", "video/mp4")
    await client.listening.server.runtime.storage.delete(["replay-artifacts/proj_default/s-1/made"])
    assert (await read(client)).json()["code"] == "object_not_found"
    assert (await read(client, Range="bytes=0-")).json()["code"] == "object_not_found"


async def test_while_the_storage_is_down_reading_answers_503(shop: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object) -> None:
        raise StorageUnavailable

    for method in ("get", "stat"):
        monkeypatch.setattr(shop.listening.server.runtime.storage, method, down)

    assert (await read(shop)).status_code == 503
    assert (await read(shop, Range="bytes=0-")).status_code == 503


async def test_a_token_opens_the_artifact_without_a_key(client: Client, shop: Client) -> None:
    issued = await shop.get(f"{PATH}/token")

    answer = await client.http.get(PATH, params={"artifactToken": issued["token"]}, headers={"Range": "bytes=0-3"})

    assert (answer.status_code, answer.content) == (206, VIDEO[:4])
    assert issued["expiresAt"].endswith("Z")


async def test_a_token_is_for_one_session_and_type_only(client: Client, shop: Client) -> None:
    token = await token_of(shop)

    for path in ("/v1/sessions/s-2/artifacts/replay_video", "/v1/sessions/s-1/artifacts/analysis_json"):
        answer = await client.http.get(path, params={"artifactToken": token})
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


async def test_a_token_of_one_project_opens_nothing_of_another(client: Client, shop: Client) -> None:
    other = await client.project("Other")
    await other.ingest("s-1")

    answer = await client.http.get(PATH, params={"artifactToken": await token_of(other)})

    assert answer.status_code == 404


async def test_a_token_opens_nothing_else(client: Client, shop: Client) -> None:
    token = await token_of(shop)

    for path in ("/v1/sessions/s-1", "/v1/sessions/s-1/events", f"{PATH}/token"):
        assert (await client.http.get(path, params={"artifactToken": token})).status_code in {401, 404}


async def test_what_is_no_token_of_ours_is_refused(client: Client, shop: Client) -> None:
    token = await token_of(shop)

    for forged in (token[:-1], token + "A", f"{token.swapcase()}", "x", "a.b", "....", "ä", "0" * 5000):
        answer = await client.http.get(PATH, params={"artifactToken": forged})
        assert answer.status_code == 401, forged


async def test_a_token_needs_a_key_even_where_reading_does_not(client: Client) -> None:
    await client.ingest("s-1")
    await put(client, b"x", "video/mp4")

    assert (await client.get(f"{PATH}/token", 401))["error"] == "unauthorized"
    assert (await read(client)).status_code == 200


async def test_there_is_no_token_for_a_session_that_is_not_ones_own(client: Client, shop: Client) -> None:
    other = await client.project("Other")

    assert (await other.get(f"{PATH}/token", 404))["error"] == "session not found"


async def test_a_key_in_the_address_is_accepted_here_only(client: Client, shop: Client) -> None:
    answer = await client.http.get(PATH, params={"key": shop.key})

    assert (answer.status_code, answer.content) == (200, VIDEO)
    assert (await client.http.get("/v1/sessions/s-1", params={"key": shop.key})).status_code == 404


async def test_without_anonymous_access_reading_needs_a_key_or_a_token(make_client: MakeClient) -> None:
    client = await make_client(anonymous_access="none")

    assert (await read(client)).status_code == 401
    assert (await client.http.get(PATH, params={"key": "rpk_" + "0" * 64})).status_code == 401


async def test_tokens_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = ArtifactTokens("secret", 300)
    issued = tokens.issue("p", "s", "t")
    assert tokens.project_of(issued.token, "s", "t") == "p"

    monkeypatch.setattr("retrospec.artifacts.tokens.now", lambda: issued.expires_at)

    with pytest.raises(Unauthorized):
        tokens.project_of(issued.token, "s", "t")


async def test_processes_of_one_installation_trust_each_others_tokens(database: Database) -> None:
    settings = load({})
    issued = (await ArtifactTokens.create(settings)).issue("p", "s", "t")

    assert (await ArtifactTokens.create(settings)).project_of(issued.token, "s", "t") == "p"


@pytest.mark.parametrize("names", [("artifact_token_secret", "internal_api_key"), ("internal_api_key",)])
async def test_the_operators_secret_signs_before_any_other(names: tuple[str, ...]) -> None:
    tokens = await ArtifactTokens.create(load({}, **{name: f"the {name}" for name in names}))

    issued = tokens.issue("p", "s", "t")

    assert ArtifactTokens(f"the {names[0]}", 300).project_of(issued.token, "s", "t") == "p"
    with pytest.raises(Unauthorized):
        ArtifactTokens("another", 300).project_of(issued.token, "s", "t")
