"""What was promised against what is there. Both are printed."""

import asyncio
from collections import Counter
from collections.abc import Collection

import httpx

from tests.client import eventually
from tests.faults.load import MARKERS
from tests.stacks import Stack

_AT_ONCE = 8


async def check_there(stack: Stack, url: str, acknowledged: Collection[str]) -> None:
    """Every acknowledged session is readable with its markers and its recording, and its jobs are known."""
    jobs = Counter(name for (name,) in await stack.query("SELECT session_id FROM jobs"))
    slots = asyncio.Semaphore(_AT_ONCE)
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:

        async def whole(name: str) -> bool:
            async with slots:
                session = (await http.get(f"/v1/sessions/{name}")).json().get("session", {"markers": []})
                events = await http.get(f"/v1/sessions/{name}/events")
                return [one["id"] for one in session["markers"]] == list(MARKERS) and events.is_success

        found = await asyncio.gather(*(whole(name) for name in acknowledged))
    missing = [name for name, there in zip(acknowledged, found, strict=True) if not there or jobs[name] < 2]
    print(
        f"{stack.name}: {len(acknowledged)} sessions acknowledged, {len(acknowledged) - len(missing)} there "
        f"with markers, recording and jobs; {await stack.count('sessions')} sessions stored"
    )
    assert missing == []


async def check_counts(stack: Stack) -> None:
    """What is counted is what is there."""
    counted = await stack.query("SELECT project_id, key, session_count, marker_count FROM issue_clusters")
    there = await stack.query(
        "SELECT project_id, cluster_key, COUNT(DISTINCT session_id), COUNT(*) FROM error_markers "
        "GROUP BY project_id, cluster_key"
    )
    assert sorted(counted) == sorted(there)
    if not stack.is_production:
        assert await stack.query("PRAGMA integrity_check") == [("ok",)]


async def jobs_done(stack: Stack, seconds: float = 60) -> None:
    """Wait until no job is left, and see that each session has one result of each kind."""

    async def none_left() -> bool:
        return await stack.query("SELECT id FROM jobs WHERE status <> 'done' LIMIT 1") == []

    await eventually(none_left, seconds)
    sessions = await stack.count("sessions")
    results = [await stack.count("session_artifacts"), await stack.count("session_report_cards")]
    print(f"{stack.name}: {sessions} sessions, {results[0]} artifacts, {results[1]} report cards")
    assert results == [sessions, sessions]
    assert await stack.query("SELECT session_id FROM session_report_cards WHERE status = 'pending'") == []
