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
