"""What came of one attempt to deliver an alert."""

import math
from datetime import datetime
from typing import Literal

import msgspec

from retrospec.core.clock import now
from retrospec.plugin import Alert, AlertSink, NotDelivered, Receipt, RetryAfter, SinkGone

ANSWER_CHARACTERS = 500
# A receiver may ask for patience, but not for ever.
LONGEST_PAUSE_SECONDS = 86_400.0
Outcome = Literal["delivered", "failed", "gone"]


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt.

    Attributes:
        outcome: `gone`: not delivered, and the sink is not to be tried again as it is.
        started_at: In UTC.
        duration_ms: How long it took.
        status: HTTP status, or the like; None where the sink told none.
        answer: What the receiver said, at most 500 characters.
        error: Why it was not delivered; empty where it was.
        retry_after: The pause that the receiver asked for, seconds, at most a day; None: it did not.
        by_plugin: Whether the plugin itself failed, not its receiver.
    """

    outcome: Outcome
    started_at: datetime = msgspec.field(default_factory=now)
    duration_ms: int = 0
    status: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: float | None = None
    by_plugin: bool = False


async def attempt(sink: AlertSink, alert: Alert) -> Attempted:
    """Have a sink send an alert. All that it returns and raises is looked at here, in its own thread."""
    try:
        receipt = await sink.send(alert)
    except SinkGone as cause:
        return _refused(cause, "gone")
    except NotDelivered as cause:
        return _refused(cause, "failed")
    except Exception as cause:
        return failed(f"{type(cause).__name__}: {_said(cause)}".removesuffix(": "))
    if receipt is None:
        return Attempted(outcome="delivered")
    if not isinstance(receipt, Receipt):
        return failed(f"TypeError: `send` returned a {type(receipt).__name__}, not a Receipt or None")
    return Attempted(outcome="delivered", status=_status(receipt.status), answer=shown(receipt.answer))


def failed(error: str) -> Attempted:
    """An attempt that failed by the plugin's own doing."""
    return Attempted(outcome="failed", error=shown(error), by_plugin=True)


def shown(text: object) -> str:
    """The beginning of a text as both databases take it: without NUL and lone surrogates."""
    return str(text)[:ANSWER_CHARACTERS].replace("\0", "").encode(errors="replace").decode()


def _refused(cause: NotDelivered, outcome: Outcome) -> Attempted:
    return Attempted(
        outcome=outcome,
        status=_status(cause.status),
        answer=shown(cause.answer),
        error=shown(_said(cause)),
        retry_after=_pause(cause.seconds) if isinstance(cause, RetryAfter) else None,
    )


def _said(cause: Exception) -> str:
    try:
        return str(cause)
    except Exception:
        return ""


def _status(status: object) -> int | None:
    return status if isinstance(status, int) and 0 <= status < 2**31 else None


def _pause(seconds: object) -> float | None:
    if not isinstance(seconds, (int, float)) or math.isnan(seconds):
        return None
    return float(min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS))
