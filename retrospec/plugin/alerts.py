"""Alert sinks: where news about issues goes."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeVar

from pydantic import BaseModel

from retrospec.plugin.component import Component
from retrospec.plugin.network import Network
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
class AlertDigest:
    """What a storm of alerts held back.

    Attributes:
        held_back: How many alerts.
        since: When the storm began, in UTC.
        until: When it was over.
        top: The issues with most sessions among them, at most ten, those with most first.
    """

    held_back: int
    since: datetime
    until: datetime
    top: Sequence[AlertCluster]


@dataclass(frozen=True, slots=True)
class Alert:
    """One piece of news.

    Attributes:
        id: The same over every attempt to deliver it.
        event: `issue_cluster_promoted`, `issue_cluster_regressed`, `issue_cluster_escalated`, or
            `issue_alerts_held_back` for a digest.
        trigger: What made it: `ingest_auto_promote`, `manual_promote`, `scheduled_promote`, `storm_digest` or `test`.
        sent_at: When it was accepted, in UTC.
        project_id: The project of the issue.
        cluster: The issue; of a digest the first of its top issues.
        issue_url: Where people look at the issue; empty unless `PUBLIC_URL` or `ALERT_ISSUE_URL` is set.
        replay_url: Where people see the representative session; empty likewise.
        digest: What was held back; None unless this is a digest.
    """

    id: str
    event: str
    trigger: str
    sent_at: datetime
    project_id: str
    cluster: AlertCluster
    issue_url: str = ""
    replay_url: str = ""
    digest: AlertDigest | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver said to an alert that it took; kept in the log of deliveries.

    Attributes:
        status: HTTP status, or the like of another protocol; None where there is none.
        answer: The beginning of its answer, without anything secret; the log keeps 500 characters.
    """

    status: int | None = None
    answer: str = ""


class NotDelivered(Exception):
    """The receiver did not take an alert.

    Args:
        reason: Why, without anything secret.
        status: HTTP status of its answer, or the like; None where it gave none.
        answer: The beginning of its answer, without anything secret.
    """

    def __init__(self, reason: str, *, status: int | None = None, answer: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.answer = answer


class RetryAfter(NotDelivered):
    """Not delivered, and the receiver said when to come back.

    Args:
        seconds: The pause it asked for.
        reason: What it answered.
        status: As for `NotDelivered`.
        answer: As for `NotDelivered`.
    """

    def __init__(self, seconds: float, reason: str = "", *, status: int | None = None, answer: str = "") -> None:
        super().__init__(reason or f"try again in {seconds:g} s", status=status, answer=answer)
        self.seconds = seconds


class SinkGone(NotDelivered):
    """Not delivered, and never again: the receiver says that it is gone for good (HTTP 410).

    The sink is switched off until somebody edits it.
    """


class AlertSink(Component):
    """Delivers alerts to one place.

    One instance serves the whole process, and `send` may run many times at once. All its methods run in one event
    loop, which is not the server's: what blocks there delays only sinks of the same plugin.

    Attributes:
        guarded: Says that every connection goes through `network`: only such a sink may be made over the API, where
            its address comes from a project and must not lead into the operator's own network.
        network: How to reach others. The server sets it before `open`.
    """

    guarded: ClassVar[bool] = False
    network: Network = Network()

    @abstractmethod
    async def send(self, alert: Alert) -> Receipt | None:
        """Deliver one alert, or raise.

        Returning means delivered. Any exception means "try again later": the alert comes back
        after a pause, under the same id, until its attempts are used up. It is cancelled when it
        takes longer than the server's limit.

        Args:
            alert: What happened, and to which issue.

        Returns:
            What the receiver said, for the log of deliveries; None where it said nothing.

        Raises:
            RetryAfter: Not delivered; the next attempt is not made before the pause that it names.
            SinkGone: Not delivered; the sink is switched off.
            Exception: Not delivered. `NotDelivered` tells the log what the receiver answered.
        """


def alert_sink(name: str, description: str, *, settings: type[BaseModel] | None = None) -> Callable[[Sink], Sink]:
    """Offer the decorated class as the alert sink `name`.

    Args:
        name: What `ALERT_SINKS` calls it.
        description: One line for `retrospec plugins`.
        settings: Model of the section `[alerts.<name>]`.
    """
    return offer(AlertSink, name, description, settings)
