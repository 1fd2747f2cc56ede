"""Sends alerts over the client-server API of Matrix."""

import asyncio
import json
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import quote

import httpx
from retrospec.plugin import Alert, AlertSink, NotDelivered, Receipt, RetryAfter, SinkGone, alert_sink

from retrospec_matrix.message import content
from retrospec_matrix.settings import MatrixSettings

# How much of an answer is read, and how long: what the log of deliveries keeps, and all that a homeserver says.
ANSWER_BYTES = 500
ANSWER_SECONDS = 2.0
# After these no attempt will ever succeed.
FINAL = {"M_USER_DEACTIVATED"}


@alert_sink("matrix", "Tells a Matrix room", settings=MatrixSettings)
class MatrixSink(AlertSink):
    """One message for each alert. The alert's id is the transaction's, so what is sent twice is shown once."""

    guarded: ClassVar[bool] = True

    def __init__(self, settings: MatrixSettings) -> None:
        self._settings = settings
        self._token = settings.access_token.get_secret_value()
        self._api = f"{str(settings.homeserver).rstrip('/')}/_matrix/client/v3"

    async def open(self) -> None:
        self._http = self.network.http_client(
            timeout=self._settings.timeout_seconds, headers={"Authorization": f"Bearer {self._token}"}
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def check(self) -> str:
        """Ask the homeserver whose token it is. Nothing is sent to the room."""
        answer, said = await self._call("GET", f"{self._api}/account/whoami")
        if not answer.is_success:
            raise self._refusal(answer, said)
        return f"speaks as {_field(said, 'user_id') or 'somebody'} at {self._settings.homeserver.host}"

    async def send(self, alert: Alert) -> Receipt:
        room, transaction = quote(self._settings.room, safe=""), quote(alert.id, safe="")
        url = f"{self._api}/rooms/{room}/send/m.room.message/{transaction}"
        answer, said = await self._call("PUT", url, self._message(alert))
        if not answer.is_success:
            raise self._refusal(answer, said)
        return Receipt(answer.status_code, said)

    def _message(self, alert: Alert) -> dict[str, Any]:
        settings = self._settings
        often = alert.cluster.session_count >= settings.mention_from_sessions
        return content(
            alert, message_type=settings.message_type, mention=settings.mention if often and not alert.digest else ()
        )

    async def _call(self, method: str, url: str, body: dict[str, Any] | None = None) -> tuple[httpx.Response, str]:
        """Call the homeserver; gives its answer, and the beginning of what it says, without the token."""
        try:
            async with self._http.stream(method, url, json=body) as answer:
                return answer, (await _beginning(answer)).replace(self._token, "[hidden]")
        except httpx.HTTPError as cause:
            # Without the error itself, whose request holds the token.
            raise NotDelivered(f"the homeserver gave no answer: {type(cause).__name__}") from None

    def _refusal(self, answer: httpx.Response, said: str) -> NotDelivered:
        status, code = answer.status_code, _field(said, "errcode")
        reason = f"the homeserver answered {status}" + (f" {code}" if code else "")
        if code in FINAL or status == httpx.codes.GONE:
            return SinkGone(reason, status=status, answer=said)
        if (pause := _pause(answer, said)) is not None:
            return RetryAfter(pause, reason, status=status, answer=said)
        return NotDelivered(reason, status=status, answer=said)


async def _beginning(answer: httpx.Response) -> str:
    """Some of an answer, as one line; JSON stays what it is."""
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            async for piece in answer.aiter_bytes():
                said += piece
                if len(said) >= ANSWER_BYTES:
                    break
    text = said[:ANSWER_BYTES].decode(errors="replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _pause(answer: httpx.Response, said: str) -> float | None:
    """Seconds that the homeserver wants left alone: in a header since version 1.10, before that in the body."""
    header = answer.headers.get("Retry-After", "")
    if header.isdecimal():
        return float(header)
    told = _decoded(said).get("retry_after_ms") if answer.status_code == httpx.codes.TOO_MANY_REQUESTS else None
    return told / 1000 if isinstance(told, int | float) and not isinstance(told, bool) and told >= 0 else None


def _field(said: str, name: str) -> str:
    value = _decoded(said).get(name)
    return value if isinstance(value, str) else ""


def _decoded(said: str) -> dict[str, Any]:
    try:
        decoded = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}
