"""Whether any plugin may add commands, found out without loading one: the help takes 0.1 s, a plugin any time.

A module counts whose text names the hook. Where a module's text cannot be found, it counts too.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

_HOOK = b"retrospec_commands"
_GROUP = "[retrospec]"


def may_add_commands(environ: Mapping[str, str]) -> bool:
    """Whether loading the plugins may bring commands.

    Args:
        environ: The environment.
    """
    return any(map(_names_the_hook, _folder_files(environ))) or any(map(_may, _entry_points()))


def _folder_files(environ: Mapping[str, str]) -> Iterator[Path]:
    folder = environ.get("PLUGINS_DIR") or _configured(environ)
    if folder:
        yield from Path(folder).glob("[!_]*.py")


def _configured(environ: Mapping[str, str]) -> str:
    path = Path(environ.get("RETROSPEC_CONFIG") or "retrospec.toml")
    if not path.is_file():
        return ""
    try:
        # Loaded only here: most have no file, and it takes some milliseconds.
        table = import_module("tomllib").loads(path.read_text(encoding="utf-8"))
    # Whoever runs a command that needs the settings is told what is wrong with them.
    except (OSError, ValueError):
        return ""
    return str(next((value for name, value in table.items() if name.lower() == "plugins_dir"), ""))


def _entry_points() -> Iterator[str]:
    """The entry points of the group, as `module` or `module:attribute`.

    Not by importlib.metadata: importing it took 0.05 s, and reading all that is installed 0.02 s.
    """
    for place in dict.fromkeys(sys.path):
        for file in _metadata(place or "."):
            lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
            if _GROUP in lines:
                for line in lines[lines.index(_GROUP) + 1 :]:
                    if line.startswith("["):
                        break
                    if "=" in line:
                        yield line.partition("=")[2].partition("[")[0].strip()


def _metadata(place: str) -> Iterator[Path]:
    try:
        with os.scandir(place) as entries:
            found = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return
    for path in found:
        file = Path(path, "entry_points.txt")
        if file.is_file():
            yield file


def _may(entry_point: str) -> bool:
    if ":" in entry_point:
        return True
    below = entry_point.replace(".", "/")
    for place in sys.path:
        for file in (Path(place, f"{below}.py"), Path(place, below, "__init__.py")):
            if file.is_file():
                return _names_the_hook(file)
    return True


def _names_the_hook(file: Path) -> bool:
    try:
        return _HOOK in file.read_bytes()
    except OSError:
        return True
