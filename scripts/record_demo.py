"""Records the demo: plays every visit of `demo_visits` in a real Chromium and writes what rrweb saw.

    sh scripts/ensure_browser.sh
    .venv/bin/python scripts/record_demo.py            # all visits, or name some: 03 07-dev

Each visit becomes `retrospec/demo/recordings/<name>.json.gz`. Times are moved to one fixed day, because the sender
moves them again, and so that a new recording differs from the old one only where the visit did.
"""

import asyncio
import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from demo_shop import serving
from demo_visitor import HOST, Visitor
from demo_visits import VISITS, Visit
from playwright.async_api import Browser, Page, async_playwright

RECORDINGS = Path(__file__).resolve().parent.parent / "retrospec/demo/recordings"
SITE = HOST.removeprefix("http://")
RECORDED_FROM_MS = 1_748_854_800_000  # 2025-06-02T09:00:00Z
AT_ONCE = 2


class Tape:
    """What the page of one visit hands out, in the order in which it did."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.markers: list[dict[str, Any]] = []

    async def listen(self, page: Page) -> None:
        await page.expose_function("recordEvent", self._keep_event)
        await page.expose_function("recordMarker", self._keep_marker)

    # Playwright hangs an attribute on what it calls, which a list's own `append` does not take.
    def _keep_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    def _keep_marker(self, marker: dict[str, Any]) -> None:
        self.markers.append(marker)


def chromium_path() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no Chromium found: run scripts/ensure_browser.sh first")
    return path


def session_of(visit: Visit, duration_ms: int) -> dict[str, Any]:
    """The session as CONTRACT section 4 wants it, without the time and the events' key that the sender adds."""
    tags = {"device": visit.device.name, "locale": visit.locale, "browser": "chromium", **visit.tags}
    return {
        "id": f"demo-{visit.name}",
        "site": SITE,
        "route": visit.route,
        "durationMs": duration_ms,
        "userId": f"visitor-{visit.user}",
        "release": visit.release,
        "environment": "production",
        "tags": tags,
    }


def recording_of(visit: Visit, tape: Tape, ended_ms: int) -> dict[str, Any]:
    """Put a tape into the form that the sender reads. Markers of other pages than the visit's own are an accident."""
    events = sorted(tape.events, key=lambda event: event["timestamp"])
    began = events[0]["timestamp"]
    for event in events:
        event["timestamp"] += RECORDED_FROM_MS - began
    markers = []
    for marker in sorted(tape.markers, key=lambda marker: marker["replayOffsetMs"]):
        if (page := marker.pop("page")) != visit.route:
            raise RuntimeError(f"{visit.name}: a marker on {page}, though the visit is about {visit.route}: {marker}")
        markers.append({**marker, "id": f"demo-{visit.name}-{marker['id']}"})
    return {
        "events": events,
        "session": session_of(visit, ended_ms - began),
        "markers": markers,
        "startedAtOffsetMs": -visit.minutes_ago * 60_000,
    }


async def record(browser: Browser, visit: Visit) -> dict[str, Any]:
    """Play one visit in a browser profile of its own."""
    device = visit.device
    context = await browser.new_context(
        viewport={"width": device.width, "height": device.height},
        locale=visit.locale,
        has_touch=device.touch,
        is_mobile=device.touch,
        user_agent=device.user_agent,
    )
    page, tape = await context.new_page(), Tape()
    await tape.listen(page)
    await visit.story(Visitor(page, device, visit.name))
    await page.wait_for_timeout(700)
    ended_ms = int(await page.evaluate("Date.now()"))
    await context.close()
    return recording_of(visit, tape, ended_ms)


def write(name: str, recording: dict[str, Any]) -> None:
    text = json.dumps(recording, ensure_ascii=False, separators=(",", ":"))
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    (RECORDINGS / f"{name}.json.gz").write_bytes(packed)
    kinds = ", ".join(marker["label"] for marker in recording["markers"]) or "healthy"
    print(f"{name}: {len(recording['events'])} events, {len(packed) // 1024} KiB: {kinds}", flush=True)


async def record_all(wanted: list[Visit], port: int) -> None:
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-features=HttpsUpgrades",
        f"--host-resolver-rules=MAP {SITE}:80 127.0.0.1:{port}",
    ]
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(browser: Browser, visit: Visit) -> None:
        async with slots:
            write(visit.name, await record(browser, visit))

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        async with asyncio.TaskGroup() as recordings:
            for visit in wanted:
                recordings.create_task(one(browser, visit))
        await browser.close()


def main(names: list[str]) -> None:
    wanted = [visit for visit in VISITS if not names or any(visit.name.startswith(name) for name in names)]
    if not wanted:
        sys.exit(f"no visit is called {', '.join(names)}; there are {', '.join(visit.name for visit in VISITS)}")
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    with serving() as port:
        asyncio.run(record_all(wanted, port))


if __name__ == "__main__":
    main(sys.argv[1:])
