"""What a delivery keeps of an alert, and what a sink is given of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from retrospec.core.settings import Settings
from retrospec.issues.membership import Cluster
from retrospec.issues.models import IssueCluster
from retrospec.issues.schemas import confidence
from retrospec.plugin import Alert, AlertCluster, AlertDigest

PROMOTED, REGRESSED, ESCALATED = "issue_cluster_promoted", "issue_cluster_regressed", "issue_cluster_escalated"
HELD_BACK = "issue_alerts_held_back"
EVENTS = (PROMOTED, REGRESSED, ESCALATED)


class AlertClusterWire(msgspec.Struct, rename="camel"):
    """The issue that an alert is about."""

    key: str
    symptom: str
    session_count: int
    user_count: int
    confidence: float
    last_seen_at: datetime
    representative_session_id: str
    state: str
    assignee: str


class DigestWire(msgspec.Struct, rename="camel"):
    """What a storm of alerts held back: how many, and the issues with most sessions among them."""

    held_back: int
    since: datetime
    until: datetime
    clusters: list[AlertClusterWire]


class AlertWire(msgspec.Struct, rename="camel", omit_defaults=True):
    """The body of an alert, as CONTRACT section 9 has it, with links and with what a digest tells."""

    event: str
    trigger: str
    sent_at: datetime
    project_id: str
    cluster: AlertClusterWire
    issue_url: str = ""
    replay_url: str = ""
    digest: DigestWire | None = None


class Links:
    """Where people look at issues and replays."""

    def __init__(self, settings: Settings) -> None:
        base = settings.public_url.rstrip("/")
        self._issue = settings.alert_issue_url or (base and base + "/v1/issues/{key}")
        self._replay = settings.alert_replay_url or (base and base + "/v1/sessions/{session}")

    def issue(self, project_id: str, key: str) -> str:
        """The address of an issue; empty where none is set."""
        return _filled(self._issue, project=project_id, key=key)

    def replay(self, project_id: str, session_id: str) -> str:
        """The address of a session's replay; empty where none is set, or there is no session."""
        return _filled(self._replay, project=project_id, session=session_id) if session_id else ""


def _filled(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def cluster_wire(cluster: Cluster | IssueCluster, min_sessions: int) -> AlertClusterWire:
    """An issue as alerts tell of it.

    Args:
        cluster: As it stands.
        min_sessions: `CLUSTER_PROMOTE_MIN_SESSIONS`, for its confidence.
    """
    return AlertClusterWire(
        key=cluster.key,
        symptom=cluster.symptom,
        session_count=cluster.session_count,
        user_count=cluster.user_count,
        confidence=confidence(cluster.session_count, min_sessions),
        last_seen_at=cluster.last_seen_at,
        representative_session_id=cluster.representative_session_id,
        state=cluster.state,
        assignee=cluster.assignee,
    )


def alert_of(alert_id: str, body: Mapping[str, Any]) -> Alert:
    """The alert that a sink is given.

    Args:
        alert_id: The same over every attempt.
        body: An `AlertWire`, as `AlertDelivery.body` keeps it.
    """
    wire = msgspec.convert(body, AlertWire)
    return Alert(
        id=alert_id,
        event=wire.event,
        trigger=wire.trigger,
        sent_at=wire.sent_at,
        project_id=wire.project_id,
        cluster=_cluster(wire.cluster),
        issue_url=wire.issue_url,
        replay_url=wire.replay_url,
        digest=_digest(wire.digest) if wire.digest else None,
    )


def _cluster(wire: AlertClusterWire) -> AlertCluster:
    return AlertCluster(**msgspec.structs.asdict(wire))


def _digest(wire: DigestWire) -> AlertDigest:
    return AlertDigest(wire.held_back, wire.since, wire.until, [_cluster(one) for one in wire.clusters])
