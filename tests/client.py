"""A client as a browser SDK, a dashboard or a worker has one: over HTTP, to a real server."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from retrospec.serving import Listening

ADMIN, INTERNAL = "admin-key-of-the-tests", "internal-key-of-the-tests"
# What every test server has unless the test says otherwise.
UNLIMITED: dict[str, object] = {
    "rate_limit_requests_per_sec": 0,
    "admin_api_key": ADMIN,
    "internal_api_key": INTERNAL,
    "anonymous_access": "full",
    "job_retry_base_seconds": 0.1,
}

Json = dict[str, Any]
_ODD = re.compile(r"[^a-z0-9]+", re.IGNORECASE)


class Client:
    """Talks to one server, as one project. `as_project` gives a client with a key of its own."""

    def __init__(self, listening: Listening, key: str = "") -> None:
        self.listening = listening
        self.url = listening.url
        self.key = key
        self.http = httpx.AsyncClient(base_url=self.url, timeout=30, headers={"X-Retrospec-Key": key} if key else {})
        self._children: list[Client] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            await child.http.aclose()
        await self.http.aclose()

    def with_key(self, key: str) -> "Client":
        """A client of the same server with a key."""
        child = Client(self.listening, key)
        self._children.append(child)
        return child

    async def project(self, name: str = "Shop", site: str = "shop.example") -> "Client":
        """A client of a new project, with its full key."""
        made = await self.admin("POST", "/v1/admin/projects", json={"name": name, "site": site})
        return self.with_key(made["apiKey"])

    async def admin(self, method: str, path: str, status: int | None = None, **options: Any) -> Json:
        """Call as the operator."""
        return await self._json(method, path, status, headers={"X-Retrospec-Admin": ADMIN}, **options)

    async def internal(self, path: str, body: Json, status: int | None = None) -> Json:
        """Call back as a worker."""
        return await self._json("POST", path, status, headers={"X-Retrospec-Internal": INTERNAL}, json=body)

    async def get(self, path: str, status: int | None = None, **params: Any) -> Json:
        """GET, and the answer's JSON."""
        return await self._json("GET", path, status, params=params)

    async def post(self, path: str, body: Json | None = None, status: int | None = None) -> Json:
        """POST, and the answer's JSON."""
        return await self._json("POST", path, status, json=body if body is not None else {})

    async def delete(self, path: str, status: int | None = None) -> Json:
        """DELETE, and the answer's JSON."""
        return await self._json("DELETE", path, status)

    async def upload(self, session_id: str, events: list[Json] | None = None, site: str = "shop.example") -> str:
        """Upload a recording and return its key."""
        body = {"sessionId": session_id, "site": site, "events": events if events is not None else RECORDING}
        key: str = (await self.post("/v1/artifacts/session-events", body, 201))["eventsObjectKey"]
        return key

    async def ingest(self, session_id: str, *markers: Json, **session: Any) -> Json:
        """Ingest a session of a minute ago."""
        started = wire(datetime.now(UTC) - timedelta(minutes=1))
        sent = {"id": session_id, "site": "shop.example", "route": "/checkout", "durationMs": 4200}
        return await self.post(
            "/v1/ingest/session", {"session": sent | {"startedAt": started} | session, "markers": list(markers)}, 202
        )

    async def recorded(self, session_id: str, *markers: Json, **session: Any) -> Json:
        """Upload a recording and ingest its session."""
        return await self.ingest(session_id, *markers, eventsObjectKey=await self.upload(session_id), **session)

    async def issue(self, sessions: int = 2, **facts: Any) -> str:
        """Have so many sessions hit one failure, and return the key of the issue."""
        failure = marker(**facts)
        for number in range(sessions):
            answer = await self.ingest(f"{_ODD.sub('.', failure['label'])[:40]}-{number}", failure)
        key: str = answer["session"]["markers"][0]["clusterKey"]
        return key

    async def _json(self, method: str, path: str, status: int | None = None, **options: Any) -> Json:
        answer = await self.http.request(method, path, **options)
        if status is not None:
            assert answer.status_code == status, answer.text
        else:
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        body: Json = answer.json()
        return body


MakeClient = Callable[..., Awaitable[Client]]


def marker(ident: str = "m1", **facts: Any) -> Json:
    """A failure as an SDK marks it."""
    return {
        "id": ident,
        "kind": "api_error",
        "label": "POST /api/orders -> 500",
        "clusterKey": "api_error:POST:/api/orders",
        "evidence": "status=500",
        "replayOffsetMs": 900,
    } | facts


def wire(time: datetime) -> str:
    """A time as the wire has it."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    """Ask again and again until the answer is truthy, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.05)
    return found


RECORDING: list[Json] = [
    {
        "type": 4,
        "data": {"href": "http://shop.example/a", "width": 1280, "height": 720},
        "timestamp": 1_700_000_000_000,
    },
    {
        "type": 2,
        "data": {
            "node": {
                "type": 0,
                "id": 1,
                "childNodes": [
                    {
                        "type": 2,
                        "id": 2,
                        "tagName": "html",
                        "attributes": {},
                        "childNodes": [
                            {
                                "type": 2,
                                "id": 3,
                                "tagName": "body",
                                "attributes": {},
                                "childNodes": [
                                    {
                                        "type": 2,
                                        "id": 4,
                                        "tagName": "button",
                                        "attributes": {"id": "pay"},
                                        "childNodes": [{"type": 3, "id": 5, "textContent": "Pay now"}],
                                    }
                                ],
                            }
                        ],
                    }
                ],
            },
            "initialOffset": {"top": 0, "left": 0},
        },
        "timestamp": 1_700_000_000_010,
    },
    {"type": 3, "data": {"source": 2, "type": 2, "id": 4, "x": 5, "y": 5}, "timestamp": 1_700_000_000_800},
]
