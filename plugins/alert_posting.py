"""Posting to an address that is a secret: shared by the sinks that speak HTTP."""

import asyncio
import base64
import json
import logging
import re
import socket
import ssl
import traceback
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated
from urllib.parse import quote, unquote

import httpx
from pydantic import AfterValidator, SecretStr

from retrospec.plugin import AddressRefused, Network, NotDelivered, Receipt, RetryAfter, SinkGone

# How much of an answer is kept, how much is read for it, and how long: so that a connection can be used again.
ANSWER_CHARACTERS = 500
ANSWER_BYTES = 4096
ANSWER_SECONDS = 1.0
# A receiver may ask for patience, but not for ever.
LONGEST_PAUSE_SECONDS = 86_400.0
# Shorter texts are words, not secrets, and an answer without them would make no sense.
SHORTEST_SECRET = 5
LEAST_TOKEN = 8
GONE = 410
BREAKAGES: tuple[tuple[type[BaseException], str], ...] = (
    (AddressRefused, "the address leads into a private or special network, which this sink may not reach"),
    (ssl.SSLCertVerificationError, "the receiver's certificate is not trusted"),
    (socket.gaierror, "the receiver's name is not known"),
    (ConnectionRefusedError, "the receiver refuses connections"),
    (TimeoutError, "it took too long"),
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


WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]


class Secrets:
    """Texts that nobody may read in an error, in a log or in what is kept of an answer."""

    def __init__(self, texts: Iterable[str]) -> None:
        forms = {form for text in texts for form in (text, quote(text), quote(text, safe=""), unquote(text))}
        forms |= {json.dumps(form)[1:-1] for form in forms}
        forms |= {form.replace("/", "\\/") for form in forms}
        self._forms = sorted((form for form in forms if len(form) >= SHORTEST_SECRET), key=len, reverse=True)

    def scrubbed(self, text: str, *, cut: bool = False) -> str:
        """A text without secrets, on one line, at most 500 characters.

        Args:
            text: What somebody else said.
            cut: Whether its end is missing: then half a secret may stand there.
        """
        if cut and self._forms:
            text = text[: -len(self._forms[0])]
        for form in self._forms:
            text = text.replace(form, "***")
        printable = "".join(one if one.isprintable() else " " for one in text)
        return re.sub(r" +", " ", printable).strip()[:ANSWER_CHARACTERS]

    def are_in(self, text: str) -> bool:
        """Whether a text holds one of them."""
        return any(form in text for form in self._forms)


class Unmentioned(logging.Filter):
    """Lets through only lines that hold no secret."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        return not self._secrets.are_in(record.getMessage() + trace)


def secrets_of(url: str) -> set[str]:
    """What of an address is secret: all of it that is not the host. Empty where there is nothing else."""
    parsed = httpx.URL(url)
    target, userinfo = parsed.raw_path.decode("ascii"), parsed.userinfo.decode("ascii")
    if len(target) == 1 and not userinfo:
        return set()
    basic = base64.b64encode(f"{parsed.username}:{parsed.password}".encode()).decode()
    # Of a path like /services/T012/B012/token an answer may repeat the last piece alone.
    pieces = [piece for piece in re.split(r"[/?&=]", target) if len(piece) >= LEAST_TOKEN]
    return {url, str(parsed), target, parsed.path, userinfo, parsed.password, *([basic] if userinfo else []), *pieces}


class Poster:
    """Posts to one address, and tells what the receiver made of it without giving anything away."""

    def __init__(
        self, url: SecretStr, *, timeout: float, headers: Mapping[str, str], secrets: Iterable[str] = ()
    ) -> None:
        """Make one that is not open yet.

        Args:
            url: The address.
            timeout: For a whole delivery, in seconds.
            headers: Sent with every post. `Authorization` goes before a password in the address.
            secrets: What else must not be told.
        """
        self._url = httpx.URL(url.get_secret_value())
        self._timeout = timeout
        # What is compressed could not be read in the log of deliveries, and might be a bomb.
        self._headers = {"User-Agent": "Retrospec", "Accept-Encoding": "identity", **headers}
        # None takes the user and password of the address, if it has any.
        self._auth = httpx.Auth() if "Authorization" in headers else None
        self.secrets = Secrets({*secrets_of(url.get_secret_value()), *secrets})
        self._held = AsyncExitStack()
        self._client: httpx.AsyncClient

    async def open(self, network: Network) -> None:
        """Make ready.

        Args:
            network: How to reach others.
        """
        # httpx logs the address of every request, which often is a secret itself.
        silence = Unmentioned(Secrets([str(self._url)]))
        http_log = logging.getLogger("httpx")
        http_log.addFilter(silence)
        self._held.callback(http_log.removeFilter, silence)
        # Its own limit is per read, which a dripping receiver never reaches; `post` has one for all.
        client = network.http_client(timeout=self._timeout, headers=self._headers)
        self._client = await self._held.enter_async_context(client)

    async def close(self) -> None:
        """Close the connections."""
        await self._held.aclose()

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Receipt:
        """Post once.

        Raises:
            NotDelivered: There was no answer, or another than 2xx.
            RetryAfter: Another than 2xx, that says when to come back.
            SinkGone: 410.
        """
        try:
            async with asyncio.timeout(self._timeout):
                request = self._client.build_request("POST", self._url, content=body, headers=dict(headers))
                answer = await self._client.send(request, stream=True, auth=self._auth)
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._timeout:g} s") from None
        except httpx.HTTPError as error:
            # Without the error itself: what it says and holds may give the address or a header away.
            raise NotDelivered(f"no answer: {what_broke(error)}") from None
        try:
            said = await self._said(answer)
        finally:
            await answer.aclose()
        if not answer.is_success:
            raise _refusal(answer, said)
        return Receipt(answer.status_code, said)

    async def _said(self, answer: httpx.Response) -> str:
        """Read the little that an answer says; one that says more, or drips, loses its connection instead."""
        read, whole = bytearray(), False
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(ANSWER_SECONDS):
                async for piece in answer.aiter_raw(ANSWER_BYTES):
                    read += piece
                    if len(read) >= ANSWER_BYTES:
                        break
                else:
                    whole = True
        if "Content-Encoding" in answer.headers:
            return ""
        return self.secrets.scrubbed(read[:ANSWER_BYTES].decode(errors="replace"), cut=not whole)


def what_broke(error: BaseException) -> str:
    """The cause of a failed connection, in words that hold nothing of it."""
    cause: BaseException | None = error
    while cause is not None:
        for kind, words in BREAKAGES:
            if isinstance(cause, kind):
                return words
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _refusal(answer: httpx.Response, said: str) -> NotDelivered:
    status = answer.status_code
    reason = f"the receiver answered {status}"
    if answer.is_redirect:
        reason += ", and redirects are not followed"
    if status == GONE:
        return SinkGone(f"{reason}: it is gone for good", status=status, answer=said)
    pause = _pause(answer.headers.get("Retry-After", ""))
    if pause is not None:
        return RetryAfter(pause, reason, status=status, answer=said)
    return NotDelivered(reason, status=status, answer=said)


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
