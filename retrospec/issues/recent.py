"""How many sessions were new to a cluster in the last hour, by ten minutes of arrival, in a few characters of its row.

`<number of the latest ten minutes>:<its count>,<the one before>,…`: what is over falls out when the next one comes.
"""

import re
from datetime import datetime
from functools import lru_cache

SPAN_SECONDS, SPANS = 600, 6
_MOST = 999_999_999
_FORM = re.compile(r"(\d{1,12}):(\d{1,9}(?:,\d{1,9}){0,5})", re.ASCII)


def add_recent(text: str, sessions: int, now: datetime) -> str:
    """Count sessions that are new.

    Args:
        text: What is kept so far; empty for nothing. What cannot be read counts as nothing.
        sessions: How many.
        now: When they arrived.
    """
    head, _, tail = text.partition(":")
    first, comma, rest = tail.partition(",")
    if head == str(span_of(now)) and first.isdecimal() and len(first) <= 9:
        # As mostly. To read all of it took three times as long, and every session does this for each of its failures.
        return f"{head}:{min(int(first) + sessions, _MOST)}{comma}{rest}"
    latest, counts = _read(text, now)
    counts[0] = min(counts[0] + sessions, _MOST)
    while counts[-1] == 0 and len(counts) > 1:
        counts.pop()
    return f"{latest}:{','.join(map(str, counts))}"


def last_hour(text: str, now: datetime) -> int:
    """How many arrived within the last hour: none that is older, but perhaps not all of its first ten minutes."""
    return sum(_read(text, now)[1])


# A batch has one time for all its clusters.
@lru_cache(maxsize=4)
def span_of(now: datetime) -> int:
    """The number of the ten minutes in which a time lies."""
    return int(now.timestamp()) // SPAN_SECONDS


def _read(text: str, now: datetime) -> tuple[int, list[int]]:
    """The number of the latest span, and the counts from there back."""
    span = span_of(now)
    found = _FORM.fullmatch(text)
    kept = int(found[1]) if found else 0
    # The clocks of two processes differ by less than a span. What lies further ahead, a wrong clock has written: it
    # would be the last hour's until its time comes.
    if found is None or kept > span + 1 or kept <= span - SPANS:
        return span, [0]
    counts = [0] * (span - kept) + [int(count) for count in found[2].split(",")]
    return max(span, kept), counts[:SPANS]
