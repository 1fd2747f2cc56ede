"""Where alerts go, alerts on their way, and what became of them."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from retrospec.issues.models import JsonText


class AlertSinkRow(Model):
    """A sink that was made over the API, of one project. Those of the settings have no row."""

    uid = fields.BigIntField(primary_key=True)
    # `snk_…`
    id = fields.CharField(max_length=64, unique=True)
    project_id = fields.CharField(max_length=64)
    name = fields.CharField(max_length=64)
    # Name of the plugin.
    type = fields.CharField(max_length=64)
    # As the plugin's settings model takes them, secrets in clear: they must be sent.
    settings: fields.Field[dict[str, Any]] = JsonText(default=dict)
    rules: fields.Field[dict[str, Any]] = JsonText(default=dict)
    enabled = fields.BooleanField(default=True)
    # Grows with every change, so that other processes know theirs to be old.
    revision = fields.IntField(default=1)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "alert_sinks"
        unique_together = (("project_id", "name"),)


class AlertSinkState(Model):
    """What deliveries have found out about a sink, whoever configured it. No row: nothing bad."""

    # The sink's id: its name for one of the settings, `snk_…` for one that was made over the API.
    sink = fields.CharField(max_length=64, primary_key=True)
    # Of the settings for which this was found out: edited, the sink begins anew.
    settings_digest = fields.CharField(max_length=64)
    # Failures in a row, and until when it is left alone because of them.
    failures = fields.IntField(default=0)
    open_until = fields.DatetimeField(null=True)
    # Switched off by an answer that says it is gone for good.
    gone_at = fields.DatetimeField(null=True)
    last_error = fields.TextField(default="")
    updated_at = fields.DatetimeField()

    class Meta:
        table = "alert_sink_states"


class AlertDelivery(Model):
    """One alert for one sink."""

    uid = fields.BigIntField(primary_key=True)
    id = fields.CharField(max_length=64, unique=True)
    # The same for every sink and every attempt.
    alert_id = fields.CharField(max_length=64)
    project_id = fields.CharField(max_length=64)
    cluster_key = fields.CharField(max_length=200)
    event = fields.CharField(max_length=64)
    # The sink's id.
    sink = fields.CharField(max_length=64)
    sink_type = fields.CharField(max_length=64, db_default="")
    body: fields.Field[dict[str, Any]] = fields.JSONField()
    # `pending`, `delivered`, `failed`, or `held_back` for one that only a digest tells of.
    status = fields.CharField(max_length=16, default="pending")
    attempts = fields.IntField(default=0)
    last_error = fields.TextField(default="")
    next_attempt_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "alert_deliveries"
        indexes = (
            ("project_id", "cluster_key", "event", "created_at"),
            ("status", "created_at"),
            # For lists, newest first.
            ("project_id", "uid"),
            ("project_id", "sink", "uid"),
        )


class AlertAttempt(Model):
    """One attempt at a delivery."""

    uid = fields.BigIntField(primary_key=True)
    delivery_id = fields.CharField(max_length=64, db_index=True)
    project_id = fields.CharField(max_length=64)
    # 1 for the first.
    number = fields.IntField()
    started_at = fields.DatetimeField()
    duration_ms = fields.IntField()
    # `delivered`, `failed` or `gone`.
    outcome = fields.CharField(max_length=16)
    # HTTP status, where the sink told one.
    status = fields.IntField(null=True)
    # The first 500 characters of the answer, where the sink told it.
    answer = fields.TextField(default="")
    error = fields.TextField(default="")

    class Meta:
        table = "alert_attempts"


class AlertStorm(Model):
    """How many alerts of a project a sink got in an hour, and how many were held back."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    sink = fields.CharField(max_length=64)
    # When the hour began: with the first alert after the one before.
    began_at = fields.DatetimeField()
    accepted = fields.IntField(default=0)
    held_back = fields.IntField(default=0)

    class Meta:
        table = "alert_storms"
        unique_together = (("project_id", "sink"),)
