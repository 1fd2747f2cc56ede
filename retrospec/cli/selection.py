"""Which plugins the settings select, and whether each can be used."""

from collections.abc import Iterator
from dataclasses import dataclass

from retrospec.alerts.sinks import Sink, sinks_of
from retrospec.batteries import BATTERIES
from retrospec.core.errors import PluginError
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
    """

    family: type
    name: str
    setting: str
    made: Component | None
    error: str

    @property
    def place(self) -> str:
        """Family and name, e.g. `storage.local`."""
        return f"{FAMILIES[self.family]}.{self.name}"


def host(settings: Settings) -> PluginHost:
    """The plugins that are installed."""
    return PluginHost(BATTERIES, settings.plugins_dir)


def select(settings: Settings, plugins: PluginHost) -> list[Selected]:
    """Make every plugin that the settings select, as far as possible."""
    chosen = [_select(settings, plugins, *named) for named in _named(settings)]
    return [*chosen, *(_select_sink(plugins, sink) for sink in sinks_of(settings))]


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


def _select_sink(plugins: PluginHost, sink: Sink) -> Selected:
    try:
        made = plugins.make(AlertSink, sink.type, sink.settings, setting="ALERT_SINKS", place=f"alerts.{sink.name}")
        return Selected(AlertSink, sink.type, "ALERT_SINKS", made, "")
    except PluginError as cause:
        return Selected(AlertSink, sink.type, "ALERT_SINKS", None, str(cause))
