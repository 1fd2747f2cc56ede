"""Sessions, the failures marked in them, and the objects stored for them."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class Session(Model):
    """One visit. Its id is the client's, unique within the project."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    session_id = fields.CharField(max_length=128)
    site = fields.TextField()
    route = fields.TextField()
    started_at = fields.DatetimeField()
    duration_ms = fields.BigIntField()
    events_object_key = fields.TextField(default="")
    user_hash = fields.CharField(max_length=64, default="")
    release = fields.TextField(default="")
    environment = fields.TextField(default="")
    tags: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    # How often it was sent. 1 tells an upsert that it inserted, on both databases.
    revision = fields.IntField(default=1)
    # Of the jobs queued last, so that the same request sent again queues nothing.
    jobs_digest = fields.CharField(max_length=64, default="")
    # Copies of what its report card says, for lists of sessions; NULL while nobody has reported. To look for the cards
    # of 200 sessions took as long again as all else that the database did for such a list.
    report_status = fields.CharField(max_length=16, null=True)
    report_confidence = fields.FloatField(null=True)
    report_symptom = fields.TextField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "sessions"
        unique_together = (("project_id", "session_id"),)
        indexes = (("project_id", "created_at"),)


class ErrorMarker(Model):
    """A failure at one moment of a session. Its id is unique within the session."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    session_id = fields.CharField(max_length=128)
    marker_id = fields.CharField(max_length=128)
    cluster_key = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=32)
    label = fields.TextField()
    evidence = fields.TextField(default="")
    hint = fields.TextField(default="")
    replay_offset_ms = fields.BigIntField()
    observed_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "error_markers"
        unique_together = (("project_id", "session_id", "marker_id"),)


class StoredObject(Model):
    """An object in the storage: known here before it is written, forgotten after it is deleted."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    object_key = fields.CharField(max_length=1024)
    session_id = fields.CharField(max_length=128)
    # `events` or `artifact`.
    kind = fields.CharField(max_length=16)
    # `pending` while being written, `ready`, `deleting` until its turn comes, `erasing` while the storage is asked.
    state = fields.CharField(max_length=16, default="pending")
    size_bytes = fields.BigIntField(default=0)
    # Since when it is expected, and then since when it has one of the last two states.
    created_at = fields.DatetimeField()
    failures = fields.IntField(default=0)
    last_error = fields.TextField(default="")

    class Meta:
        table = "stored_objects"
        unique_together = (("project_id", "object_key"),)
        indexes = (("project_id", "session_id"), ("state", "created_at"))
