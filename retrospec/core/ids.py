"""Names that the server makes up, and the form of those that clients choose."""

import re
import secrets

import uuid_utils

from retrospec.core.errors import Invalid

_SESSION_ID = re.compile(r"[A-Za-z0-9._~:@-]{1,128}", re.ASCII)


def new_id(prefix: str) -> str:
    """A fresh id such as `proj_3f…`, with 96 random bits."""
    return f"{prefix}_{secrets.token_hex(12)}"


def new_uuid() -> str:
    """A fresh random UUID."""
    return str(uuid_utils.uuid4())


def ordered_id() -> str:
    """A fresh id of 32 hex digits, for rows that come many at once: a UUID of version 7, greater than those before it.

    By random ids each new job dirtied another page of its index.
    """
    return str(uuid_utils.uuid7().hex)


def checked_session_id(text: str, field: str = "sessionId") -> str:
    """Refuse what is not a session id. The form keeps it one harmless part of an object key.

    Args:
        text: As the client sent it.
        field: What to call it in the error.

    Raises:
        Invalid: Not 1-128 characters of `A-Z a-z 0-9 . _ ~ : @ -`, or `.` or `..`.
    """
    if not _SESSION_ID.fullmatch(text) or text in {".", ".."}:
        raise Invalid(f"{field} must be 1-128 characters of A-Z a-z 0-9 . _ ~ : @ - and neither '.' nor '..'")
    return text
