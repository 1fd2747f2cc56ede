"""Where in the site's code an error was thrown."""

import re

from retrospec_plugins.cluster_fingerprint1.text import fold

_LOCATION = r"[a-z][a-z0-9+.-]{1,30}://[^\s()|]+"
FRAME = re.compile(
    rf"""(?<!\S)at\ (?:async\ |new\ )*(?P<v8>[^\s()@|]+)(?:\ \[as\ [^\]]+\])?\ \((?P<v8_at>{_LOCATION})
    | (?<!\S)at\ (?:async\ )?(?P<nameless_at>{_LOCATION}:\d+:\d+)
    | (?<![^\s|])(?P<gecko>[^\s@|()]*)@(?P<gecko_at>{_LOCATION})""",
    re.VERBOSE | re.IGNORECASE,
)
_FOREIGN = re.compile(r"^[a-z-]*extension:|/node_modules/|[/~.-]vendors?[~./-]|[/.-]polyfills?[./-]", re.IGNORECASE)
_RECEIVER = re.compile(r"^(?:(?:object|function|module|window|global|proxy|[\w$]{1,2})\.)+")
_SCRIPT = re.compile(r"(?<=/)([^/?#:\s()]{1,120}\.(?:[cm]?[jt]sx?|vue|svelte))(?=[?#:\s)]|$)", re.IGNORECASE)
# Hexadecimal, eight characters of base64 as Vite and Rollup write them, or a long digest.
# The one pattern that looks at capitals: they tell `main-QkiSETFK.js` from `user-settings.js`.
_BUILD = re.compile(
    r"[.\-_](?:(?=[a-f]*\d)[0-9a-f]{6,64}|(?=[\w-]*(?:\d|[A-Z]{2}))[\w-]{8}(?=\.)|(?=\w*\d)\w{16,64})(?=[.\-~])"
)


def own_frame(stack: str) -> tuple[str, str]:
    """Name and address of the first function that is the site's own; of the very first one if none is.

    Gecko and WebKit write `function@address:line:column`, V8 `at function (address:line:column)`.
    """
    first = ("", "")
    for found in FRAME.finditer(stack):
        frame = found["v8"] or found["gecko"] or "", found["v8_at"] or found["nameless_at"] or found["gecko_at"]
        if not _FOREIGN.search(frame[1]):
            return frame
        first = first if first[1] else frame
    return first


def function(name: str) -> str:
    """A function's name; nothing when a minifier made it up, since those change with every build."""
    name = _RECEIVER.sub("", fold(name).partition("/")[0].rpartition("*")[2])
    return "" if len(name) <= 2 or name.startswith("<") or name == "anonymous" else name


def script(address: str) -> str:
    """The first script in an address or stack, without host, folders, build and position."""
    found = _SCRIPT.search(address)
    return _BUILD.sub("", found[1]).casefold() if found else ""
