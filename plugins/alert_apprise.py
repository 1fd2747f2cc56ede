"""Hands alerts to Apprise, which speaks the protocols of more than a hundred services."""

import asyncio
import importlib
import logging
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from retrospec.plugin import Alert, AlertSink, NotDelivered, Receipt, alert_sink
from retrospec_plugins.alert_posting import SHORTEST_SECRET, Secrets, Unmentioned
from retrospec_plugins.alert_recipients import Told
from retrospec_plugins.alert_words import headline, plain_text

# Those of Apprise and of what it calls: they write addresses, and with them tokens, into the log.
LOGS = (
    "apprise",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.util.retry",
    "requests_oauthlib.oauth1_session",
    "requests_oauthlib.oauth2_session",
)
# Threads of a sink. One that hangs longer than a delivery may is not replaced, so that they do not grow without end.
AT_ONCE = 8
# As much of a title as the shortest services take; Apprise cuts the body for each.
TITLE_CHARACTERS = 200


class AppriseSettings(BaseModel):
    """The section `[alerts.apprise]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    urls: tuple[SecretStr, ...] = Field(
        min_length=1, max_length=50, description="Addresses as Apprise writes them, e.g. `discord://…`"
    )
    timeout_seconds: float = Field(default=15, gt=0, le=300, description="For a whole delivery")


@alert_sink("apprise", "100+ services by Apprise (pip install retrospec[apprise])", settings=AppriseSettings)
class AppriseSink(AlertSink):
    """An alert is delivered when all addresses have it; another attempt goes to those that have it not."""

    # Its connections are its own affair.
    guarded = False

    def __init__(self, settings: AppriseSettings) -> None:
        apprise = _apprise()
        self._timeout = settings.timeout_seconds
        # Without a limit of its own it stays in our thread; with one it moves to a pool that the process waits for.
        asset = apprise.AppriseAsset(storage_mode="memory", secure_logging=True, service_timeout=0)
        asset.app_id = asset.app_desc = "Retrospec"
        asset.http_redirects = False
        self._services: dict[str, Any] = {}
        texts = [url.get_secret_value() for url in settings.urls]
        for place, text in enumerate(texts, 1):
            service = apprise.Apprise(asset=asset)
            if not _quietly(partial(service.add, text)):
                raise ValueError(f"urls: number {place} is no address that Apprise {apprise.__version__} knows")
            self._services[f"number {place}"] = service
        self._secrets = Secrets(piece for text in texts for piece in _pieces(text))
        self._told = Told()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._silence = ExitStack()

    async def open(self) -> None:
        silence = Unmentioned(self._secrets)
        for name in LOGS:
            logger = logging.getLogger(name)
            logger.addFilter(silence)
            self._silence.callback(logger.removeFilter, silence)

    async def close(self) -> None:
        self._silence.close()

    async def check(self) -> str:
        """Say how many it tells. Nothing is sent: every message is read by somebody."""
        return f"tells {len(self._services)} by Apprise"

    async def send(self, alert: Alert) -> Receipt:
        places = self._told.left(alert.id, self._services)
        title, body = headline(alert)[:TITLE_CHARACTERS], plain_text(alert)
        outcomes = await asyncio.gather(*(self._tell(place, title, body) for place in places))
        failed = {place: said for place, said in zip(places, outcomes, strict=True) if said is not None}
        self._told.note(alert.id, [place for place in places if place not in failed])
        if failed:
            words = "; ".join(f"{place}: {said}" for place, said in failed.items())
            raise NotDelivered(f"{len(failed)} of {len(self._services)} did not take it", answer=words)
        self._told.forget(alert.id)
        return Receipt(answer=f"taken by {len(self._services)}")

    async def _tell(self, place: str, title: str, body: str) -> str | None:
        """Notify one service. None when it has taken it, otherwise what is known of the failure."""
        service = self._services[place]
        try:
            async with asyncio.timeout(self._timeout):
                await self._turns.acquire()
                result = await _in_a_daemon(partial(service.notify, title=title, body=body), self._turns.release)
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except Exception as error:
            return type(error).__name__
        return None if result else self._secrets.scrubbed(" ".join(entry.message for entry in result.logs()))


def _apprise() -> Any:
    """The library: only who chooses this sink needs it."""
    try:
        return importlib.import_module("apprise")
    except ImportError as missing:
        raise RuntimeError("Apprise is not installed: pip install retrospec[apprise]") from missing


def _quietly(call: Callable[[], Any]) -> Any:
    """Call what would tell the log an address that it does not understand."""
    logger = logging.getLogger("apprise")
    was, logger.disabled = logger.disabled, True
    try:
        return call()
    finally:
        logger.disabled = was


def _pieces(url: str) -> Iterable[str]:
    """An address, and what of it may be a token: it comes back in addresses of another form."""
    pieces = [piece for piece in re.split(r"[/:@?&=,]+", url.partition("://")[2]) if len(piece) >= SHORTEST_SECRET]
    return [url, *pieces, *map(unquote, pieces)]


async def _in_a_daemon(call: Callable[[], Any], ended: Callable[[], None]) -> Any:
    """Run what blocks in a thread that holds up neither the threads of others nor the end of the process.

    Args:
        call: What blocks.
        ended: Called in this loop when the thread is free again, which may be long after anybody waits for it.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()

    def settle(put: Callable[[Any], None], value: Any) -> None:
        ended()
        if not outcome.done():
            put(value)

    def run() -> None:
        put: Callable[[Any], None] = outcome.set_result
        try:
            value = call()
        except BaseException as error:
            put, value = outcome.set_exception, error
        # The loop may have ended before.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, put, value)

    threading.Thread(target=run, name="apprise", daemon=True).start()
    return await outcome
