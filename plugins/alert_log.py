"""Writes alerts to the log: news for those who watch nothing else."""

import json
import logging

from retrospec.plugin import Alert, AlertSink, alert_sink
from retrospec_plugins.alert_words import headline

log = logging.getLogger("retrospec.alerts")


@alert_sink("log", "One line in the server's log")
class LogSink(AlertSink):
    # It connects to nothing, and yet no project may make one: the log is the operator's.
    guarded = False

    async def send(self, alert: Alert) -> None:
        cluster, digest = alert.cluster, alert.digest
        fields = {
            "id": alert.id,
            "trigger": alert.trigger,
            "project": alert.project_id,
            "cluster": cluster.key,
            "symptom": cluster.symptom,
            "sessions": cluster.session_count,
            "users": cluster.user_count,
            "confidence": cluster.confidence,
            "lastSeen": cluster.last_seen_at.isoformat(),
            "session": cluster.representative_session_id,
            "state": cluster.state,
            "assignee": cluster.assignee,
            "issue": alert.issue_url or None,
            "replay": alert.replay_url or None,
            "heldBack": digest and digest.held_back,
            "top": digest and [f"{one.symptom} ({one.session_count})" for one in digest.top],
            "inWords": headline(alert) if digest else None,
        }
        told = (f"{name}={json.dumps(value)}" for name, value in fields.items() if value is not None)
        # As JSON, so that no symptom, which a visitor's browser worded, begins a line of its own.
        # A warning, because it asks somebody to look.
        log.warning("%s %s", alert.event, " ".join(told))
