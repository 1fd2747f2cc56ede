"""Putting what was seen into words, without ever repeating what the visitor wrote."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from retrospec_plugins.analysis_heuristic.happenings import Call
from retrospec_plugins.analysis_heuristic.naming import Element
from retrospec_plugins.analysis_heuristic.page import Page
from retrospec_plugins.analysis_heuristic.values import one_line

# Shorter ones are everywhere by chance: "a", "10".
_SHORTEST_TYPED = 3
_MAX_ALTERNATIVES = 300


class Quoter:
    """Repeats words of the page, of requests and of the console; what the visitor typed becomes `…` in them."""

    def __init__(self, typed: Iterable[str]) -> None:
        told = sorted({one for one in typed if len(one) >= _SHORTEST_TYPED}, key=len, reverse=True)
        known = "|".join(re.escape(one) for one in told[:_MAX_ALTERNATIVES])
        # Whole words only, and "candle-trio" is one: a search for candles must not blot out the names of products.
        self._typed = re.compile(rf"(?<![\w-])(?:{known})(?![\w-])", re.IGNORECASE) if known else None

    def plain(self, text: str, limit: int = 160) -> str:
        """The text in one line, what was typed left out."""
        return one_line(text if self._typed is None else self._typed.sub("…", text), limit)

    def quote(self, text: str, limit: int = 120) -> str:
        return f"“{self.plain(text, limit)}”"

    def thing(self, element: Element) -> str:
        """`the button “Apply” (button#apply)`; without a name `the div element div.card`."""
        selector = self.plain(element.selector)
        if not element.name:
            return f"the {element.what} `{selector}`"
        return f"the {element.what} {self.quote(element.name, 60)} (`{selector}`)"

    def short(self, element: Element) -> str:
        """`the button “Apply”`."""
        if not element.name:
            return f"the {element.what} `{self.plain(element.selector)}`"
        return f"the {element.what} {self.quote(element.name, 60)}"

    def call(self, call: Call) -> str:
        return self.plain(call.name)

    def page(self, page: Page | None, path: str) -> str:
        """`the page “Checkout” (/checkout)`."""
        where = self.plain(path or "/")
        # Recorders are often told to leave changes of the title out, so that it may be an earlier page's.
        name = next(iter((*page.headings, page.title)), "") if page else ""
        return f"the page {self.quote(name, 80)} ({where})" if name else f"the page {where}"


def clock(at: float) -> str:
    """A time of the recording as a player shows it: `0:08.6`, `1:02:03.4`."""
    tenths = max(0, round(at / 100))
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def lasted(ms: float) -> str:
    """`4 ms`, `0.3 s`, `12 s`."""
    if ms < 100:
        return f"{max(0, round(ms))} ms"
    return f"{ms / 1000:.1f} s" if ms < 9_950 else f"{ms / 1000:.0f} s"


def soon_after(ms: float) -> str:
    """`right after`, or `0.3 s after`."""
    return "right after" if ms < 50 else f"{lasted(ms)} after"


def wall_clock(start: float | None, at: float) -> str:
    """The moment in UTC, to look up in a server's log; empty if the recording has no clock."""
    if start is None or not 1e11 < start < 1e14:
        return ""
    return f"{datetime.fromtimestamp((start + at) / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def sentence(text: str) -> str:
    """With a capital at the beginning and a full stop at the end."""
    stripped = text.strip()
    if not stripped:
        return ""
    ended = stripped if stripped.rstrip("”")[-1:] in tuple(".!?…") else f"{stripped}."
    return ended[0].upper() + ended[1:]
