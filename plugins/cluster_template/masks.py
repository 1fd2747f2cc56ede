"""What varies in a message by itself, hidden before templates are mined of it."""

import re

# One pass, the longest kinds first: what a mask has taken no other one sees.
_VARIABLE = re.compile(
    r"""
    (?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)
  | (?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)
  | (?P<mail>[\w.+-]+@[\w-]+\.[\w.-]+)
  | (?P<place>:\d+:\d+\b)
  | (?P<text>"[^"]*"|“[^”]*”|`[^`]*`)
  | (?P<hash>\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b)
  | (?P<id>\b(?=\w*\d)(?=\w*[A-Za-z])\w{12,}\b)
  | (?P<number>(?<![\w.])[-+]?\d[\d.,]*\b)
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
# A status is what a request failed with; any other number is one of many.
_STATUS = re.compile(r"(?<=-> )[1-5]\d\d\b|\b[45]\d\d\b(?= \()", re.ASCII)
_QUERY = re.compile(r"\?\S*")
_SPLIT = re.compile(r"[\s/=&,;()\[\]{}]+")
_ARROW = "->"
TEXT = 500
TOKENS = 60


def tokens(message: str) -> list[str]:
    """The words of a message with `<kind>` in the place of what varies: at most 60, of its first 500 characters.

    A request's status, which stands behind an arrow at the end, comes first.
    """
    text = _QUERY.sub("", message[:TEXT])
    status = {found.start() for found in _STATUS.finditer(text)}
    masked = _VARIABLE.sub(lambda found: found[0] if found.start() in status else f"<{found.lastgroup}>", text)
    words = [word for word in _SPLIT.split(masked) if word][:TOKENS]
    if status and _ARROW in words[:-1]:
        place = words.index(_ARROW)
        # drain3 takes the last word for one that may vary: of an address it is not.
        return [words[place + 1], *words[:place], *words[place + 2 :], _ARROW]
    return words
