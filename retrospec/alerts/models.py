"""Alerts on their way, and what became of them."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class AlertDelivery(Model):
    """One alert for one sink."""

    uid = fields.BigIntField(primary_key=True)
    id = fields.CharField(max_length=64, unique=True)
    # The same for every sink and every attempt.
    alert_id = fields.CharField(max_length=64)
    project_id = fields.CharField(max_length=64)
    cluster_key = fields.CharField(max_length=200)
    event = fields.CharField(max_length=64)
    sink = fields.CharField(max_length=64)
    body: fields.Field[dict[str, Any]] = fields.JSONField()
    # `pending`, `delivered` or `failed`.
    status = fields.CharField(max_length=16, default="pending")
    attempts = fields.IntField(default=0)
    last_error = fields.TextField(default="")
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "alert_deliveries"
        indexes = (("project_id", "cluster_key", "event", "created_at"), ("status", "created_at"))
