"""The outbox: work that a transaction has promised."""

from tortoise import fields
from tortoise.models import Model


class Job(Model):
    """One piece of work. Written with what it follows from, deleted some time after it is done."""

    uid = fields.BigIntField(primary_key=True)
    # Stable over every delivery.
    id = fields.CharField(max_length=64, unique=True)
    queue = fields.CharField(max_length=150)
    project_id = fields.CharField(max_length=64)
    session_id = fields.CharField(max_length=128, default="")
    payload = fields.TextField()
    # `ready`, `leased`, `done`, `failed` or `unprocessable`.
    status = fields.CharField(max_length=16, default="ready")
    attempt = fields.IntField(default=0)
    due_at = fields.DatetimeField()
    leased_until = fields.DatetimeField(null=True)
    # Grows with every lease: whatever is said under an older one is refused.
    lease_token = fields.BigIntField(default=0)
    worker = fields.CharField(max_length=128, default="")
    error = fields.TextField(default="")
    created_at = fields.DatetimeField()
    # Set when another queue backend has been given the job.
    published_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "jobs"
        indexes = (
            ("queue", "status", "due_at", "uid"),
            ("status", "finished_at"),
            ("project_id", "session_id", "queue"),
        )
