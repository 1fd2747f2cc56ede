"""Pages of lists that come latest first, and cursors: where a page ended, as opaque text that is safe in a URL."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from retrospec.core.clock import checked_time
from retrospec.core.db import read_time
from retrospec.core.errors import Invalid

_UID_LIMIT = 2**63
# Rows that one page with filters looks at, in steps of so many; its cursor leads on from there.
MOST_SEEN = 2_000
_STEP = 200


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page: its time, and what decides between rows of one time."""

    at: datetime
    uid: int


# Before everything: times of ours end in 9998.
START = Position(datetime(9999, 1, 1, tzinfo=UTC), 0)


# Its `uid`, and then what the list shows; a time, which the list is in the order of, is among it.
ListedRow = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and the cursor that leads on; empty at the end."""

    rows: list[ListedRow]
    next_cursor: str


async def read_page(
    fetch: Callable[[Position, int], Awaitable[Sequence[ListedRow]]],
    fits: Callable[[ListedRow], bool] | None,
    *,
    time: int,
    after: Position,
    limit: int,
) -> Page:
    """Read the page that follows a position.

    A filter that fits little ends the page after `MOST_SEEN` rows, however few have been found, and never reads on
    without end.

    Args:
        fetch: Reads so many rows that follow a position, in order.
        fits: Which rows the page may show; None shows all.
        time: Where a row has the time.
        after: Where the page before ended.
        limit: How many rows the page may have.
    """
    if fits is None:
        got = list(await fetch(after, limit + 1))
        return Page(got[:limit], _cursor(got[limit - 1], time) if len(got) > limit else "")
    found: list[ListedRow] = []
    last, seen, step = None, 0, max(_STEP, limit + 1)
    while True:
        got = list(await fetch(after, step))
        for row in got:
            if last is not None and len(found) == limit:
                # There is more, if only to look at.
                return Page(found, _cursor(last, time))
            last = row
            if fits(row):
                found.append(row)
        seen += len(got)
        if last is None or len(got) < step:
            return Page(found, "")
        if seen >= MOST_SEEN:
            return Page(found, _cursor(last, time))
        after = Position(read_time(last[time]), last[0])


def _cursor(row: ListedRow, time: int) -> str:
    return write_cursor(Position(read_time(row[time]), row[0]))


def write_cursor(position: Position) -> str:
    """A position as text."""
    text = f"{position.at.isoformat()}|{position.uid}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Position:
    """A position from text; the start for no text.

    Raises:
        Invalid: No cursor that `write_cursor` made.
    """
    if not text:
        return START
    try:
        padded = text + "=" * (-len(text) % 4)
        time, _, uid = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").partition("|")
        moment, number = datetime.fromisoformat(time), int(uid)
        position = Position(checked_time(moment, "cursor"), number) if moment.tzinfo else None
    except (binascii.Error, ValueError, Invalid):
        position = None
    if position is None or not 0 <= position.uid < _UID_LIMIT:
        raise Invalid("query parameter cursor: not a cursor of this list", detail="cursor")
    return position
