"""Projects and the keys that open them."""

from tortoise import fields
from tortoise.models import Model

DEFAULT_PROJECT_ID = "proj_default"


class Project(Model):
    """One site or product. Everything else is held apart by its id."""

    id = fields.CharField(max_length=64, primary_key=True)
    name = fields.TextField()
    site = fields.TextField()
    retention_days = fields.IntField(null=True)
    clustering_strategy = fields.CharField(max_length=64, null=True)
    allowed_origins: fields.Field[list[str]] = fields.JSONField(default=list)
    redact = fields.BooleanField(null=True)
    created_at = fields.DatetimeField(db_index=True)
    # Set while the project's rows and objects are being removed; its keys open nothing any more.
    deleting_at = fields.DatetimeField(null=True)

    class Meta:
        table = "projects"


class ProjectApiKey(Model):
    """A key, of which only the SHA-256 is kept."""

    id = fields.CharField(max_length=64, primary_key=True)
    project_id = fields.CharField(max_length=64)
    label = fields.TextField()
    scope = fields.CharField(max_length=16)
    key_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "project_api_keys"
        indexes = (("project_id", "created_at"),)
