"""Test alerts: through the very same way as real ones, and asked for by somebody who waits for the answer."""

from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sink_schemas import TestResult
from retrospec.alerts.sinks import Sink
from retrospec.core.clock import now
from retrospec.core.ids import new_id
from retrospec.plugin import Alert, AlertCluster
from retrospec.projects.service import get_project

TRIGGER = "test"
# As the key of an issue looks, so that receivers which read it find what they expect.
CLUSTER_KEY = "ui_no_effect:0000000000000000"


async def try_sink(pool: SinkPool, sink: Sink, project_id: str) -> TestResult:
    """Send a test alert once.

    It is written nowhere: not into the log of deliveries, and it neither trips the sink's breaker nor ends it.

    Args:
        pool: Sends it.
        sink: Where to; it may be off or gone.
        project_id: On whose behalf.

    Raises:
        NotFound: There is no such project.
    """
    project = await get_project(project_id)
    symptom = f"This is a test of the alert sink {sink.name!r} by the project {project.name!r}: nothing failed"
    alert = _alert(project_id, symptom)
    came = await pool.send(sink, alert)
    return TestResult(
        outcome=came.outcome,
        duration_ms=came.duration_ms,
        status=came.status,
        answer=came.answer,
        error=came.error,
    )


def _alert(project_id: str, symptom: str) -> Alert:
    moment = now()
    cluster = AlertCluster(
        key=CLUSTER_KEY,
        symptom=symptom,
        session_count=0,
        user_count=0,
        confidence=1.0,
        last_seen_at=moment,
        representative_session_id="",
        state="open",
        assignee="",
    )
    return Alert(new_id("alert"), "issue_cluster_promoted", TRIGGER, moment, project_id, cluster)
