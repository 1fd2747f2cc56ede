"""Where alerts go: the sinks of the settings, which hear of all projects, and those that a project has made."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from time import monotonic
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from retrospec.alerts.models import AlertSinkRow
from retrospec.core.errors import SettingsError
from retrospec.core.log import get_logger
from retrospec.core.settings import Settings
from retrospec.sessions.schemas import Kind

log = get_logger(__name__)
_FRESH_SECONDS = 5.0
_NEVER: tuple[float, Sequence["Sink"]] = (float("-inf"), ())
_MOST = 100

# A digest of a storm goes wherever the alerts would have gone.
Event = Literal["issue_cluster_promoted", "issue_cluster_regressed", "issue_cluster_escalated"]
_Count = Annotated[int, Meta(ge=0, le=1_000_000)]
_Site = Annotated[str, Meta(min_length=1, max_length=200)]


class SinkRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """Which news a sink wants to hear. What is left out follows the server's settings, or asks for all."""

    events: Annotated[tuple[Event, ...], Meta(max_length=_MOST, description="None for all")] = ()
    kinds: Annotated[tuple[Kind, ...], Meta(max_length=_MOST, description="Of failures; none for all")] = ()
    sites: Annotated[
        tuple[_Site, ...],
        Meta(max_length=_MOST, description="`*` and `?` stand for any characters; none for all"),
    ] = ()
    min_confidence: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None, Meta(description="Else `ALERT_MIN_CLUSTER_CONFIDENCE`")
    ] = None
    min_sessions: Annotated[_Count, Meta(description="Sessions that an issue must have")] = 0
    cooldown_minutes: Annotated[
        Annotated[float, Meta(ge=0, le=100_000)] | None,
        Meta(description="Between two alerts of an issue and event; else `ALERT_COOLDOWN_MINUTES`"),
    ] = None
    storm_limit: Annotated[
        _Count | None,
        Meta(description="Alerts an hour, the rest go into one digest; 0 = no limit; else `ALERT_STORM_LIMIT`"),
    ] = None


class Sink(msgspec.Struct, frozen=True):
    """One sink as it is configured.

    Attributes:
        id: Its name for one of the settings, `snk_…` for one that was made over the API; the same for its life.
        name: What people call it; unique in its project.
        type: Name of its plugin.
        project_id: Whose; None for one of the settings, which hears of all projects.
        settings: As the plugin's model takes them.
        rules: Which news it wants.
        enabled: Whether it gets any.
    """

    id: str
    name: str
    type: str
    project_id: str | None = None
    settings: Mapping[str, Any] = {}
    rules: SinkRules = SinkRules()
    enabled: bool = True

    @property
    def digest(self) -> str:
        """Changes with its type and settings: what was found out about it under another one is void."""
        told = msgspec.json.encode([self.type, dict(self.settings)], enc_hook=_told, order="deterministic")
        return hashlib.sha256(told).hexdigest()


def _told(value: object) -> object:
    reveal = getattr(value, "get_secret_value", None)
    return reveal() if reveal else str(value)


def sinks_of(settings: Settings) -> tuple[Sink, ...]:
    """The sinks that the settings name.

    Raises:
        SettingsError: Rules that cannot be used; names the sink and the field.
    """
    return tuple(sink_named(settings, name) for name in settings.sink_names)


def sink_named(settings: Settings, name: str) -> Sink:
    """The sink that the settings call by a name.

    `[alerts.<name>]` holds the settings of the plugin `type`, which is that name unless it says otherwise, and
    may hold a table `rules`.

    Raises:
        SettingsError: Its rules cannot be used; names the sink and the field.
    """
    section = settings.sink_section(name)
    kind = section.pop("type", name)
    try:
        rules = msgspec.convert({_camel(key): one for key, one in section.pop("rules", {}).items()}, SinkRules)
    except (msgspec.ValidationError, AttributeError) as mistake:
        raise SettingsError(f"alerts.{name}.rules: {mistake}") from mistake
    return Sink(name, name, str(kind), None, section, rules)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.title() for part in others)


class SinkDirectory:
    """Which sinks there are; what other processes change is seen within five seconds."""

    def __init__(self, of_settings: Iterable[Sink]) -> None:
        self.of_settings: Sequence[Sink] = tuple(of_settings)
        self._known: dict[str, tuple[float, Sequence[Sink]]] = {}

    async def of_project(self, project_id: str) -> Sequence[Sink]:
        """The sinks that hear of a project: those of the settings, then its own, those that are off too."""
        return (await self.of_projects({project_id}))[project_id]

    async def of_projects(self, project_ids: Collection[str]) -> Mapping[str, Sequence[Sink]]:
        """The same of several projects. Asks the database once, or not at all."""
        # Before it is read: what changes meanwhile is seen in time, however long the database takes.
        asked = monotonic()
        known = {project: self._known.get(project, _NEVER) for project in project_ids}
        if stale := [project for project, (until, _) in known.items() if until <= asked]:
            made: dict[str, list[Sink]] = {project: [] for project in stale}
            for row in await AlertSinkRow.filter(project_id__in=stale).order_by("uid"):
                made[row.project_id].append(sink_of(row))
            known |= {project: (asked + _FRESH_SECONDS, sinks) for project, sinks in made.items()}
            self._known |= {project: known[project] for project in stale}
        return {project: [*self.of_settings, *own] for project, (_, own) in known.items()}

    async def find(self, sink_id: str) -> Sink | None:
        """The sink of an id, as it is at this moment; None where there is none any more."""
        for sink in self.of_settings:
            if sink.id == sink_id:
                return sink
        row = await AlertSinkRow.get_or_none(id=sink_id)
        return sink_of(row) if row else None

    def forget(self, project_id: str) -> None:
        """Read the sinks of a project anew the next time."""
        self._known.pop(project_id, None)


def sink_of(row: AlertSinkRow) -> Sink:
    """The sink that a row keeps. One whose rules another version wrote, and this one cannot read, is off."""
    try:
        rules, enabled = msgspec.convert(row.rules, SinkRules), row.enabled
    except msgspec.ValidationError as mistake:
        # Ingest reads them too, and nothing that a sink says may fail it.
        log.warning("rules of a sink cannot be read: it hears nothing", sink=row.id, error=str(mistake))
        rules, enabled = SinkRules(), False
    return Sink(row.id, row.name, row.type, row.project_id, row.settings, rules, enabled)
