"""Writes alerts to the log: news for those who watch nothing else."""

import json
import logging

from retrospec.plugin import Alert, AlertSink, alert_sink

log = logging.getLogger("retrospec.alerts")


@alert_sink("log", "One line in the server's log")
class LogSink(AlertSink):
    async def send(self, alert: Alert) -> None:
        cluster = alert.cluster
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
        }
        # As JSON, so that no symptom, which a visitor's browser worded, begins a line of its own.
        # A warning, because it asks somebody to look.
        log.warning("%s %s", alert.event, " ".join(f"{name}={json.dumps(value)}" for name, value in fields.items()))
