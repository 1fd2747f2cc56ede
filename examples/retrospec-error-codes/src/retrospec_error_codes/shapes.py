"""What remains of a route or a wording without what differs from visitor to visitor."""

import re
from collections.abc import Iterable, Mapping

# Each of these reads a text once: they run on the event loop, on whatever visitors send.
_QUOTED = re.compile(r"'[^']{0,200}'|\"[^\"]{0,200}\"|“[^”]{0,200}”")
_WORD = re.compile(r"[0-9A-Za-z-]+")
_NUMBER = re.compile(r"[0-9]+")
_HEX = re.compile(r"[0-9a-fA-F-]{8,}")


def wording(label: str) -> str:
    """A label without quotations, ids and numbers, in small letters."""
    text = _WORD.sub(lambda word: _shape(word[0]), _QUOTED.sub("'…'", label))
    return " ".join(text.lower().split())


class Components:
    """Which component a route belongs to."""

    def __init__(self, routes: Mapping[str, Iterable[str]]) -> None:
        """Compile the routes; of two components that fit, the one that was named first counts."""
        self._known = [
            (name, re.compile("|".join(_translated(route) for route in its) or r"(?!)")) for name, its in routes.items()
        ]

    def of(self, route: str) -> str:
        """The component of a route; where none fits, the route without ids."""
        path = route.partition("?")[0].partition("#")[0]
        for name, pattern in self._known:
            if pattern.fullmatch(path):
                return name
        return "/".join("*" if part and _shape(part) == "#" else part for part in path.split("/"))


def _shape(word: str) -> str:
    """A word without numbers; `#` for one that is an id: a number, or eight and more hexadecimal digits."""
    if _HEX.fullmatch(word) and _NUMBER.search(word):
        return "#"
    return _NUMBER.sub("#", word)


def _translated(route: str) -> str:
    return ".*".join(re.escape(part) for part in route.split("*"))
