"""The plugins that come with Retrospec, in the order in which they are loaded."""

BATTERIES = (
    "retrospec_plugins.storage_local",
    "retrospec_plugins.storage_s3",
    "retrospec.jobs.database_queue",
    "retrospec_plugins.queue_memory",
    "retrospec_plugins.queue_redis",
    "retrospec_plugins.alert_webhook",
    "retrospec_plugins.alert_log",
    "retrospec_plugins.alert_slack",
    "retrospec_plugins.alert_email",
    "retrospec_plugins.alert_apprise",
    "retrospec_plugins.cluster_fingerprint",
    "retrospec_plugins.cluster_fingerprint1",
    "retrospec_plugins.cluster_template",
    "retrospec_plugins.analysis_heuristic",
    "retrospec_plugins.analysis_http",
    "retrospec_plugins.redact_default",
)
