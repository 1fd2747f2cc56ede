"""Cursors over issues: where a page ended, as opaque text that is safe in a URL."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from retrospec.core.clock import checked_time
from retrospec.core.errors import Invalid

_UID_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class Position:
    """The last issue of a page."""

    last_seen_at: datetime
    uid: int


def write_cursor(position: Position) -> str:
    """A position as text."""
    text = f"{position.last_seen_at.isoformat()}|{position.uid}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Position | None:
    """A position from text; None for no text.

    Raises:
        Invalid: No cursor that `write_cursor` made.
    """
    if not text:
        return None
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
