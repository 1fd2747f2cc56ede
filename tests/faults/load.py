"""Visitors of a site, who note what they were promised."""

import asyncio
import sys
from collections.abc import Sequence

import httpx

from tests.client import RECORDING, Json, eventually, marker

SITE = "shop.example"
MARKERS = ("m1", "m2", "m3")


class Load:
    """Visitors who send recordings and sessions until they are told to stop, and what they were answered.

    Attributes:
        acknowledged: Ids of sessions answered with 202.
        unanswered: Ids of sessions whose visitor cannot know: the connection broke.
        statuses: Every answer that came.
        errors: What the answers say of queues that do not take jobs.
        curt: How many were told 503 without being told when to come again.
    """

    def __init__(self, url: str, prefix: str, visitors: int = 8, again: Sequence[str] = ()) -> None:
        """Make visitors who have not come yet.

        Args:
            url: Of the server.
            prefix: Of the ids of their sessions.
            visitors: How many at once.
            again: Ids of sessions that are sent first, because nobody knows whether they arrived.
        """
        self._url = url
        self._prefix = prefix
        self._visitors = visitors
        self._again = list(again)
        self._left = sys.maxsize
        self.acknowledged: list[str] = []
        self.unanswered: list[str] = []
        self.statuses: list[int] = []
        self.errors: set[str] = set()
        self.curt = 0

    def stop(self) -> None:
        """Send no more; what is on its way is waited for."""
        self._left = 0

    async def run(self) -> None:
        """Send, all visitors at once."""
        await asyncio.gather(*(self._visit(number) for number in range(self._visitors)))
        self.unanswered += self._again

    async def acknowledge(self, count: int) -> None:
        """Wait until so many sessions have been acknowledged."""

        async def check() -> bool:
            return len(self.acknowledged) >= count

        await eventually(check, 30)

    async def send(self, count: int) -> None:
        """Send so many sessions."""
        self._left = count
        await self.run()

    async def _visit(self, visitor: int) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as http:
            number = 0
            while self._left > 0:
                self._left -= 1
                name = self._again.pop() if self._again else f"{self._prefix}-{visitor}-{number}"
                number += 1
                try:
                    await self._send(http, name)
                except httpx.TransportError:
                    self.unanswered.append(name)
                    return

    async def _send(self, http: httpx.AsyncClient, name: str) -> None:
        upload = {"sessionId": name, "site": SITE, "events": RECORDING}
        stored = await http.post("/v1/artifacts/session-events", json=upload)
        self._note(stored)
        if stored.status_code != 201:
            return
        session = {"id": name, "site": SITE, "eventsObjectKey": stored.json()["eventsObjectKey"]}
        facts: tuple[Json, ...] = ({}, {"kind": "js_exception", "label": "x is undefined"}, {"label": f"only {name}"})
        markers = [marker(ident, **fact) for ident, fact in zip(MARKERS, facts, strict=True)]
        answer = await http.post("/v1/ingest/session", json={"session": session, "markers": markers})
        self._note(answer)
        if answer.status_code == 202:
            self.acknowledged.append(name)
            self.errors |= {answer.json()["queueError"], answer.json()["analysisQueueError"]}

    def _note(self, answer: httpx.Response) -> None:
        self.statuses.append(answer.status_code)
        self.curt += answer.status_code == 503 and "Retry-After" not in answer.headers
