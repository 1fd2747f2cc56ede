"""Which plugins the settings select, and whether each can be used."""

from collections.abc import Iterator
from dataclasses import dataclass

from retrospec.alerts.sinks import sink_named
from retrospec.batteries import BATTERIES
from retrospec.core.errors import PluginError, SettingsError
from retrospec.core.settings import Settings
from retrospec.plugin import AlertSink, Analyzer, ClusteringStrategy, Component, QueueBackend, Redactor, StorageBackend
from retrospec.plugin.manager import FAMILIES, PluginHost


@dataclass(frozen=True, slots=True)
class Selected:
    """A plugin that the settings select.

    Attributes:
        family: Base class of its family.
        name: Its name there.
        setting: The setting that names it.
        made: It, not opened; None where it cannot be used.
        error: Why not; empty where it can.
        called: What the settings call it, where several of one name may be used.
    """

    family: type
    name: str
    setting: str
    made: Component | None
    error: str
    called: str = ""

    @property
    def place(self) -> str:
        """The table of its settings, e.g. `storage.local`."""
        return f"{FAMILIES[self.family]}.{self.called or self.name}"


def host(settings: Settings) -> PluginHost:
    """The plugins that are installed."""
    return PluginHost(BATTERIES, settings.plugins_dir)


def select(settings: Settings, plugins: PluginHost) -> list[Selected]:
    """Make every plugin that the settings select, as far as possible."""
    chosen = [_select(settings, plugins, *named) for named in _named(settings)]
    return [*chosen, *(_select_sink(settings, plugins, name) for name in settings.sink_names)]


def _named(settings: Settings) -> Iterator[tuple[type[Component], str, str]]:
    yield StorageBackend, settings.storage_name, "STORAGE_BACKEND"
    yield QueueBackend, settings.queue_name, "QUEUE_BACKEND"
    yield ClusteringStrategy, settings.clustering_strategy, "CLUSTERING_STRATEGY"
    yield Analyzer, settings.analyzer, "ANALYZER"
    yield Redactor, settings.redactor, "REDACTOR"


def _select(settings: Settings, plugins: PluginHost, family: type[Component], name: str, setting: str) -> Selected:
    section = settings.plugin_section(FAMILIES[family], name)
    try:
        return Selected(family, name, setting, plugins.make(family, name, section, setting=setting), "")
    except PluginError as cause:
        return Selected(family, name, setting, None, str(cause))


def _select_sink(settings: Settings, plugins: PluginHost, name: str) -> Selected:
    kind, made, error = name, None, ""
    try:
        # Its plugin's name, also where the rest of it cannot be used.
        kind = str(settings.sink_section(name).get("type", name))
        sink = sink_named(settings, name)
        made = plugins.make(AlertSink, sink.type, sink.settings, setting="ALERT_SINKS", place=f"alerts.{name}")
    except SettingsError as cause:
        error = str(cause)
    return Selected(AlertSink, kind, "ALERT_SINKS", made, error, called=name)
