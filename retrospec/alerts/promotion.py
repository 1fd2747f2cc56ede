"""Promoting what repeats, and telling about it, outside of ingest."""

import msgspec

from retrospec.alerts.outgoing import AlertBook
from retrospec.core.clock import now
from retrospec.core.db import transaction
from retrospec.core.settings import Settings
from retrospec.issues.lifecycle import Seen
from retrospec.issues.membership import Cluster
from retrospec.issues.models import IssueCluster
from retrospec.issues.news import promotion_of
from retrospec.issues.promotion import STEP, promote
from retrospec.issues.schemas import Issue, issue_of
from retrospec.plugin.observers import NOBODY, Observers


class Promoted(msgspec.Struct, rename="camel"):
    """The issues that a promotion promoted or updated, and the alerts that it gave rise to."""

    promoted: list[Issue]
    alerts_sent: int
    alert_errors: int


class Promoter:
    """Promotes clusters on request and on a clock."""

    def __init__(self, settings: Settings, alerts: AlertBook, observers: Observers = NOBODY) -> None:
        self._min_sessions = settings.cluster_promote_min_sessions
        self._alerts = alerts
        self._observers = observers

    async def promote(self, project_id: str | None, *, trigger: str) -> Promoted:
        """Promote every cluster that enough sessions hit, in steps that are a transaction each.

        Args:
            project_id: Of one project; None for all.
            trigger: `manual_promote` or `scheduled_promote`.
        """
        result = Promoted([], 0, 0)
        while True:
            clusters, alerts = await self._step(project_id, trigger)
            result.promoted += [issue_of(cluster, self._min_sessions) for cluster in clusters]
            result.alerts_sent += alerts
            if len(clusters) < STEP:
                return result

    async def _step(self, project_id: str | None, trigger: str) -> tuple[list[IssueCluster], int]:
        moment = now()
        async with transaction() as db:
            clusters = await promote(db, project_id=project_id, min_sessions=self._min_sessions, now=moment)
            seen = [Seen(_locked(cluster), promoted=True) for cluster in clusters]
            accepted = await self._alerts.accept(db, seen, trigger=trigger, now=moment)
        for cluster in clusters:
            if cluster.promoted_at == moment:
                self._observers.tell(promotion_of(cluster, trigger, moment))
        return clusters, sum(accepted.values())


def _locked(row: IssueCluster) -> Cluster:
    return Cluster(**{name: getattr(row, name) for name in Cluster.__struct_fields__})
