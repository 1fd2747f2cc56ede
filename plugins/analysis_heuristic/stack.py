"""Stacks of every browser, and which of their frames is the product's own."""

import re
from dataclasses import dataclass

from retrospec_plugins.analysis_heuristic.values import one_line

MAX_FRAMES = 30
# Chrome and console traces: "fn (file:1:2)" or a bare "file:1:2"; Firefox and Safari: "fn@file:1:2".
_PARENTHESIS = re.compile(r"^(?:at\s+)?(?:async\s+)?(?P<function>[^()]*?)\s*\((?P<place>[^()]*)\)$")
_AT_SIGN = re.compile(r"^(?P<function>[^@]*)@(?P<place>.+)$")
_BARE = re.compile(r"^(?:at\s+)?(?:async\s+)?(?P<function>)(?P<place>\S+:\d+)$")
_PLACE = re.compile(r"^(?P<file>.*?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?$")
_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
_FOREIGN = re.compile(
    r"""node_modules|(^|[/._-])(vendors?|polyfills?|runtime|framework|zone|jquery|lodash|rrweb|retrospec|sentry
    |react(-dom)?|vue|angular|svelte|gtm|analytics|gtag)([/._-]|\d|$)
    |webpack/(bootstrap|runtime)|cdn\.jsdelivr\.net|unpkg\.com|cdnjs\.|googletagmanager|google-analytics
    |<anonymous>|^native|\[native""",
    re.IGNORECASE | re.VERBOSE,
)
_EXTENSION = re.compile(r"^(chrome|moz|safari-web|safari)-extension:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack; `function` is empty where the code has no name for it."""

    function: str
    file: str
    line: int
    column: int

    @property
    def place(self) -> str:
        """The file's path and line, without its host: `/pages/product.js:41`."""
        path = _HOST.sub("", self.file).split("?")[0].split("#")[0]
        return one_line(f"{path or self.file}:{self.line}", 200)

    @property
    def words(self) -> str:
        return f"{self.function} ({self.place})" if self.function else self.place

    @property
    def from_extension(self) -> bool:
        return _EXTENSION.match(self.file) is not None

    @property
    def is_own(self) -> bool:
        """Whether it looks like the product's code, not a library's, the browser's or an extension's."""
        return not self.from_extension and _FOREIGN.search(_HOST.sub("", self.file) or self.file) is None


def parse_frame(line: str) -> Frame | None:
    """One line of a stack or of a console trace, or None if it is not one."""
    text = line.strip()[:1000]
    found = _PARENTHESIS.match(text) or _AT_SIGN.match(text) or _BARE.match(text)
    place = _PLACE.match(found["place"]) if found else None
    if found is None or place is None:
        return None
    function = one_line(found["function"].removeprefix("new "), 100)
    nameless = function in ("", "<anonymous>", "eval", "anonymous") or function.endswith(".<anonymous>")
    return Frame("" if nameless else function, place["file"], int(place["line"]), int(place["column"] or 0))


def parse_stack(text: str) -> tuple[Frame, ...]:
    """The frames within a text, innermost first; other lines are passed over."""
    frames = (parse_frame(line) for line in text[:20_000].splitlines())
    return tuple(frame for frame in frames if frame is not None)[:MAX_FRAMES]


def first_own(frames: tuple[Frame, ...]) -> Frame | None:
    return next((frame for frame in frames if frame.is_own), None)
