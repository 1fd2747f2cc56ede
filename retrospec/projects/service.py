"""Making, changing and removing projects and their keys."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import UNSET
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.clock import checked_time, now
from retrospec.core.cors import checked_origins
from retrospec.core.db import transaction
from retrospec.core.errors import Conflict, Invalid, NotFound
from retrospec.core.ids import new_id
from retrospec.projects.keys import Scope, key_hash, new_raw_key
from retrospec.projects.models import DEFAULT_PROJECT_ID, Project, ProjectApiKey
from retrospec.projects.schemas import ProjectPatch

_NEWEST_FIRST = ("-created_at", "-id")
_MAX_TEXT = 200
# Of both: what the server makes up. Tortoise raises over anything longer than the column.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class KnownStrategies:
    """The clustering strategies that are installed."""

    names: frozenset[str]


class ProjectPurge(Protocol):
    """Removes what a project holds."""

    async def purge(self, project_id: str) -> None:
        """Remove all rows and objects of a project but its own row and keys, in bounded steps.

        May be called again after it was interrupted.
        """


async def create_project(name: str, site: str, label: str = "") -> tuple[Project, str, str]:
    """Make a project and its first two keys.

    Args:
        name: What people call it.
        site: Its host name, or whatever its visitors' recordings call it.
        label: Of the key of scope `full`; empty: `default-key`.

    Returns:
        The project, its raw key of scope `full`, and its raw key of scope `ingest`.

    Raises:
        Invalid: Name or site is empty or too long.
    """
    project = Project(
        id=new_id("proj"), name=_text(name, "name"), site=_text(site, "site"), allowed_origins=[], created_at=now()
    )
    label = _label(label, "default-key")
    async with transaction() as db:
        await project.save(using_db=db, force_create=True)
        _, api_key = await _add_key(project.id, label, "full", None, db)
        _, ingest_key = await _add_key(project.id, "ingest-key", "ingest", None, db)
    return project, api_key, ingest_key


async def list_projects() -> list[Project]:
    """All projects but those being removed, newest first."""
    return await Project.filter(deleting_at=None).order_by(*_NEWEST_FIRST)


async def get_project(project_id: str) -> Project:
    """One project.

    Raises:
        NotFound: There is none of that id, or it is being removed.
    """
    project = await Project.get_or_none(id=project_id, deleting_at=None) if _ID.fullmatch(project_id) else None
    if project is None:
        raise NotFound("project not found")
    return project


async def change_project(project_id: str, patch: ProjectPatch, strategies: KnownStrategies) -> Project:
    """Change what a patch names.

    Raises:
        NotFound: There is no such project.
        Invalid: A value cannot be used; nothing has changed.
    """
    project = await get_project(project_id)
    changes = _changes(patch, strategies)
    if changes:
        # Not through the instance: another change of other fields must survive.
        await Project.filter(id=project_id).update(**changes)
        project = await get_project(project.id)
    return project


def _changes(patch: ProjectPatch, strategies: KnownStrategies) -> dict[str, object]:
    changes: dict[str, object] = {}
    if patch.name is not UNSET:
        changes["name"] = _text(patch.name, "name")
    if patch.site is not UNSET:
        changes["site"] = _text(patch.site, "site")
    if patch.retention_days is not UNSET:
        changes["retention_days"] = patch.retention_days
    if patch.clustering_strategy is not UNSET:
        changes["clustering_strategy"] = _strategy(patch.clustering_strategy, strategies)
    if patch.allowed_origins is not UNSET:
        changes["allowed_origins"] = list(checked_origins(patch.allowed_origins or [], "allowedOrigins"))
    if patch.redact is not UNSET:
        changes["redact"] = patch.redact
    return changes


def _strategy(name: str | None, strategies: KnownStrategies) -> str | None:
    if name is not None and name not in strategies.names:
        known = ", ".join(sorted(strategies.names))
        raise Invalid(f"clusteringStrategy {name[:64]!r} is not installed (installed: {known})")
    return name


async def delete_project(project_id: str, purge: ProjectPurge, closed: Callable[[str], None] = lambda _: None) -> None:
    """Remove a project with all that it holds. Its keys open nothing from the first step on.

    Interrupted, it is taken up again by the next call, or by whoever reads `interrupted_deletions`.

    Args:
        project_id: Which.
        purge: Removes what it holds.
        closed: Called with the id once its keys are closed in the database, before anything is removed.

    Raises:
        Conflict: It is the default project.
        NotFound: There is no such project.
    """
    if project_id == DEFAULT_PROJECT_ID:
        raise Conflict("the default project cannot be deleted")
    if not _ID.fullmatch(project_id) or not await Project.exists(id=project_id):
        raise NotFound("project not found")
    await Project.filter(id=project_id, deleting_at=None).update(deleting_at=now())
    closed(project_id)
    await purge.purge(project_id)
    async with transaction() as db:
        await ProjectApiKey.filter(project_id=project_id).using_db(db).delete()
        await Project.filter(id=project_id).using_db(db).delete()


async def interrupted_deletions() -> list[str]:
    """Ids of projects whose removal has begun and not ended: `delete_project` takes each up again."""
    return [project.id for project in await Project.exclude(deleting_at=None).order_by("deleting_at", "id")]


async def create_key(
    project_id: str, label: str = "", scope: Scope = "full", expires_at: datetime | None = None
) -> tuple[ProjectApiKey, str]:
    """Make a key.

    Args:
        project_id: What it opens.
        label: What people call it; empty: `project-key`.
        scope: What it may do there.
        expires_at: When it ends to work, with its offset; None: when it is revoked.

    Returns:
        The key's row, and the raw key.

    Raises:
        NotFound: There is no such project.
        Invalid: The label is too long, or `expires_at` is not in the future.
    """
    label = _label(label, "project-key")
    if expires_at is not None:
        expires_at = checked_time(expires_at, "expiresAt")
        if expires_at <= now():
            raise Invalid("expiresAt must lie in the future")
    await get_project(project_id)
    return await _add_key(project_id, label, scope, expires_at, None)


async def list_keys(project_id: str) -> list[ProjectApiKey]:
    """The keys of a project, newest first.

    Raises:
        NotFound: There is no such project.
    """
    await get_project(project_id)
    return await ProjectApiKey.filter(project_id=project_id).order_by(*_NEWEST_FIRST)


async def revoke_key(project_id: str, key_id: str) -> ProjectApiKey:
    """End a key for good. It does no harm to a key that is revoked already.

    Raises:
        NotFound: The project has no such key.
    """
    await get_project(project_id)
    if not _ID.fullmatch(key_id):
        raise NotFound("key not found")
    own = ProjectApiKey.filter(id=key_id, project_id=project_id)
    await own.filter(revoked_at=None).update(revoked_at=now())
    key = await own.first()
    if key is None:
        raise NotFound("key not found")
    return key


async def _add_key(
    project_id: str, label: str, scope: Scope, expires_at: datetime | None, db: BaseDBAsyncClient | None
) -> tuple[ProjectApiKey, str]:
    raw = new_raw_key()
    key = await ProjectApiKey.create(
        using_db=db,
        id=new_id("key"),
        project_id=project_id,
        label=label,
        scope=scope,
        key_hash=key_hash(raw),
        created_at=now(),
        expires_at=expires_at,
    )
    return key, raw


def _label(text: str, default: str) -> str:
    return _text(text.strip() or default, "label")


def _text(text: str | None, field: str) -> str:
    trimmed = (text or "").strip()
    if not trimmed:
        raise Invalid(f"{field} must not be empty", detail=field)
    if len(trimmed) > _MAX_TEXT:
        raise Invalid(f"{field} is longer than {_MAX_TEXT} characters", detail=field)
    if _CONTROL.search(trimmed):
        raise Invalid(f"{field} holds characters that cannot be shown", detail=field)
    return trimmed
