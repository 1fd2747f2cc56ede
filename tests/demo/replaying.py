"""Rebuilds a recording in a real Chromium with rrweb's own player, and hands back the page that it shows."""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Page, Route, sync_playwright

Result = TypeVar("Result")
Event = dict[str, Any]

PLAYER = Path(__file__).resolve().parents[2] / "web/node_modules/rrweb/dist"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
]
REBUILD = """
async ([events, atMs]) => {
  const replayer = new rrweb.Replayer(events, {
    root: document.getElementById("player"), triggerFocus: false, mouseTail: false, showWarning: false,
  });
  window.replayer = replayer;
  replayer.pause(atMs);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return replayer.iframe.contentDocument.documentElement.outerHTML;
}
"""


@dataclass(frozen=True, slots=True)
class Replay:
    """What the player shows at one moment.

    Attributes:
        dom: Outer HTML of the rebuilt document, as it stands in the player's frame.
        text: The visible words of that document.
        requested: Addresses that the rebuilt page tried to load. None was let through.
        errors: What the player itself complained about.
    """

    dom: str
    text: str
    requested: tuple[str, ...]
    errors: tuple[str, ...]


def replayed_dom(events: Sequence[Event], at_ms: int) -> str:
    """The rebuilt document `at_ms` milliseconds after the first event, as outer HTML.

    Events before that moment have happened, those at it have not: the end is the last event's time plus one.
    May be called from tests with or without a running event loop.

    Raises:
        AssertionError: Chromium or the player is not installed (`sh scripts/ensure_browser.sh`).
    """
    return replay(events, at_ms).dom


def replay(events: Sequence[Event], at_ms: int, picture: Path | None = None) -> Replay:
    """Rebuild a recording up to `at_ms`; with `picture`, also save how it looks as a PNG."""
    return _on_own_thread(lambda: _replay(events, at_ms, picture))


def chromium_path() -> str:
    """Where this machine's Chromium is. A missing browser fails a test; it never skips one."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Chromium is not installed: run `sh scripts/ensure_browser.sh`"
    return path


def _on_own_thread(call: Callable[[], Result]) -> Result:
    # Playwright's synchronous interface refuses a thread that has a running event loop, as async tests do.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


def _replay(events: Sequence[Event], at_ms: int, picture: Path | None) -> Replay:
    script, style = PLAYER / "rrweb.umd.min.cjs", PLAYER / "style.min.css"
    assert script.is_file(), "rrweb is not installed: run `sh scripts/ensure_browser.sh`"
    requested: list[str] = []
    errors: list[str] = []

    def refuse(route: Route) -> None:
        requested.append(route.request.url)
        route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        try:
            page = browser.new_page()
            page.route("**/*", refuse)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.set_content("<!doctype html><body style='margin:0'><div id='player'></div>")
            page.add_style_tag(content=style.read_text())
            page.add_script_tag(content=script.read_text())
            dom = page.evaluate(REBUILD, [list(events), at_ms])
            text = page.evaluate("replayer.iframe.contentDocument.body.innerText")
            if picture:
                _take_picture(page, picture)
            return Replay(dom, text, tuple(requested), tuple(errors))
        finally:
            browser.close()


def _take_picture(page: Page, picture: Path) -> None:
    size = page.evaluate("[replayer.iframe.offsetWidth, replayer.iframe.offsetHeight]")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.screenshot(path=str(picture))
