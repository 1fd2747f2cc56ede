"""Time: always in UTC, and within years that both databases and every client can hold."""

from datetime import UTC, datetime, timedelta

from retrospec.core.errors import Invalid

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present, in UTC, to the microsecond."""
    return datetime.now(UTC)


def ago(**span: float) -> datetime:
    """The time that lies a `timedelta(**span)` back."""
    return now() - timedelta(**span)


def checked_time(time: datetime, field: str) -> datetime:
    """Bring a time of a request to UTC.

    Args:
        time: As it was decoded, with its offset.
        field: What to call it in the error.

    Raises:
        Invalid: It lies outside the years 1970 to 9998.
    """
    try:
        time = time.astimezone(UTC)
    except OverflowError:
        time = _LATEST
    if not _EARLIEST <= time < _LATEST:
        raise Invalid(f"{field} lies outside the years 1970 to 9998")
    return time
