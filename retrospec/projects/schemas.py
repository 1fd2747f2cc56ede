"""What goes over the wire about projects and keys."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from retrospec.core.clock import now
from retrospec.core.db import read_time
from retrospec.projects.keys import Scope
from retrospec.projects.models import Project, ProjectApiKey

Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
FutureTime = Annotated[datetime, msgspec.Meta(tz=True)]
OriginList = Annotated[list[str], msgspec.Meta(max_length=100)]


class ProjectRequest(msgspec.Struct, rename="camel"):
    """A project to be made. `label` names its key of scope `full`."""

    name: str | None = None
    site: str | None = None
    label: str | None = None


class ProjectPatch(msgspec.Struct, rename="camel"):
    """What to change. Fields left out stay; null goes back to what the server's settings say."""

    name: str | UnsetType | None = UNSET
    site: str | UnsetType | None = UNSET
    retention_days: Days | UnsetType | None = UNSET
    clustering_strategy: str | UnsetType | None = UNSET
    allowed_origins: OriginList | UnsetType | None = UNSET
    redact: bool | UnsetType | None = UNSET


class ProjectView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A project, and what it decides for itself."""

    id: str
    name: str
    site: str
    created_at: datetime
    retention_days: int | None = None
    clustering_strategy: str | None = None
    allowed_origins: list[str] = []
    redact: bool | None = None


class NewProject(msgspec.Struct, rename="camel"):
    """A project just made. Its two keys are shown this once."""

    project: ProjectView
    api_key: str
    ingest_key: str


class ProjectAnswer(msgspec.Struct):
    """One project."""

    project: ProjectView


class ProjectList(msgspec.Struct):
    """All projects, newest first."""

    projects: list[ProjectView]


class ProjectDeleted(msgspec.Struct, rename="camel"):
    """A project is gone with all that was in it."""

    deleted: bool
    project_id: str


class KeyRequest(msgspec.Struct, rename="camel"):
    """A key to be made. Without `expiresAt` it works until it is revoked."""

    label: str | None = None
    scope: Scope | None = None
    expires_at: FutureTime | None = None


class NewKey(msgspec.Struct, rename="camel", omit_defaults=True):
    """A key just made. `apiKey` is shown this once."""

    api_key_id: str
    project_id: str
    label: str
    scope: str
    api_key: str
    expires_at: datetime | None = None


class KeyView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A key, without what opens anything. `status` is `active`, `revoked` or `expired`."""

    id: str
    project_id: str
    label: str
    scope: str
    status: str
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None


class KeyAnswer(msgspec.Struct):
    """One key."""

    key: KeyView


class KeyList(msgspec.Struct):
    """The keys of a project, newest first."""

    keys: list[KeyView]


def project_view(project: Project) -> ProjectView:
    """A project's row as it is shown."""
    return ProjectView(
        id=project.id,
        name=project.name,
        site=project.site,
        created_at=read_time(project.created_at),
        retention_days=project.retention_days,
        clustering_strategy=project.clustering_strategy,
        allowed_origins=project.allowed_origins,
        redact=project.redact,
    )


def key_view(key: ProjectApiKey) -> KeyView:
    """A key's row as it is shown."""
    return KeyView(
        id=key.id,
        project_id=key.project_id,
        label=key.label,
        scope=key.scope,
        status=_status(key),
        created_at=read_time(key.created_at),
        last_used_at=key.last_used_at and read_time(key.last_used_at),
        expires_at=key.expires_at and read_time(key.expires_at),
    )


def _status(key: ProjectApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now() else "active"
