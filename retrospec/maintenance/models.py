"""What runs on a clock, once across all processes."""

from tortoise import fields
from tortoise.models import Model


class Schedule(Model):
    """When a scheduled piece of work was last begun, by whichever process took it."""

    name = fields.CharField(max_length=64, primary_key=True)
    started_at = fields.DatetimeField()

    class Meta:
        table = "schedules"
