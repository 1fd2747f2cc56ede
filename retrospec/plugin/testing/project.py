"""A project on a running server, used as a browser SDK and a dashboard use it: over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import httpx

# Longer than anything here takes on a busy machine; what never comes fails instead of stopping the run.
PATIENCE_SECONDS = 30
Found = TypeVar("Found")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as a browser marks it.

    Attributes:
        label: One line.
        kind: `validation_failed`, `api_error`, `js_exception` or `ui_no_effect`.
        evidence: Stack, trail or details.
        offset_ms: When, from the beginning of the session.
        hint: The SDK's own idea of a cluster key.
    """

    label: str
    kind: str = "api_error"
    evidence: str = ""
    offset_ms: int = 900
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the server answered to a session.

    Attributes:
        session_id: Its id.
        cluster_keys: The keys that the clustering strategy gave its failures, in their order.
        promoted: How many clusters it made issues, or updated.
        alerts: How many alerts were accepted for delivery.
    """

    session_id: str
    cluster_keys: Sequence[str]
    promoted: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as the API shows it.

    Attributes:
        key: Of its cluster.
        symptom: One line.
        session_count: Different sessions that hit it.
        confidence: Within 0 and 1.
        state: `open`, `acknowledged`, `resolved` or `muted`.
        answer: Everything that the server says about it.
    """

    key: str
    symptom: str
    session_count: int
    confidence: float
    state: str
    answer: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What an analyzer found in a session, as the API shows it.

    Attributes:
        status: `ready`, `discarded` or `failed`.
        symptom: What the visitor met.
        technical_root_cause: The likeliest cause.
        suggested_fix: What to do.
        text_summary: What happened.
        visual_summary: What was to be seen.
        confidence: Within 0 and 1.
    """

    status: str
    symptom: str
    technical_root_cause: str
    suggested_fix: str
    text_summary: str
    visual_summary: str
    confidence: float


class Project:
    """One project, with a full key of its own.

    Attributes:
        id: `proj_…`.
        key: Its API key.
        http: A client that sends the key, for whatever has no method here.
    """

    def __init__(self, id: str, key: str, http: httpx.AsyncClient) -> None:  # noqa: A002 - the field's name
        self.id = id
        self.key = key
        self.http = http

    async def ingest(
        self,
        *failures: Failure,
        session_id: str = "",
        route: str = "/checkout",
        user_id: str = "",
        recording: str = "",
    ) -> Ingested:
        """Send a session in which something failed.

        Args:
            failures: What failed.
            session_id: Its id; empty: a new one. One that was sent before is replaced.
            route: Path of the page.
            user_id: Who it was; empty: unknown.
            recording: What `upload` returned; empty: there is none.
        """
        session_id = session_id or f"visit-{uuid4().hex}"
        session = {
            "id": session_id,
            "site": "shop.example",
            "route": route,
            "startedAt": (datetime.now(UTC) - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
            "durationMs": 4200,
            "eventsObjectKey": recording,
            **({"userId": user_id} if user_id else {}),
        }
        markers = [_marker(number, one) for number, one in enumerate(failures)]
        answer = await self.call("POST", "/v1/ingest/session", {"session": session, "markers": markers})
        keys = {one["id"]: one["clusterKey"] for one in answer["session"]["markers"]}
        return Ingested(session_id, [keys[one["id"]] for one in markers], answer["promotedCount"], answer["alertsSent"])

    async def upload(self, events: Sequence[Json], *, session_id: str = "") -> str:
        """Upload a recording, and return the key it is stored under, for `ingest`.

        Args:
            events: rrweb events; `retrospec.plugin.testing.visit.Visit` makes some.
            session_id: Of the session; empty: a new one.
        """
        body = {"sessionId": session_id or f"visit-{uuid4().hex}", "site": "shop.example", "events": list(events)}
        key: str = (await self.call("POST", "/v1/artifacts/session-events", body))["eventsObjectKey"]
        return key

    async def repeat(self, failure: Failure, *, sessions: int = 3, route: str = "/checkout") -> Issue:
        """Let a failure happen in so many sessions, and return the issue that becomes of it.

        Two sessions make an issue; three make one that is sure enough for an alert, unless settings say otherwise.

        Args:
            failure: What failed.
            sessions: In how many new sessions, at least two.
            route: Path of the page.
        """
        for _ in range(sessions):
            sent = await self.ingest(failure, route=route)
        return await self.issue(sent.cluster_keys[0])

    async def promote(self) -> Sequence[Issue]:
        """Raise what repeats as issues, where settings do not let every ingest do so; returns them."""
        return [_issue(one) for one in (await self.call("POST", "/v1/issues/promote"))["promoted"]]

    async def issues(self) -> Sequence[Issue]:
        """All issues, the latest seen first."""
        return [_issue(one) for one in (await self.call("GET", "/v1/issues"))["issues"]]

    async def issue(self, key: str) -> Issue:
        """The issue of a cluster."""
        return _issue((await self.call("GET", f"/v1/issues/{key}"))["issue"])

    async def events(self, session_id: str) -> Sequence[Json]:
        """A session's recording, as it was stored."""
        events: list[Json] = (await self.call("GET", f"/v1/sessions/{session_id}/events"))["events"]
        return events

    async def report(self, session_id: str) -> Report:
        """Wait for the analyzer's report of a session that was sent with a recording."""

        async def finished() -> Report | None:
            card = (await self.call("GET", f"/v1/sessions/{session_id}"))["session"].get("reportCard")
            return _report(card) if card and card["status"] != "pending" else None

        return await until(finished, f"the report of {session_id}")

    async def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Call the API, and return the answer's JSON.

        Args:
            method: `GET` and the like.
            path: From `/v1` on.
            body: What to send; None for nothing.

        Raises:
            AssertionError: It answered anything but 2xx.
        """
        answer = await self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        found: Json = answer.json()
        return found


async def until(look: Callable[[], Awaitable[Found | None]], what: str) -> Found:
    """Look again and again until something is there, and return it.

    Args:
        look: Gives it, or something falsy.
        what: For the error.

    Raises:
        TimeoutError: It did not come within half a minute.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := await look()):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"{what} did not come within {PATIENCE_SECONDS} s") from None
    return found


def _marker(number: int, failure: Failure) -> Json:
    return {
        "id": f"m{number}",
        "clusterKey": failure.hint,
        "label": failure.label,
        "evidence": failure.evidence,
        "replayOffsetMs": failure.offset_ms,
        "kind": failure.kind,
    }


def _issue(answer: Json) -> Issue:
    return Issue(
        answer["key"], answer["symptom"], answer["sessionCount"], answer["confidence"], answer["state"], answer
    )


def _report(card: Json) -> Report:
    return Report(
        card["status"],
        card["symptom"],
        card["technicalRootCause"],
        card["suggestedFix"],
        card["textSummary"],
        card["visualSummary"],
        card["confidence"],
    )
