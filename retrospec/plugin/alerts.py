"""Alert sinks: where news about issues goes."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from retrospec.plugin.component import Component
from retrospec.plugin.registration import offer

Sink = TypeVar("Sink", bound="type[AlertSink]")


@dataclass(frozen=True, slots=True)
class AlertCluster:
    """The issue an alert is about, as it stood when the alert was accepted.

    Attributes:
        key: `{kind}:{16 hex digits}`.
        symptom: One line, as the visitor's browser worded it.
        session_count: Different sessions that hit it.
        user_count: Different users, where the site names them.
        confidence: Within 0 and 1.
        last_seen_at: In UTC.
        representative_session_id: A session to look at first.
        state: `open` or `acknowledged`.
        assignee: Who has it; may be empty.
    """

    key: str
    symptom: str
    session_count: int
    user_count: int
    confidence: float
    last_seen_at: datetime
    representative_session_id: str
    state: str
    assignee: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One piece of news.

    Attributes:
        id: The same over every attempt to deliver it.
        event: `issue_cluster_promoted`, `issue_cluster_regressed` or `issue_cluster_escalated`.
        trigger: What made it: `ingest_auto_promote`, `manual_promote` or `scheduled_promote`.
        sent_at: When it was accepted, in UTC.
        project_id: The project of the issue.
        cluster: The issue.
    """

    id: str
    event: str
    trigger: str
    sent_at: datetime
    project_id: str
    cluster: AlertCluster


class RetryAfter(Exception):
    """Not delivered, and the receiver said when to come back.

    Args:
        seconds: The pause it asked for.
        reason: What it answered.
    """

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason or f"try again in {seconds:g} s")
        self.seconds = seconds


class AlertSink(Component):
    """Delivers alerts to one place.

    One instance serves the whole process, and `send` may run many times at once.
    """

    @abstractmethod
    async def send(self, alert: Alert) -> None:
        """Deliver one alert, or raise.

        Returning means delivered. Any exception means "try again later": the alert comes back
        after a pause, under the same id, until its attempts are used up. It is cancelled when it
        takes longer than the server's limit.

        Args:
            alert: What happened, and to which issue.

        Raises:
            Exception: Not delivered. `RetryAfter(seconds)` chooses the pause.
        """


def alert_sink(name: str, description: str, *, settings: type[BaseModel] | None = None) -> Callable[[Sink], Sink]:
    """Offer the decorated class as the alert sink `name`.

    Args:
        name: What `ALERT_SINKS` calls it.
        description: One line for `retrospec plugins`.
        settings: Model of the section `[alerts.<name>]`.
    """
    return offer(AlertSink, name, description, settings)
