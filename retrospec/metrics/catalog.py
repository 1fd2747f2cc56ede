"""Every metric that `/metrics` knows: its name, its kind and what it means."""

from dataclasses import dataclass
from typing import Literal

from retrospec.core.access_log import BOUNDS
from retrospec.jobs.attempt import DURATION_BOUNDS
from retrospec.metrics.plugin_faults import LAST_ERROR

QUEUES = ("replay", "analysis")
DEPTHS = {
    "stream_depth": "Jobs not finished: waiting for a worker, or held by one",
    "pending_total": "Jobs that a worker holds now",
    "retry_depth": "Jobs that wait for the time of their next attempt",
    "failed_depth": "Dead letters: jobs that were given up",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Counters and histograms are totals over all server processes, and outlive them. Gauges are what the
    process that answers finds at that moment; of several on one port each finds the same.

    Attributes:
        name: As dashboards and alert rules call it; of histograms without the suffix.
        kind: What it is to Prometheus.
        help: What it counts, in one line.
        labels: Names of its labels. A counter stands at 0, without labels, before anything was counted.
        bounds: Of histograms: upper bounds that are shown from the start; a bucket that appears later would
            look like a jump. Others join as they are counted.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


UPTIME = Metric("retrospec_uptime_seconds", "gauge", "Seconds since the server that answers was started")
QUEUE_UP = Metric("retrospec_queue_up", "gauge", "1 if the queue answers; at 0 the depths of its queues are left out")
QUEUE_DEPTHS = {
    (queue, depth): Metric(f"retrospec_{queue}_queue_{depth}", "gauge", f"{meaning} (queue of {queue} jobs)")
    for queue in QUEUES
    for depth, meaning in DEPTHS.items()
}
PLUGIN_LAST_ERROR = Metric(
    LAST_ERROR, "gauge", "When a call of a plugin failed last, seconds since 1970", ("family", "plugin")
)
ALERT_PENDING = Metric(
    "retrospec_alert_pending", "gauge", "Alerts on their way to a sink, counted up to 100,000", ("type",)
)
SINKS_OFF = Metric("retrospec_alert_sinks_off", "gauge", "Sinks switched off: their receivers say that they are gone")
SINKS_RESTING = Metric(
    "retrospec_alert_sinks_resting", "gauge", "Sinks left alone for a while, because they failed again and again"
)
TOTALS = (
    Metric("retrospec_events_uploaded_total", "counter", "Recordings stored by uploads"),
    Metric("retrospec_events_uploaded_bytes_total", "counter", "Size of these recordings as stored, bytes"),
    Metric("retrospec_ingest_sessions_total", "counter", "Sessions written by ingest, each further flush of one too"),
    Metric("retrospec_ingest_markers_total", "counter", "Failures that came with these sessions"),
    Metric("retrospec_replay_queue_errors_total", "counter", "Failed attempts to hand replay jobs to the queue"),
    Metric("retrospec_analysis_queue_errors_total", "counter", "Failed attempts to hand analysis jobs to the queue"),
    Metric("retrospec_replay_artifacts_total", "counter", "Artifacts of sessions that were written"),
    Metric("retrospec_analysis_reports_total", "counter", "Report cards of sessions that were written"),
    Metric("retrospec_cleanup_runs_total", "counter", "Finished runs of the cleanup"),
    Metric("retrospec_cleanup_event_objects_total", "counter", "Recordings that the cleanup deleted from storage"),
    Metric("retrospec_cleanup_artifact_objects_total", "counter", "Artifacts that the cleanup deleted from storage"),
    Metric("retrospec_alert_sent_total", "counter", "Alerts that a sink has taken", ("type",)),
    Metric("retrospec_alert_errors_total", "counter", "Attempts to deliver an alert that failed", ("type",)),
    Metric("retrospec_alert_retried_total", "counter", "Of these, those that another attempt follows", ("type",)),
    Metric("retrospec_alert_failed_total", "counter", "Alerts given up for a sink", ("type",)),
    Metric("retrospec_alert_held_back_total", "counter", "Deliveries held back for the digest of a storm", ("type",)),
    Metric("retrospec_rate_limited_total", "counter", "Requests refused with 429"),
    Metric("retrospec_rate_limit_errors_total", "counter", "Calls to Redis for rate limits that failed"),
    Metric("retrospec_process_restarts_total", "counter", "Server processes that took the place of one that died"),
    Metric("retrospec_jobs_total", "counter", "Attempts at jobs, by how they ended", ("queue", "outcome")),
    Metric(
        "retrospec_job_seconds", "histogram", "How long an attempt at a job took, seconds", ("queue",), DURATION_BOUNDS
    ),
    Metric("retrospec_worker_queue_errors_total", "counter", "Times that a worker could not ask the queue for work"),
    Metric(
        "retrospec_clustering_rule_skips_total",
        "counter",
        "Failures clustered without a rule that took too long",
    ),
    Metric("retrospec_plugin_errors_total", "counter", "Calls of a plugin that failed", ("family", "plugin")),
    Metric(
        "retrospec_plugin_breaker_opened_total",
        "counter",
        "Times that a plugin was left alone for a while, because it failed again and again",
        ("family", "plugin"),
    ),
    Metric(
        "retrospec_plugin_events_dropped_total",
        "counter",
        "Events that a hook was not told of",
        ("plugin", "reason"),
    ),
    Metric(
        "retrospec_http_request_seconds",
        "histogram",
        "How long requests took until their answer began, seconds",
        ("method", "route", "status"),
        BOUNDS,
    ),
)
CATALOG = (
    UPTIME,
    QUEUE_UP,
    *QUEUE_DEPTHS.values(),
    ALERT_PENDING,
    SINKS_OFF,
    SINKS_RESTING,
    *TOTALS,
    PLUGIN_LAST_ERROR,
)
