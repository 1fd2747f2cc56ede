"""Posts alerts to an address, signed after the Standard Webhooks specification."""

import asyncio
import base64
import json
import logging
import socket
import ssl
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from standardwebhooks import Webhook

from retrospec.plugin import Alert, AlertSink, RetryAfter, alert_sink

# How much of an answer is read, and how long: only so that its connection can be used again.
ANSWER_CHARACTERS = 500
ANSWER_SECONDS = 1.0
# A receiver may ask for patience, but not for ever.
LONGEST_PAUSE_SECONDS = 86_400.0
KEY_PREFIX = "whsec_"
NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])
HTTP_LOG = logging.getLogger("httpx")
BREAKAGES: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "the receiver's certificate is not trusted"),
    (socket.gaierror, "the receiver's name is not known"),
    (ConnectionRefusedError, "the receiver refuses connections"),
    (httpx.TimeoutException, "it took too long"),
    (httpx.RemoteProtocolError, "the receiver hung up or does not speak HTTP"),
)


def _web_address(url: SecretStr) -> SecretStr:
    try:
        parsed = httpx.URL(url.get_secret_value())
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError("is no URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("must be an http:// or https:// URL with a host")
    return url


def _header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("must be printable ASCII, on one line")
    return value


def _signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    encoded = text.removeprefix(KEY_PREFIX)
    try:
        # Unpadded is accepted, as the library does.
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if text and not (text.startswith(KEY_PREFIX) and key):
        raise ValueError(f"must be `{KEY_PREFIX}` and base64")
    return secret


class WebhookSettings(BaseModel):
    """The section `[alerts.webhook]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[SecretStr, AfterValidator(_web_address)] = Field(description="Where alerts are posted")
    auth_header: Annotated[SecretStr, AfterValidator(_header_value)] | None = Field(
        default=None, description="Value of the `Authorization` header"
    )
    secret: Annotated[SecretStr, AfterValidator(_signing_secret)] | None = Field(
        default=None, description="Signs each post: `whsec_` and base64, after Standard Webhooks"
    )
    timeout_seconds: float = Field(default=15, gt=0, le=300, description="For a whole delivery")


class NotDelivered(Exception):
    """The receiver did not take the alert. Names neither its address nor anything secret."""


@alert_sink("webhook", "Posts JSON to an address, signed after Standard Webhooks", settings=WebhookSettings)
class WebhookSink(AlertSink):
    """Only a 2xx answer counts as delivered; redirects are not followed."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._url = httpx.URL(settings.url.get_secret_value())
        self._timeout = settings.timeout_seconds
        self._signer = Webhook(settings.secret.get_secret_value()) if settings.secret else None
        self._headers = {"Content-Type": "application/json", "User-Agent": "Retrospec"}
        # None takes the user and password of the address, if it has any; the header goes before them.
        self._auth: httpx.Auth | None = None
        if settings.auth_header:
            self._headers["Authorization"] = settings.auth_header.get_secret_value()
            self._auth = httpx.Auth()
        self._silence = _Unmentioned(str(self._url))
        self._held = AsyncExitStack()
        self._client: httpx.AsyncClient

    async def open(self) -> None:
        # httpx logs the address of every request, which often is a secret itself.
        HTTP_LOG.addFilter(self._silence)
        self._held.callback(HTTP_LOG.removeFilter, self._silence)
        # Its own limit is per read, which a dripping receiver never reaches; `send` has one for all.
        self._client = await self._held.enter_async_context(
            httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, cookies=CookieJar(NO_COOKIES))
        )

    async def close(self) -> None:
        await self._held.aclose()

    async def check(self) -> str:
        """Say how it posts. Nothing is sent: every post is an alert to somebody."""
        return "posts are signed" if self._signer else "posts are not signed"

    async def send(self, alert: Alert) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._post(alert)
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._timeout:g} s") from None
        except httpx.HTTPError as error:
            # Without the error itself: what it says and holds may give the address or a header away.
            raise NotDelivered(f"no answer: {_what_broke(error)}") from None
        try:
            await _drain(answer)
        finally:
            await answer.aclose()
        if not answer.is_success:
            raise _refusal(answer)

    async def _post(self, alert: Alert) -> httpx.Response:
        body = json.dumps(_payload(alert), separators=(",", ":"))
        headers = {**self._headers, **self._signature(alert.id, body)}
        request = self._client.build_request("POST", self._url, content=body.encode(), headers=headers)
        return await self._client.send(request, stream=True, auth=self._auth)

    def _signature(self, alert_id: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        headers = {"webhook-id": alert_id, "webhook-timestamp": str(int(now.timestamp()))}
        if self._signer:
            headers["webhook-signature"] = self._signer.sign(alert_id, now, body)
        return headers


class _Unmentioned(logging.Filter):
    """Lets through only lines that do not hold a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def filter(self, record: logging.LogRecord) -> bool:
        return self._text not in record.getMessage()


def _payload(alert: Alert) -> dict[str, Any]:
    cluster = alert.cluster
    return {
        "event": alert.event,
        "trigger": alert.trigger,
        "sentAt": _rfc3339(alert.sent_at),
        "projectId": alert.project_id,
        "cluster": {
            "key": cluster.key,
            "symptom": cluster.symptom,
            "sessionCount": cluster.session_count,
            "userCount": cluster.user_count,
            "confidence": cluster.confidence,
            "lastSeenAt": _rfc3339(cluster.last_seen_at),
            "representativeSessionId": cluster.representative_session_id,
            "state": cluster.state,
            "assignee": cluster.assignee,
        },
    }


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def _drain(answer: httpx.Response) -> None:
    """Read the little that an answer says; an answer that says more, or drips, loses its connection instead."""
    read = 0
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(ANSWER_SECONDS):
            async for piece in answer.aiter_raw(ANSWER_CHARACTERS):
                read += len(piece)
                if read >= ANSWER_CHARACTERS:
                    return


def _what_broke(error: BaseException) -> str:
    """The cause of a failed request, in words that hold nothing of it."""
    cause: BaseException | None = error
    while cause is not None:
        for kind, words in BREAKAGES:
            if isinstance(cause, kind):
                return words
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _refusal(answer: httpx.Response) -> Exception:
    """What an answer other than 2xx becomes. Its text is left out: it may repeat what it was sent."""
    said = f"the receiver answered {answer.status_code}"
    if answer.is_redirect:
        said += ", and redirects are not followed"
    pause = _pause(answer.headers.get("Retry-After", ""))
    return NotDelivered(said) if pause is None else RetryAfter(pause, said)


def _pause(retry_after: str) -> float | None:
    """Seconds that a `Retry-After` of either form asks for; None for none that can be read."""
    if retry_after.isascii() and retry_after.isdigit():
        # Longer than ten digits is longer than the longest pause, and might be too long to convert.
        return min(float(retry_after[:10]), LONGEST_PAUSE_SECONDS)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_PAUSE_SECONDS)
