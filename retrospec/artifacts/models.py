"""What workers made of a session."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class SessionArtifact(Model):
    """One product of a worker, e.g. the analysis or a video: one of each type for a session."""

    uid = fields.BigIntField(primary_key=True)
    id = fields.CharField(max_length=64)
    project_id = fields.CharField(max_length=64)
    session_id = fields.CharField(max_length=128)
    artifact_type = fields.CharField(max_length=64)
    artifact_key = fields.TextField(default="")
    trigger_kind = fields.CharField(max_length=64)
    status = fields.CharField(max_length=32)
    windows: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list)
    generated_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "session_artifacts"
        unique_together = (("project_id", "session_id", "artifact_type"),)
