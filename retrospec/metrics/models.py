"""Totals that every process adds to."""

from tortoise import fields
from tortoise.models import Model


class CounterTotal(Model):
    """One series of a counter, or of a histogram's buckets, over all processes since the installation."""

    uid = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=128)
    # The labels as sorted JSON.
    labels = fields.CharField(max_length=512, default="{}")
    value = fields.FloatField(default=0.0)

    class Meta:
        table = "counter_totals"
        unique_together = (("name", "labels"),)
