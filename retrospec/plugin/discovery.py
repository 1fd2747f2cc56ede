"""Where plugins come from: the batteries, installed packages, and a folder of single files."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from retrospec.core.errors import SettingsError
from retrospec.plugin.registration import Registration
from retrospec.plugin.web import PluginRoute
from retrospec.version import __version__

GROUP = "retrospec"
BUILT_IN = "built-in"


@dataclass(slots=True)
class PluginRecord:
    """One plugin: where it came from, and what became of it.

    Attributes:
        name: Unique among the plugins of an application.
        origin: `built-in`, the distribution's name, or the file's path.
        version: Of the distribution; empty for a file that names none as `__version__`.
        module: What was loaded; None when loading failed.
        error: Why it is not in use; empty when it is.
        offers: What it offers, where all went well.
        routes: Those that it adds.
        hooks: The names of the hooks that it implements.
    """

    name: str
    origin: str
    version: str
    module: Any = None
    error: str = ""
    offers: list[Registration] = field(default_factory=list)
    routes: list[PluginRoute] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)

    @property
    def built_in(self) -> bool:
        """Whether it comes with the server, which answers for it."""
        return self.origin == BUILT_IN

    def fail(self, cause: BaseException) -> None:
        """Note why this plugin is left out."""
        self.error = f"{type(cause).__name__}: {cause}"
        self.offers, self.routes = [], []


def discover(batteries: Iterable[str], folder: Path | None) -> Iterator[PluginRecord]:
    """Load every plugin there is; one that fails is recorded and does not stop the others.

    Args:
        batteries: Names of the modules that come with the server.
        folder: The folder of single-file plugins, without those whose name begins with `_`; None for none.

    Raises:
        SettingsError: The folder is not there.
    """
    if folder is not None and not folder.is_dir():
        raise SettingsError(f"PLUGINS_DIR={folder}: there is no such folder")
    for module in batteries:
        yield _load(PluginRecord(module.rpartition(".")[2], BUILT_IN, __version__), importlib.import_module, module)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        origin, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
        yield _load(PluginRecord(point.name, origin, version), EntryPoint.load, point)
    for file in sorted(folder.glob("[!_]*.py")) if folder else ():
        record = _load(PluginRecord(file.stem, str(file), ""), _load_file, file)
        record.version = str(getattr(record.module, "__version__", ""))
        yield record


def _load(record: PluginRecord, load: Callable[[Any], Any], source: Any) -> PluginRecord:
    try:
        record.module = load(source)
    # A plugin that calls sys.exit while it is imported is a broken plugin, not a reason to stop.
    except (Exception, SystemExit) as cause:
        record.fail(cause)
    return record


def _load_file(file: Path) -> Any:
    name = f"retrospec_folder_plugins.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
