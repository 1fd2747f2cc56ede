"""Has a model explain failures: an endpoint of one's own, or any chat API that takes a JSON schema."""

import asyncio
import logging
import threading
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from retrospec.plugin import Analysis, AnalysisRequest, Analyzer, MemoryBudget, RetryAfter, analyzer
from retrospec_plugins.analysis_heuristic import Heuristic
from retrospec_plugins.analysis_http.answer import BadAnswer
from retrospec_plugins.analysis_http.protocols import PROTOCOLS
from retrospec_plugins.analysis_http.sample import sample
from retrospec_plugins.analysis_http.settings import HttpSettings
from retrospec_plugins.redact_default import DefaultRedactor

log = logging.getLogger("retrospec.analysis.http")
# A report is a few kilobytes; a chat API wraps it.
_ANSWER_BYTES = 512 * 1024
_LONGEST_PAUSE_SECONDS = 3600.0
_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])

_USED_UP = Analysis(
    symptom="Not analysed: the project's requests to the model are used up for today",
    technical_root_cause="Not looked into.",
    suggested_fix="Watch the replay, or raise daily_requests_per_project.",
    text_summary="The model was not asked, because the project has used up its requests of this day (UTC).",
    visual_summary="",
    confidence=0.0,
)


class ModelFailed(Exception):
    """The model gave no report. Names neither the key nor anything of the recording."""


@analyzer("http", "Asks a model over HTTP; sends a redacted sample around the failures", settings=HttpSettings)
class HttpAnalyzer(Analyzer):
    """Sends `retrospec.analysis.v1`, at most 180 events and 45,000 characters of it."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._protocol = PROTOCOLS[settings.protocol]
        self._redactor = DefaultRedactor()
        self._fallback = Heuristic() if settings.fallback == "heuristic" else None
        self._client: httpx.AsyncClient
        self.budget = MemoryBudget()

    async def open(self) -> None:
        headers = {"User-Agent": "Retrospec", "Accept": "application/json"}
        if self._settings.api_key:
            headers["Authorization"] = f"Bearer {self._settings.api_key.get_secret_value()}"
        self._client = httpx.AsyncClient(
            timeout=self._settings.timeout_seconds,
            follow_redirects=False,
            cookies=CookieJar(_NO_COOKIES),
            headers=headers,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def check(self) -> str:
        """Say how it asks. Nothing is sent: every question costs something."""
        other = "else the heuristic" if self._fallback else "no fallback"
        return f"{self._settings.protocol}, {other}"

    async def analyze(self, request: AnalysisRequest) -> Analysis:
        """Have a session's failures explained.

        Args:
            request: The session; its recording is read once.

        Raises:
            ModelFailed: No report was to be had, and there is no fallback.
            RetryAfter: Likewise, and the endpoint said when to come back.
        """
        if not await self._may_ask(request.project_id):
            log.warning("the model is not asked: budget of the day used up, project %s", request.project_id)
            return await self._fallback.analyze(request) if self._fallback else _USED_UP
        try:
            return await self._ask(await self._sample(request))
        except (ModelFailed, RetryAfter) as failure:
            if self._fallback is None:
                raise
            log.warning("the model gave no report, the heuristic does: %s", failure)
            return await self._fallback.analyze(request)

    async def _may_ask(self, project_id: str) -> bool:
        limit = self._settings.daily_requests_per_project
        return not limit or self.budget is None or await self.budget.take(project_id, limit)

    async def _sample(self, request: AnalysisRequest) -> dict[str, Any]:
        given_up = threading.Event()
        try:
            return await asyncio.to_thread(sample, request, self._redactor, given_up.is_set)
        finally:
            # A thread cannot be cancelled: whoever stops waiting tells it to stop reading.
            given_up.set()

    async def _ask(self, told: Mapping[str, Any]) -> Analysis:
        body = self._protocol.body(self._settings, told)
        try:
            # Its own limit is per read, which a dripping endpoint never reaches.
            async with (
                asyncio.timeout(self._settings.timeout_seconds),
                self._client.stream("POST", self._settings.url, json=body) as answer,
            ):
                _check(answer)
                return self._protocol.read(await _read(answer))
        except TimeoutError:
            raise ModelFailed(f"no answer within {self._settings.timeout_seconds:g} s") from None
        except httpx.HTTPError as error:
            raise ModelFailed(f"no answer: {type(error).__name__}") from None
        except BadAnswer as mistake:
            raise ModelFailed(str(mistake)) from None


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    said = f"the endpoint answered {answer.status_code}"
    pause = answer.headers.get("Retry-After", "")
    if answer.status_code in (429, 503) and pause.isascii() and pause.isdigit():
        raise RetryAfter(min(float(pause[:10]), _LONGEST_PAUSE_SECONDS), said)
    raise ModelFailed(said)


async def _read(answer: httpx.Response) -> bytes:
    read = bytearray()
    async for piece in answer.aiter_bytes():
        read += piece
        if len(read) > _ANSWER_BYTES:
            raise BadAnswer(f"the answer is longer than {_ANSWER_BYTES} bytes")
    return bytes(read)
