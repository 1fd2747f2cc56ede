"""Ingest, merges, splits, removals, promotions and triage of one project, all at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import httpx

from retrospec.issues.models import IssueCluster
from tests.client import Client, marker
from tests.issues.builders import assert_exact, expected

LABELS = [f"POST /api/{name} -> 500" for name in ("alpha", "beta", "gamma", "delta", "epsilon")]
KINDS = ("api_error", "js_exception")
SESSIONS = 40


class Crowd:
    """Many people at one server, who do what a seed says."""

    def __init__(self, client: Client, seed: int) -> None:
        self.client = client
        self.chance = random.Random(seed)
        self.answers: list[httpx.Response] = []

    async def ingest(self, number: int) -> None:
        """Send one of the sessions, again and again with other failures."""
        chosen = self.chance.sample(LABELS, 3)
        session = {"id": f"s{number % SESSIONS}", "site": "x", "route": "/", "userId": f"u{number % 7}"}
        await self._post(
            "/v1/ingest/session",
            {
                "session": session | {"startedAt": "2026-03-04T10:00:00Z", "durationMs": 5},
                "markers": [
                    marker(f"m{i}", label=label, clusterKey=label, kind=self.chance.choice(KINDS))
                    for i, label in enumerate(chosen)
                ],
            },
        )

    async def interfere(self, number: int) -> None:
        """Do one thing to what is there at that moment."""
        await asyncio.sleep(self.chance.random() / 2)
        keys = [issue["key"] for issue in (await self.client.get("/v1/issues"))["issues"]]
        if len(keys) < 2:
            return
        acts: list[Callable[[str, str], Awaitable[None]]] = [self._merge, self._split, self._remove, self._triage]
        await acts[number % len(acts)](*self.chance.sample(keys, 2))

    async def _merge(self, target: str, source: str) -> None:
        await self._post("/v1/issues/merge", {"targetClusterKey": target, "sourceClusterKeys": [source]})

    async def _split(self, key: str, _: str) -> None:
        found = await self.client.http.get(f"/v1/issues/{key}/sessions", params={"limit": 3})
        named = [session["sessionId"] for session in found.json().get("sessions", [])]
        await self._post(f"/v1/issues/{key}/split", {"sessionIds": [*named, "nobody"]})

    async def _remove(self, *_: str) -> None:
        session_id = f"s{self.chance.randrange(SESSIONS)}"
        self.answers.append(await self.client.http.delete(f"/v1/sessions/{session_id}"))

    async def _triage(self, key: str, _: str) -> None:
        await self._post(f"/v1/issues/{key}/state", {"state": self.chance.choice(["resolved", "acknowledged"])})
        await self._post("/v1/issues/promote", {})

    async def _post(self, path: str, body: object) -> None:
        self.answers.append(await self.client.http.post(path, json=body))


async def test_counters_stay_exact_and_nothing_fails_while_everything_happens_at_once(client: Client) -> None:
    crowd = Crowd(client, seed=1)
    await asyncio.gather(*(crowd.ingest(number) for number in range(20)))

    await asyncio.gather(*map(crowd.ingest, range(120)), *map(crowd.interfere, range(48)))

    assert [answer.text for answer in crowd.answers if answer.status_code >= 500] == []
    assert {200, 202} <= {answer.status_code for answer in crowd.answers}
    # History and choice among equals: neither follows from the sessions that are there now.
    for key, wanted in (await expected()).items():
        settled = {name: wanted[name] for name in ("first_seen_at", "representative_session_id")}
        await IssueCluster.filter(key=key).update(**settled)
    emptied = [cluster.key for cluster in await IssueCluster.filter(session_count=0)]
    await assert_exact(empty=tuple(emptied))
