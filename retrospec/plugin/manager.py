"""Asks each plugin what it offers, and makes what the settings select."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pluggy
from pydantic import ValidationError

from retrospec.core.errors import PluginError
from retrospec.core.log import get_logger
from retrospec.plugin import hookspecs
from retrospec.plugin.alerts import AlertSink
from retrospec.plugin.analysis import Analyzer
from retrospec.plugin.checking import checked_routes
from retrospec.plugin.clustering import ClusteringStrategy
from retrospec.plugin.component import Component
from retrospec.plugin.discovery import PluginRecord, discover
from retrospec.plugin.queue import QueueBackend
from retrospec.plugin.redaction import Redactor
from retrospec.plugin.registration import Registration
from retrospec.plugin.storage import StorageBackend
from retrospec.plugin.version import why_not

log = get_logger(__name__)
Made = TypeVar("Made", bound=Component)

# The name of a family in settings and lists.
FAMILIES: Mapping[type, str] = {
    StorageBackend: "storage",
    QueueBackend: "queue",
    AlertSink: "alerts",
    ClusteringStrategy: "clustering",
    Analyzer: "analysis",
    Redactor: "redaction",
}


def _marked(module: Any) -> Iterable[Registration]:
    """What the decorators have marked, for a module that does not speak for itself."""
    members = {id(member): getattr(member, "registration", None) for member in vars(module).values()}
    # What a module has imported from elsewhere is not its own to offer.
    return [
        offer
        for offer in members.values()
        if isinstance(offer, Registration) and _belongs(offer, getattr(module, "__name__", ""))
    ]


def _belongs(offer: Registration, module: str) -> bool:
    made_in = getattr(offer.factory, "__module__", module)
    return made_in == module or made_in.startswith(f"{module}.")


class PluginHost:
    """The plugins of one application."""

    def __init__(self, batteries: Iterable[str], folder: Path | None = None) -> None:
        """Find all plugins and ask each what it offers. One that is broken is left out, and its record says why.

        Args:
            batteries: Names of the modules that come with the server.
            folder: The folder of single-file plugins; None for none.

        Raises:
            SettingsError: The folder is not there.
        """
        self._pluggy = pluggy.PluginManager("retrospec")
        self._pluggy.add_hookspecs(hookspecs)
        self._registered: dict[str, PluginRecord] = {}
        self._offers: dict[tuple[type, str], Registration] = {}
        self.records = list(discover(batteries, folder))
        for record in self.records:
            if not record.error:
                self._register(record)
        self._leave_out_unknown_hooks()
        self._collect()
        for record in self.records:
            if record.error:
                log.warning("plugin left out", plugin=record.name, origin=record.origin, error=record.error)

    def names(self, family: type) -> list[str]:
        """The names that are installed in a family, sorted."""
        return sorted(name for kind, name in self._offers if kind is family)

    def offer(self, family: type, name: str) -> Registration | None:
        """What is offered in a family under a name; None where nothing of that name is installed."""
        return self._offers.get((family, name))

    def make(self, family: type[Made], name: str, section: Mapping[str, Any], *, setting: str, place: str = "") -> Made:
        """Make the plugin that settings call `name`.

        Args:
            family: Base class of the family.
            name: Its name there.
            section: Its settings, not yet checked.
            setting: The setting that named it, for the error.
            place: Where its settings stand, for the error; left out: in the table of its family and name.

        Raises:
            PluginError: It is not installed (the text lists what is), or its settings or its making failed.
        """
        try:
            offer = self._offers[family, name]
        except KeyError:
            raise PluginError(self._missing(family, name, setting)) from None
        place = place or f"{FAMILIES[family]}.{name}"
        try:
            made: Made = offer.factory(*self._settings(offer, section, place))
        except PluginError:
            raise
        except (Exception, SystemExit) as cause:
            raise PluginError(f"plugin {place}: cannot be made: {type(cause).__name__}: {cause}") from cause
        if not isinstance(made, family):
            raise PluginError(f"plugin {place}: made a {type(made).__name__}, which is no {family.__name__}")
        return made

    def _settings(self, offer: Registration, section: Mapping[str, Any], place: str) -> list[Any]:
        if offer.settings is None:
            if section:
                raise PluginError(f"plugin {place}: takes no settings, but [{place}] has {', '.join(section)}")
            return []
        try:
            return [offer.settings.model_validate(dict(section))]
        except ValidationError as mistakes:
            said = "; ".join(
                f"field {'.'.join(map(str, mistake['loc'])) or '?'}: {mistake['msg']}" for mistake in mistakes.errors()
            )
            raise PluginError(f"plugin {place}: {said}") from None

    def _missing(self, family: type, name: str, setting: str) -> str:
        known = ", ".join(self.names(family)) or "none"
        text = f"{setting}={name}: no {FAMILIES[family]} plugin of that name is installed (installed: {known})"
        broken = [f"{record.name}: {record.error}" for record in self.records if record.error]
        return f"{text}; left out because they failed: {'; '.join(broken)}" if broken else text

    def hooks(self, name: str) -> Iterator[tuple[PluginRecord, Callable[..., Any]]]:
        """Each plugin's implementation of a hook, in the order of loading, to be called by itself.

        pluggy's own call stops at the first that raises.
        """
        caller: pluggy.HookCaller = getattr(self._pluggy.hook, name)
        for impl in caller.get_hookimpls():
            record = self._registered[impl.plugin_name]
            if not record.error:
                yield record, _taking(impl)

    def source(self, family: type, name: str) -> PluginRecord:
        """The plugin that offers something.

        Raises:
            KeyError: None does.
        """
        for record in self.records:
            if any((offer.family, offer.name) == (family, name) for offer in record.offers):
                return record
        raise KeyError(name)

    def _register(self, record: PluginRecord) -> None:
        try:
            if reason := why_not(record.module):
                record.error = reason
                return
            self._pluggy.register(record.module, name=record.name)
            for caller in self._pluggy.get_hookcallers(record.module) or ():
                _check_hooks(caller, record.name)
        except Exception as cause:
            record.fail(cause)
            # pluggy keeps the hooks that it had taken before it found the bad one.
            if self._pluggy.get_name(record.module) == record.name:
                self._pluggy.unregister(record.module)
        else:
            self._registered[record.name] = record

    def _leave_out_unknown_hooks(self) -> None:
        """Leave out plugins with a hook that there is not: misspelt, or of another version."""
        # pluggy tells of one at a time.
        while True:
            try:
                self._pluggy.check_pending()
            except pluggy.PluginValidationError as cause:
                self._registered[str(self._pluggy.get_name(cause.plugin))].fail(cause)
                self._pluggy.unregister(cause.plugin)
            else:
                return

    def _collect(self) -> None:
        speaking = {record.name: function for record, function in self.hooks("retrospec_register")}
        for record in self._registered.values():
            if record.error:
                continue
            record.hooks = [caller.name for caller in self._pluggy.get_hookcallers(record.module) or ()]
            try:
                speak = speaking.get(record.name)
                offers: Any = speak() if speak else _marked(record.module)
                for offer in offers:
                    record.offers.append(self._accept(offer))
            except (Exception, SystemExit) as cause:
                record.fail(cause)
        for record, routes in self.hooks("retrospec_routes"):
            try:
                record.routes = list(checked_routes(record.name, routes()))
            except (Exception, SystemExit) as cause:
                record.fail(cause)
        for record in self.records:
            self._offers |= {(offer.family, offer.name): offer for offer in record.offers}

    def _accept(self, offer: object) -> Registration:
        if not isinstance(offer, Registration) or offer.family not in FAMILIES:
            raise TypeError(f"{offer!r} is not the registration of a known family")
        taken = [
            record.name
            for record in self.records
            if any((known.family, known.name) == (offer.family, offer.name) for known in record.offers)
        ]
        if taken:
            raise ValueError(f"{FAMILIES[offer.family]} plugin {offer.name!r} is already offered by {taken[0]}")
        return offer


def _check_hooks(caller: pluggy.HookCaller, plugin: str) -> None:
    for impl in caller.get_hookimpls():
        if impl.plugin_name != plugin:
            continue
        if impl.hookwrapper or impl.wrapper:
            raise TypeError(f"{caller.name} is a wrapper: each plugin is called by itself, so there is nothing to wrap")
        if inspect.iscoroutinefunction(impl.function):
            raise TypeError(f"{caller.name} is async: a hook is a plain function, which nobody awaits")


def _taking(impl: pluggy.HookImpl) -> Callable[..., Any]:
    """An implementation that is given what it asks for: it may leave out arguments."""

    def call(**given: Any) -> Any:
        return impl.function(*(given[name] for name in impl.argnames))

    return call
