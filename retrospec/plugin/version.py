"""Which form of the plugin surface this server has, and whether a plugin can live with it."""

from typing import Any

API_VERSION = 1
# Counts what was added within the version: 1 for the hooks of observers, routes and commands.
API_REVISION = 1


def why_not(plugin: Any) -> str:
    """Say why a plugin cannot be used with this server; empty where it can.

    Args:
        plugin: Its module. `RETROSPEC_API` there is the version that it was written for, or a pair of that and the
            least revision; without one it takes whatever there is.
    """
    wanted = getattr(plugin, "RETROSPEC_API", API_VERSION)
    match wanted:
        case int(version) | (int(version),):
            revision = 0
        case (int(version), int(revision)):
            pass
        case _:
            return f"RETROSPEC_API is {wanted!r}, and not a version or a pair of version and revision"
    if version == API_VERSION and revision <= API_REVISION:
        return ""
    has = f"this server has {API_VERSION}.{API_REVISION}"
    if (version, revision) > (API_VERSION, API_REVISION):
        return f"it needs the plugin API {version}.{revision}, and {has}: install a newer Retrospec"
    return f"it was written for the plugin API {version}, and {has}: install a newer version of the plugin"
