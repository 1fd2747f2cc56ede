"""Promoting what repeats, and telling about it, outside of ingest."""

from collections.abc import Collection, Sequence

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.alerts.news import Sites
from retrospec.alerts.outgoing import AlertBook
from retrospec.core.clock import now
from retrospec.core.db import transaction
from retrospec.core.settings import Settings
from retrospec.issues.lifecycle import Seen
from retrospec.issues.membership import Cluster, ClusterRef
from retrospec.issues.models import IssueCluster
from retrospec.issues.news import promotion_of
from retrospec.issues.promotion import STEP, projects_to_promote, promote
from retrospec.issues.schemas import Issue, issue_of
from retrospec.plugin.observers import NOBODY, Observers
from retrospec.sessions.records import sites_of_sessions


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
        projects = [project_id] if project_id is not None else await projects_to_promote(self._min_sessions)
        for project in projects:
            await self._promote(project, trigger, result)
        return result

    async def _promote(self, project_id: str, trigger: str, result: Promoted) -> None:
        more = True
        while more:
            clusters, alerts = await self._step(project_id, trigger)
            result.promoted += [issue_of(cluster, self._min_sessions) for cluster in clusters]
            result.alerts_sent += alerts
            more = len(clusters) == STEP

    async def _step(self, project_id: str, trigger: str) -> tuple[list[IssueCluster], int]:
        moment = now()
        audience = await self._alerts.audience([project_id])
        async with transaction() as db:
            clusters = await promote(db, project_id=project_id, min_sessions=self._min_sessions, now=moment)
            seen = {cluster.ref: Seen(cluster, promoted=True) for cluster in map(_locked, clusters)}

            async def find_sites(db: BaseDBAsyncClient, refs: Collection[ClusterRef]) -> Sites:
                return await _representative_sites(db, [seen[ref].cluster for ref in refs])

            accepted = await self._alerts.accept(
                db, seen.values(), audience, trigger=trigger, now=moment, find_sites=find_sites
            )
        self._alerts.settle(accepted)
        for cluster in clusters:
            if cluster.promoted_at == moment:
                self._observers.tell(promotion_of(cluster, trigger, moment))
        return clusters, accepted.alerts.total()


async def _representative_sites(db: BaseDBAsyncClient, clusters: Sequence[Cluster]) -> Sites:
    """Nobody's session promotes here, so the one that stands for the issue says where it was hit."""
    sessions = {cluster.ref: (cluster.project_id, cluster.representative_session_id) for cluster in clusters}
    sites = await sites_of_sessions(db, list(sessions.values()))
    return {ref: {sites[session]} for ref, session in sessions.items() if session in sites}


def _locked(row: IssueCluster) -> Cluster:
    return Cluster(**{name: getattr(row, name) for name in Cluster.__struct_fields__})
