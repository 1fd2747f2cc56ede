"""Sends the recordings through the HTTP API, waits for their report cards, and says what to look at."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from retrospec.demo.client import DemoClient
from retrospec.demo.library import Recording, read_recordings

POLL_S = 0.5
SHOWN_SESSION = "demo-03-farid-express"


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was sent.

    Attributes:
        sessions: How many sessions the server took.
        markers: How many failures were marked in them.
        session_ids: Their ids, earliest first; the same at every sending.
        promoted: How often an issue was raised or updated on the way.
    """

    sessions: int
    markers: int
    session_ids: tuple[str, ...]
    promoted: int


async def send_demo(
    base_url: str,
    key: str | None = None,
    *,
    now: datetime | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> DemoReport:
    """Send every recording as if its visit had happened within the last hours.

    Sending again doubles nothing: ids are fixed, and times are counted from the full hour, so that
    within one hour the very same requests are made again, and later ones replace fields.

    Args:
        base_url: Where the server is, e.g. `http://127.0.0.1:8080`.
        key: API key of the project that gets the demo; None means the default project.
        now: Stands in for the present, with a time zone.
        transport: Replaces the network, for tests.

    Raises:
        DemoError: The server cannot be reached, or refused; says the status and the server's words.
    """
    anchor = (now or datetime.now(UTC)).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    markers, promoted, session_ids = 0, 0, []
    async with DemoClient(base_url, key, transport) as client:
        for recording in read_recordings():
            promoted += await _send(client, recording, anchor - recording.started_ago)
            markers += len(recording.markers)
            session_ids.append(str(recording.session["id"]))
    return DemoReport(len(session_ids), markers, tuple(session_ids), promoted)


async def _send(client: DemoClient, recording: Recording, started_at: datetime) -> int:
    """Upload one recording and its session; gives the number of issues that it raised or updated."""
    site, session_id = recording.session["site"], recording.session["id"]
    events = await asyncio.to_thread(recording.events_from, started_at)
    stored = await client.post(
        "/v1/artifacts/session-events", {"sessionId": session_id, "site": site, "events": events}
    )
    session = {
        **recording.session,
        "startedAt": started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventsObjectKey": stored["eventsObjectKey"],
    }
    answer = await client.post("/v1/ingest/session", {"session": session, "markers": recording.markers})
    return int(answer.get("promotedCount", 0))


async def wait_for_reports(
    base_url: str,
    key: str | None,
    session_ids: Sequence[str],
    timeout_s: float,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> int:
    """Wait until every session with markers has a report card that is not pending.

    Args:
        base_url: Where the server is.
        key: API key that may read; None means the default project.
        session_ids: The sessions to watch; those without markers get no card and are not waited for.
        timeout_s: Seconds after which to give up.
        transport: Replaces the network, for tests.

    Returns:
        How many sessions have a finished card; fewer than those with markers when the time ran out.

    Raises:
        DemoError: The server cannot be reached, or refused.
    """
    finished, waiting = 0, list(session_ids)
    async with DemoClient(base_url, key, transport) as client:
        try:
            async with asyncio.timeout(timeout_s):
                while waiting:
                    for session_id in tuple(waiting):
                        done = await _is_finished(client, session_id)
                        if done is None:
                            continue
                        waiting.remove(session_id)
                        finished += done
                    if waiting:
                        await asyncio.sleep(POLL_S)
        except TimeoutError:
            return finished
    return finished


async def _is_finished(client: DemoClient, session_id: str) -> bool | None:
    """True: has a finished card. False: will never have one. None: not yet."""
    session = (await client.get(f"/v1/sessions/{quote(session_id, safe='')}"))["session"]
    if not session["markers"]:
        return False
    return True if session.get("reportCard", {}).get("status", "pending") != "pending" else None


async def find_issue(
    base_url: str, key: str | None = None, *, transport: httpx.AsyncBaseTransport | None = None
) -> str | None:
    """The cluster key of the issue that most sessions hit, or None while there is no issue.

    Raises:
        DemoError: The server cannot be reached, or refused.
    """
    async with DemoClient(base_url, key, transport) as client:
        issues = (await client.get("/v1/issues"))["issues"]
    return max(issues, key=lambda issue: issue["sessionCount"])["key"] if issues else None


def next_steps(
    base_url: str, key: str | None = None, *, cluster_key: str | None = None, session_id: str = SHOWN_SESSION
) -> str:
    """What to try after the demo was sent: a line of words and a curl line for each.

    The key itself is never part of the text: with one, the lines read it from `$RETROSPEC_KEY`.

    Args:
        base_url: Where the server is.
        key: The key that was used, or None.
        cluster_key: An issue to show (see `find_issue`); None leaves a place to fill in.
        session_id: A session to show.
    """
    base = base_url.rstrip("/")
    curl = 'curl -s -H "X-Retrospec-Key: $RETROSPEC_KEY"' if key else "curl -s"
    issue = quote(cluster_key, safe="") if cluster_key else "{key of an issue}"
    session = f"{base}/v1/sessions/{quote(session_id, safe='')}"
    steps = (
        ("The issues: what broke for more than one visitor", f"{base}/v1/issues"),
        ("The sessions that hit one of them", f"{base}/v1/issues/{issue}/sessions"),
        ("One session, with its markers, artifacts and report card", session),
        ("Its recording, as rrweb events", f"{session}/events"),
        ("What the replay worker found in it", f"{session}/artifacts/analysis_json"),
        ("Metrics for Prometheus", f"{base}/metrics"),
    )
    lines = [f"  {words}\n    {curl} '{url}'" for words, url in steps]
    lines.append(f"  Every endpoint, to read and to try in a browser\n    {base}/docs")
    return "What to look at next:\n\n" + "\n".join(lines) + "\n"
