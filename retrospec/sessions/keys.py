"""Keys of objects that belong to sessions. One that is not under its project's prefix is never made or taken."""

import re
from datetime import datetime

from retrospec.core.errors import Invalid

_PREFIX = "session-events"
_NO_NAMES = frozenset({"", ".", ".."})


def site_slug(site: str) -> str:
    """A site's name as a part of a key: `Shop.Example:8080` becomes `shop.example-8080`.

    Every character but `a-z 0-9 . -` becomes `-`; none stays at either end; what is empty then, or only
    dots, is `unknown-site`.
    """
    slug = re.sub(r"[^a-z0-9.-]", "-", site.lower()).strip("-")[:100].strip("-")
    return slug if slug.strip(".") else "unknown-site"


def events_key(project_id: str, session_id: str, site: str, at: datetime) -> str:
    """Where a session's recording goes: `session-events/{project}/{YYYY}/{MM}/{DD}/{site}/{session}.json`."""
    return f"{_PREFIX}/{project_id}/{at:%Y/%m/%d}/{site_slug(site)}/{session_id}.json"


def checked_events_key(key: str, project_id: str) -> str:
    """Refuse a recording's key outside the caller's own prefix.

    Raises:
        Invalid: It lies elsewhere, or climbs.
    """
    if not key:
        return ""
    if not key.startswith(f"{_PREFIX}/{project_id}/") or climbs(key):
        raise Invalid(f"session.eventsObjectKey must lie under {_PREFIX}/{project_id}/")
    return key


def climbs(key: str) -> bool:
    """Whether a key is absolute, leads upwards, or holds what no object key of ours has."""
    return not _NO_NAMES.isdisjoint(key.split("/")) or "\\" in key or not key.isprintable() or len(key.encode()) > 1024
