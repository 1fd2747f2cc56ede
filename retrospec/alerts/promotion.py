"""Promoting what repeats, and telling about it, outside of ingest."""

import msgspec

from retrospec.alerts.outgoing import AlertBook
from retrospec.core.clock import now
from retrospec.core.db import transaction
from retrospec.core.settings import Settings
from retrospec.issues.promotion import promote
from retrospec.issues.schemas import Issue


class Promoted(msgspec.Struct, rename="camel"):
    """The issues that a promotion promoted or updated, and the alerts that it gave rise to."""

    promoted: list[Issue]
    alerts_sent: int
    alert_errors: int


class Promoter:
    """Promotes clusters on request and on a clock."""

    def __init__(self, settings: Settings, alerts: AlertBook) -> None:
        self._min_sessions = settings.cluster_promote_min_sessions
        self._alerts = alerts

    async def promote(self, project_id: str | None, *, trigger: str) -> Promoted:
        """Promote every cluster that enough sessions hit.

        Args:
            project_id: Of one project; None for all.
            trigger: `manual_promote` or `scheduled_promote`.
        """
