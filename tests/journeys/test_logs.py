"""What a server says while it is used, rightly and wrongly: one JSON line an event, and never a secret."""

from pathlib import Path

import httpx
import pytest

from retrospec.plugin.testing.receiver import Answer, Receiver
from tests.client import ADMIN, INTERNAL, RECORDING, Json, eventually, marker
from tests.faults.processes import Process, serving, started
from tests.s3server import KEYS
from tests.stacks import EMBEDDED, PRODUCTION, Stack

# Each of them is told to the server in its own way, and none may be told by it.
SECRETS = {
    "the operator's ingest key": "ingest-key-Zq81mW",
    "the token secret": "token-secret-Zq82mW",
    "a password in the webhook's URL": "webhook-password-Zq83mW",
    "a token in the webhook's path": "webhook-path-Zq84mW",
    "a token in the webhook's query": "webhook-query-Zq85mW",
    "the webhook's authorization": "webhook-auth-Zq86mW",
    "a bearer token": "bearer-Zq87mW",
    "a cookie": "cookie-Zq88mW",
    "a wrong admin key": "wrong-admin-Zq89mW",
    "a wrong internal key": "wrong-internal-Zq90mW",
    "a wrong key in the query": "wrong-query-Zq91mW",
    "a wrong key": "rpk_" + "9d" * 32,
    "a wrong artifact token": "wrong-token-Zq92mW",
    "a password in a recording": "recorded-password-Zq93mW",
    "the admin key": ADMIN,
    "the internal key": INTERNAL,
}

WEBHOOK = ("password in the webhook's URL", "token in the webhook's path", "token in the webhook's query")


async def use(http: httpx.AsyncClient) -> dict[str, str]:
    """Use a server in every way in which a secret reaches it; gives the secrets that it has made."""
    admin = {"X-Retrospec-Admin": ADMIN}
    made = (await http.post("/v1/admin/projects", json={"name": "a", "site": "b"}, headers=admin)).json()
    key = {"X-Retrospec-Key": made["apiKey"]}
    events: list[Json] = [*RECORDING, {"type": 5, "data": {"password": SECRETS["a password in a recording"]}}]
    upload = {"sessionId": "s1", "site": "b", "events": events}
    stored = (await http.post("/v1/artifacts/session-events", json=upload, headers=key)).json()
    for name in ("s1", "s2", "s3"):
        session = {"id": name, "site": "b", "eventsObjectKey": stored["eventsObjectKey"] if name == "s1" else ""}
        body = {"session": session, "markers": [marker()]}
        assert (await http.post("/v1/ingest/session", json=body, headers=key)).status_code == 202
    artifact = "/v1/sessions/s1/artifacts/analysis_json"

    async def there() -> bool:
        return (await http.get(artifact, headers=key)).is_success

    await eventually(there)
    token = (await http.get(f"{artifact}/token", headers=key)).json()["token"]
    assert (await http.get(artifact, params={"artifactToken": token})).is_success
    assert (await http.get(artifact, params={"key": made["apiKey"]})).is_success
    return {"the project's key": made["apiKey"], "its ingest key": made["ingestKey"], "an artifact token": token}


async def misuse(http: httpx.AsyncClient) -> None:
    """Send secrets to where they are wrong, in the form in which people send them by mistake."""
    wrong, artifact = SECRETS["a wrong key"], "/v1/sessions/s1/artifacts/analysis_json"
    tries: list[tuple[str, str, Json]] = [
        ("GET", "/v1/issues", {"headers": {"X-Retrospec-Key": wrong}}),
        ("GET", "/v1/issues", {"headers": {"Authorization": f"Bearer {SECRETS['a bearer token']}"}}),
        ("GET", "/v1/issues", {"headers": {"Cookie": f"session={SECRETS['a cookie']}"}}),
        ("GET", "/v1/admin/projects", {"headers": {"X-Retrospec-Admin": SECRETS["a wrong admin key"]}}),
        ("POST", "/v1/internal/replay-results", {"headers": {"X-Retrospec-Internal": SECRETS["a wrong internal key"]}}),
        ("GET", artifact, {"params": {"key": SECRETS["a wrong key in the query"]}}),
        ("GET", artifact, {"params": {"artifactToken": SECRETS["a wrong artifact token"]}}),
        ("GET", "/v1/issues", {"params": {"limit": "0", "key": wrong}, "headers": {"X-Retrospec-Key": ADMIN}}),
        ("GET", f"/v1/sessions/{wrong}", {}),
        ("GET", f"/v1/nowhere/{wrong}", {}),
        ("POST", "/v1/ingest/session", {"content": b'{"session":{"id":"' + wrong.encode() + b'"'}),
        ("POST", "/v1/ingest/session", {"headers": {"X-Retrospec-Key": SECRETS["the operator's ingest key"]}}),
    ]
    for method, path, options in tries:
        assert (await http.request(method, path, **options)).status_code in {400, 401, 403, 404}


def check(process: Process, secrets: dict[str, str]) -> None:
    said = process.log.read_text()
    assert [name for name, secret in secrets.items() if secret in said] == []
    assert [line for line in said.splitlines() if not line.startswith("{")] == []
    events = process.events()
    assert all({"event", "level", "timestamp", "logger"} <= event.keys() for event in events)
    requests = [event for event in events if event["event"] == "request"]
    assert len(requests) >= 12
    assert all(event["request_id"] and event["method"] and event["path"] and event["status"] for event in requests)
    assert all("?" not in event["path"] for event in requests)


@pytest.mark.parametrize(
    ("dialect", "level"), [(EMBEDDED, "INFO"), (EMBEDDED, "DEBUG"), (PRODUCTION, "DEBUG")], indirect=["dialect"]
)
async def test_no_secret_stands_in_the_logs_and_every_line_is_json(tmp_path: Path, stack: Stack, level: str) -> None:
    async with Receiver() as receiver:
        receiver.otherwise = Answer(status=500, body=b"no")
        address = receiver.url.removeprefix("http://")
        password, in_path, in_query = (SECRETS[f"a {name}"] for name in WEBHOOK)
        settings = stack.environ | {
            "EMBEDDED_WORKER": "true",
            "LOG_LEVEL": level,
            "ANONYMOUS_ACCESS": "none",
            "INGEST_API_KEY": SECRETS["the operator's ingest key"],
            "ARTIFACT_TOKEN_SECRET": SECRETS["the token secret"],
            "ALERT_WEBHOOK_URL": f"http://hook:{password}@{address}/{in_path}?token={in_query}",
            "ALERT_AUTH_HEADER": SECRETS["the webhook's authorization"],
        }
        async with serving(tmp_path, **settings) as server, httpx.AsyncClient(base_url=server.url) as http:
            made = await use(http)
            await misuse(http)
            await receiver.until(1)
            await server.until("alert not delivered")
            server.terminate()
            assert await server.ended() == 0

    check(server, SECRETS | made | {"the secret key of S3": str(KEYS["secret_key"])})


async def test_a_start_that_fails_says_why_without_the_password(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "postgres://shop:database-password-Zq94mW@127.0.0.1:1/shop"}
    async with started(tmp_path, "serve", **settings) as server:
        assert await server.ended() == 1

    said = server.log.read_text()
    assert "the database does not answer" in said
    assert "Zq94mW" not in said
    assert "Traceback" not in said


async def test_for_people_the_log_is_a_line_an_event_and_no_secret_either(tmp_path: Path) -> None:
    settings = {"LOG_FORMAT": "console", "LOG_LEVEL": "DEBUG", "ANONYMOUS_ACCESS": "none", "ORCHESTRATOR_PORT": "0"}
    async with started(tmp_path, "serve", **settings) as server:

        async def url() -> str:
            words = server.log.read_text().split()
            return next((word.removeprefix("url=") for word in words if word.startswith("url=http")), "")

        async with httpx.AsyncClient(base_url=await eventually(url)) as http:
            await misuse(http)

    said = server.log.read_text()
    assert [name for name, secret in SECRETS.items() if secret in said] == []
    assert "\x1b" not in said
