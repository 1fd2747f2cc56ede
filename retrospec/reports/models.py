"""What an analysis says of a session."""

from tortoise import fields
from tortoise.models import Model


class SessionReportCard(Model):
    """Symptom, cause and fix of a session's failures. One for a session."""

    uid = fields.BigIntField(primary_key=True)
    id = fields.CharField(max_length=64)
    project_id = fields.CharField(max_length=64)
    session_id = fields.CharField(max_length=128)
    # `pending`, `ready`, `failed` or `discarded`.
    status = fields.CharField(max_length=16)
    symptom = fields.TextField(default="")
    technical_root_cause = fields.TextField(default="")
    suggested_fix = fields.TextField(default="")
    text_summary = fields.TextField(default="")
    visual_summary = fields.TextField(default="")
    confidence = fields.FloatField(default=0.0)
    generated_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "session_report_cards"
        unique_together = (("project_id", "session_id"),)


class DailyUse(Model):
    """What a project has used on one day, in UTC, of something that is limited by the day."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    # Of what: family and name of the plugin, e.g. `analysis.http`.
    name = fields.CharField(max_length=100)
    day = fields.DateField()
    used = fields.IntField(default=0)

    class Meta:
        table = "daily_uses"
        unique_together = (("project_id", "name", "day"),)
