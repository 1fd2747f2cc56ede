"""Making things older than they are."""

from datetime import timedelta

from retrospec.core.clock import now
from retrospec.sessions.models import Session, StoredObject


async def age(*session_ids: str, days: float, project_id: str | None = None) -> None:
    """Have sessions and their objects arrived so many days ago."""
    moment = now() - timedelta(days=days)
    for model in (Session, StoredObject):
        aged = model.filter(session_id__in=session_ids)
        await (aged if project_id is None else aged.filter(project_id=project_id)).update(created_at=moment)
