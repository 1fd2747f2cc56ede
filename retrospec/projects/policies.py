"""What a project has decided for itself, at hand without a query for every request."""

from typing import NamedTuple

from retrospec.core.remembered import Remembered
from retrospec.projects.models import Project

_FRESH_SECONDS = 5.0


class Policy(NamedTuple):
    """A project's own choices; None where it follows the server's settings."""

    clustering_strategy: str | None = None
    redact: bool | None = None


class Policies(Remembered[Policy]):
    """The policies of all projects, each at most five seconds old; an empty one for a project that does not exist."""

    def __init__(self) -> None:
        super().__init__(_read, seconds=_FRESH_SECONDS)


async def _read(project_id: str) -> Policy:
    row = await Project.get_or_none(id=project_id)
    return Policy(row.clustering_strategy, row.redact) if row else Policy()
