"""A client of the HTTP API that waits when it is told to, and says plainly when it is refused."""

import asyncio
import gzip
import json
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from retrospec.core.errors import RetrospecError

ATTEMPTS = 10
LONGEST_PAUSE_S = 30.0
TIMEOUT_S = 60.0
WAIT_AND_REPEAT = (429, 503)


class DemoError(RetrospecError):
    """The demo could not be sent."""

    code = "demo_failed"


class DemoClient:
    """Calls one server.

    Args:
        base_url: Where the server is, e.g. `http://127.0.0.1:8080`.
        key: API key; None calls without one, as the default project.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self, base_url: str, key: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self._base_url,
            headers={"X-Retrospec-Key": key} if key else {},
            timeout=TIMEOUT_S,
            transport=transport,
            # A proxy from the environment does not know the way back to this machine.
            trust_env=not _is_loopback(self._base_url),
        )

    async def __aenter__(self) -> "DemoClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> dict[str, Any]:
        """Read something.

        Raises:
            DemoError: The server cannot be reached, or refused.
        """
        return await self._call("GET", path)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send JSON, gzipped.

        Raises:
            DemoError: The server cannot be reached, or refused.
        """
        packed = await asyncio.to_thread(lambda: gzip.compress(json.dumps(body).encode(), mtime=0))
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return await self._call("POST", path, content=packed, headers=headers)

    async def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = await self._http.request(method, path, **request)
            except httpx.HTTPError as failure:
                raise DemoError(f"cannot reach {self._base_url}: {failure or type(failure).__name__}") from failure
            if response.status_code not in WAIT_AND_REPEAT or attempt == ATTEMPTS:
                break
            await asyncio.sleep(_pause(response))
        return _content(method, path, response)


def _pause(response: httpx.Response) -> float:
    """Seconds until the next attempt: what the server asked for, within reason."""
    try:
        return min(max(float(response.headers["Retry-After"]), 0.0), LONGEST_PAUSE_S)
    except (KeyError, ValueError):
        return 1.0


def _content(method: str, path: str, response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        content = None
    if response.is_success and isinstance(content, dict):
        return content
    if isinstance(content, dict) and "error" in content:
        said = ": ".join(str(content[part]) for part in ("error", "detail") if content.get(part))
    else:
        said = "this does not look like a Retrospec server"
    raise DemoError(f"{method} {path} answered {response.status_code}: {said}")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
