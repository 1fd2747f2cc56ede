"""What a project has decided for itself, at hand without a query for every request."""

from time import monotonic
from typing import NamedTuple

from retrospec.projects.models import Project

_FRESH_SECONDS = 5.0


class Policy(NamedTuple):
    """A project's own choices; None where it follows the server's settings."""

    clustering_strategy: str | None = None
    redact: bool | None = None


class Policies:
    """The policies of all projects, each at most five seconds old."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Policy]] = {}

    async def of(self, project_id: str) -> Policy:
        """The policy of a project; an empty one for a project that does not exist."""
        known = self._known.get(project_id)
        if known is not None and monotonic() < known[0]:
            return known[1]
        # Before it is read: what changes meanwhile is seen in time, however long the database takes.
        asked = monotonic()
        row = await Project.get_or_none(id=project_id)
        policy = Policy(row.clustering_strategy, row.redact) if row else Policy()
        self._known[project_id] = (asked + _FRESH_SECONDS, policy)
        return policy

    def forget(self, project_id: str) -> None:
        """Read a project anew the next time."""
        self._known.pop(project_id, None)
