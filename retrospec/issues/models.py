"""Clusters of the same failure, and what people and time did to them."""

from typing import Any

import msgspec
from tortoise import fields
from tortoise.indexes import PartialIndex
from tortoise.models import Model

CANDIDATE = "candidate"


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class JsonText(fields.JSONField[dict[str, Any]]):
    """JSON kept as it was sent. PostgreSQL's jsonb would give 1e308 back as an integer of 309 digits."""

    class _db_postgres:  # noqa: N801 (Tortoise looks for this name)
        SQL_TYPE = "TEXT"

    def __init__(self, **options: Any) -> None:
        super().__init__(encoder=_encode, decoder=msgspec.json.decode, **options)


class IssueCluster(Model):
    """A failure that sessions of one project share. An issue once it is promoted, a candidate before."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    key = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=32)
    symptom = fields.TextField()
    strategy = fields.CharField(max_length=64)
    strategy_version = fields.IntField()
    session_count = fields.IntField(default=0)
    user_count = fields.IntField(default=0)
    marker_count = fields.BigIntField(default=0)
    representative_session_id = fields.CharField(max_length=128, default="")
    first_seen_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    # `candidate`, `open`, `acknowledged`, `resolved` or `muted`.
    state = fields.CharField(max_length=16, default=CANDIDATE)
    assignee = fields.TextField(default="")
    state_note = fields.TextField(default="")
    state_updated_at = fields.DatetimeField(null=True)
    muted_until = fields.DatetimeField(null=True)
    # The session count at which a mute by sessions ends.
    muted_until_sessions = fields.IntField(null=True)
    regressed = fields.BooleanField(default=False)
    promoted_at = fields.DatetimeField(null=True)
    # What `session_count` was when it was last promoted: a difference makes "promoted or updated".
    promoted_session_count = fields.IntField(default=0)
    # Sessions new to it by ten minutes, the last hour's: `<number of the latest ten minutes>:<its count>,<the one
    # before>,…`. Empty until the first.
    recent = fields.CharField(max_length=128, db_default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "issue_clusters"
        unique_together = (("project_id", "key"),)
        indexes = (
            ("project_id", "state", "last_seen_at", "uid"),
            # Which mutes are over is asked by every list. Of the muted only: no other cluster pays for it when it is
            # seen again.
            PartialIndex(fields=("project_id", "muted_until"), condition={"state": "muted"}),
        )


class ClusterMember(Model):
    """A session hit a cluster."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    cluster_key = fields.CharField(max_length=200)
    session_id = fields.CharField(max_length=128)
    user_hash = fields.CharField(max_length=64, default="")
    marker_count = fields.IntField()
    first_observed_at = fields.DatetimeField()
    last_observed_at = fields.DatetimeField()

    class Meta:
        table = "cluster_members"
        # The session first: what one session adds lies on one page, and not on one for each cluster that it hits.
        unique_together = (("project_id", "session_id", "cluster_key"),)
        indexes = (("project_id", "cluster_key", "last_observed_at"),)


class ClusterUser(Model):
    """A user, known by a keyed hash only, hit a cluster, in so many sessions. Gone with the last of them.

    Tells without reading those sessions whether a user is new to a cluster, or has left it.
    """

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    cluster_key = fields.CharField(max_length=200)
    user_hash = fields.CharField(max_length=64)
    # A default of the database's own: a server of the version before goes on writing during an upgrade.
    session_count = fields.IntField(db_default=1)

    class Meta:
        table = "cluster_users"
        # The user first: see `ClusterMember`. Whoever wants a cluster's users finds them by its members.
        unique_together = (("project_id", "user_hash", "cluster_key"),)


class ClusterDay(Model):
    """How often a cluster was hit on one day, in UTC."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    cluster_key = fields.CharField(max_length=200)
    day = fields.DateField()
    marker_count = fields.BigIntField(default=0)
    session_count = fields.IntField(default=0)

    class Meta:
        table = "cluster_days"
        unique_together = (("project_id", "cluster_key", "day"),)


class KindHour(Model):
    """What of one kind of failure fell into one hour: its markers, and whatever was last seen then."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    # Since 1970, in UTC.
    hour = fields.IntField()
    kind = fields.CharField(max_length=32)
    marker_count = fields.BigIntField(default=0)
    # Sessions whose last marker of the kind lies in the hour, and clusters that were last seen in it: so the sums over
    # the hours since any time are the sessions and the clusters since then, each once.
    session_count = fields.IntField(default=0)
    cluster_count = fields.IntField(default=0)
    # The latest marker of the hour; the hour's beginning where there is none.
    last_seen_at = fields.DatetimeField()

    class Meta:
        table = "kind_hours"
        unique_together = (("project_id", "hour", "kind"),)


class ClusterAlias(Model):
    """A key that stands for a cluster of another key, which its markers join."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64)
    source_key = fields.CharField(max_length=200)
    target_key = fields.CharField(max_length=200)
    # `merge`: people have merged it, which holds whatever the strategy. `new`: a strategy that the project moves to
    # gives it, and the cluster is still on its way there. `old`: a former strategy gave it; links lead on, and markers
    # do for the first hour. A default of the database's own: a server of the version before writes on in an upgrade.
    kind = fields.CharField(max_length=16, db_default="merge")
    created_at = fields.DatetimeField()

    class Meta:
        table = "cluster_aliases"
        unique_together = (("project_id", "source_key"),)
        indexes = (("project_id", "target_key"),)


class IssueActivity(Model):
    """Something that happened to an issue: state changes, regressions, feedback, merges, splits."""

    uid = fields.BigIntField(primary_key=True)
    id = fields.CharField(max_length=64)
    project_id = fields.CharField(max_length=64)
    cluster_key = fields.CharField(max_length=200)
    # `promoted`, `state_changed`, `regressed`, `unmuted`, `rekeyed`, or one of the feedback kinds.
    kind = fields.CharField(max_length=32)
    session_id = fields.CharField(max_length=128, default="")
    note = fields.TextField(default="")
    metadata: fields.Field[dict[str, Any]] = JsonText(default=dict)
    created_by = fields.TextField(default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "issue_activities"
        indexes = (("project_id", "cluster_key", "created_at"),)


class ClusteringRule(Model):
    """What a project says about its failures before the clustering strategy is asked."""

    uid = fields.BigIntField(primary_key=True)
    # `rule_…`
    id = fields.CharField(max_length=64, unique=True)
    project_id = fields.CharField(max_length=64)
    name = fields.CharField(max_length=100)
    # Rules are asked in this order; the first that matches decides.
    position = fields.IntField()
    match: fields.Field[dict[str, Any]] = JsonText(default=dict)
    action: fields.Field[dict[str, Any]] = JsonText(default=dict)
    enabled = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "clustering_rules"
        indexes = (("project_id", "position"),)


class ClusteringMove(Model):
    """A project on its way from one clustering strategy to another."""

    uid = fields.BigIntField(primary_key=True)
    project_id = fields.CharField(max_length=64, unique=True)
    strategy = fields.CharField(max_length=64)
    strategy_version = fields.IntField()
    # `running` or `done`.
    status = fields.CharField(max_length=16, default="running")
    # Where to go on after an interruption, and what was done so far.
    progress: fields.Field[dict[str, Any]] = JsonText(default=dict)
    started_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "clustering_moves"


class StrategyState(Model):
    """What a clustering strategy has learnt."""

    strategy = fields.CharField(max_length=64, primary_key=True)
    # As the strategy writes it.
    state = fields.TextField()
    # Grows with every write, so that two processes do not overwrite each other's.
    revision = fields.IntField(default=1)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "strategy_states"
