"""Whether the routes that a plugin wants to add can be mounted."""

import re
from collections.abc import Iterable, Iterator

from retrospec.plugin.web import PluginRoute

_PLUGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+|/")
_PARAMETER = re.compile(r"\{(\w+)\}")
_METHODS = ("GET", "POST", "PATCH", "DELETE")
_ACCESS = ("project", "upload", "admin")


def checked_routes(plugin: str, offered: object) -> Iterator[PluginRoute]:
    """The routes of a plugin, if all of them can be mounted.

    Args:
        plugin: Its name, which stands in their paths.
        offered: What its hook returned.

    Raises:
        Exception: One of them cannot; the text says which, and why.
    """
    if not isinstance(offered, Iterable):
        raise TypeError(f"retrospec_routes returned a {type(offered).__name__}")
    names: dict[str, list[str]] = {}
    taken: set[tuple[str, str]] = set()
    for route in offered:
        _check(route)
        if not _PLUGIN.fullmatch(plugin):
            raise ValueError(f"{plugin!r} cannot stand in a path: a-z, 0-9, `.`, `_` and `-` can, up to 64 of them")
        shape, parameters = _PARAMETER.sub("{}", route.path), _PARAMETER.findall(route.path)
        if len(set(parameters)) < len(parameters):
            raise ValueError(f"route {route.path}: a parameter stands there twice")
        if (route.method, shape) in taken:
            raise ValueError(f"route {route.method} {route.path}: there is one like it already")
        if names.setdefault(shape, parameters) != parameters:
            raise ValueError(f"route {route.path}: the same path has parameters of other names")
        taken.add((route.method, shape))
        yield route


def _check(route: object) -> None:
    if not isinstance(route, PluginRoute):
        raise TypeError(f"{route!r} is no PluginRoute")
    if not isinstance(route.path, str) or not _PATH.fullmatch(route.path):
        raise ValueError(f"route {route.path!r}: a path is like /boards/{{board_id}}")
    if {".", ".."} & set(route.path.split("/")):
        raise ValueError(f"route {route.path!r}: clients leave out `.` and `..`")
    if route.method not in _METHODS:
        raise ValueError(f"route {route.path}: the method is {route.method!r}, allowed are {', '.join(_METHODS)}")
    if route.access not in _ACCESS:
        raise ValueError(f"route {route.path}: the access is {route.access!r}, allowed are {', '.join(_ACCESS)}")
    if not callable(route.handler):
        raise TypeError(f"route {route.path}: its handler cannot be called")
    if not isinstance(route.summary, str) or not route.summary.strip():
        raise ValueError(f"route {route.path}: it has no summary")
