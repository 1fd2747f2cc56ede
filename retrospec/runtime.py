"""The parts of one process: made of the settings, opened in order, closed in the reverse order."""

import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from time import monotonic
from typing import TypeVar

from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sinks import SinkDirectory, sinks_of
from retrospec.batteries import BATTERIES
from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.core.errors import PluginError, RetrospecError
from retrospec.core.log import get_logger
from retrospec.core.migrations import Migrations, SchemaBehind, missing_migrations
from retrospec.core.settings import Settings
from retrospec.issues.strategy_states import StrategyStates
from retrospec.jobs.database_queue import DatabaseQueue
from retrospec.jobs.relayed import RelayedQueue
from retrospec.plugin import (
    Analyzer,
    ClusteringStrategy,
    Component,
    QueueBackend,
    Redactor,
    StorageBackend,
)
from retrospec.plugin.faults import Faults
from retrospec.plugin.guard import Guard, Guarded
from retrospec.plugin.guarded import GuardedAnalyzer, GuardedQueue, GuardedStorage
from retrospec.plugin.manager import FAMILIES, PluginHost
from retrospec.reports.budgets import ProjectBudget
from retrospec.schema import MODELS

log = get_logger(__name__)
# What these are given comes from browsers.
_ASKED_ABOUT_CONTENT = frozenset({ClusteringStrategy, Analyzer, Redactor})
# Less than the job gives it, so that it is the guard that ends it.
_SHARE_OF_JOB = 0.85
Made = TypeVar("Made", bound=Component)


class Runtime:
    """Settings, database and plugins of a process: what `serve`, `worker` and one-shot commands share.

    Used as `async with runtime:`.

    Attributes:
        since: When the process began, or the supervisor of the processes that it is one of; by the monotonic clock.
        faults: What went wrong in plugins.
        queue: Hands out replay and analysis jobs.
        outbox: The queue in the database: the same object, where that is the queue in use. Alerts go through it.
        directory: Which alert sinks there are.
        sinks: Sends alerts through them.
        text_guard: Through which the redactor is asked for texts; None: directly, as one that came with the server.
        recording_guard: Likewise for recordings.
        strategy_guards: Likewise for the clustering strategies.
        strategies: Every clustering strategy that can be made; projects may name any of them.
        strategy_states: What those that learn have learnt; there once the runtime is open.
    """

    def __init__(self, settings: Settings, *, unhurried: bool = False, since: float | None = None) -> None:
        """Find the plugins and make those that the settings select.

        Args:
            settings: Those of the process.
            unhurried: Statements may take any time: for a command that ends when its work is done.
            since: When its supervisor began; None: it has none.

        Raises:
            PluginError: One of them is not installed, or its settings are wrong.
        """
        self.settings = settings
        self.since = monotonic() if since is None else since
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.counters = Counters()
        self.faults = Faults(self.counters)
        self.database = Database(settings.database, MODELS, **settings.database_options, unhurried=unhurried)
        self.plugins = PluginHost(BATTERIES, settings.plugins_dir)
        self.storage = self._make_storage()
        queue = self._make_queue()
        self.queue = queue if queue.shares_outbox else RelayedQueue(queue, self.database, settings.republish_after)
        self.outbox = self.queue if isinstance(self.queue, DatabaseQueue) else DatabaseQueue()
        self.analyzer = self._make_analyzer()
        self.redactor = self._make(Redactor, settings.redactor, "REDACTOR")
        self.text_guard = self._guard(Redactor, settings.redactor, part="texts")
        self.recording_guard = self._guard(Redactor, settings.redactor, part="recordings")
        self.directory = SinkDirectory(sinks_of(settings))
        self.sinks = SinkPool(
            self.plugins,
            self.directory.of_settings,
            self.faults,
            timeout=settings.alert_timeout_seconds,
            allow_private=settings.alert_allow_private_networks,
        )
        self.strategies = self._make_strategies()
        self.strategy_guards = {
            name: guard for name in self.strategies if (guard := self._guard(ClusteringStrategy, name))
        }
        self.strategy_states: StrategyStates
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "Runtime":
        try:
            await self._open_database()
            self.analyzer.budget = ProjectBudget(self.database, f"analysis.{self.settings.analyzer}")
            for place, part in self._components():
                await self._open_component(place, part)
            await self._open.enter_async_context(self.sinks)
            await self._open_strategies()
            if self.recording_guard is not None:
                self._open.push_async_callback(self.recording_guard.stop)
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def components(self) -> Mapping[type, Component]:
        """The plugins in use, by family, for handlers that ask for them."""
        return {
            StorageBackend: self.storage,
            QueueBackend: self.queue,
            Analyzer: self.analyzer,
            Redactor: self.redactor,
        }

    async def _open_database(self) -> None:
        if self.database.is_sqlite:
            # Whoever runs the embedded default has nobody else's schema to think of.
            self.settings.data_dir.mkdir(parents=True, exist_ok=True)
            if applied := await Migrations(self.settings.database, MODELS, **self.settings.database_options).upgrade():
                log.info("schema upgraded", migrations=applied)
        await self.database.open()
        self._open.push_async_callback(self.database.close)
        if missing := await missing_migrations(self.database.connection):
            raise SchemaBehind(
                f"the database's schema lacks {len(missing)} migration(s) of this version: run `retrospec db upgrade`"
            )

    def _components(self) -> Iterator[tuple[str, Component]]:
        """What is opened, in order, with what settings call it."""
        settings = self.settings
        yield f"storage.{settings.storage_name}", self.storage
        yield f"queue.{settings.queue_name}", self.queue
        if self.outbox is not self.queue:
            yield "queue.database", self.outbox
        yield f"analysis.{settings.analyzer}", self.analyzer
        yield f"redaction.{settings.redactor}", _guarded(self.redactor, self.text_guard)

    async def _open_component(self, place: str, part: Component) -> None:
        try:
            await self._open.enter_async_context(part)
        except RetrospecError:
            raise
        except Exception as cause:
            raise PluginError(f"plugin {place}: cannot be opened: {type(cause).__name__}: {cause}") from cause

    async def _open_strategies(self) -> None:
        """Open the clustering strategies. Those that nobody has asked for are left out when they cannot be opened.

        Those that learn begin with what is known.
        """
        for name, strategy in list(self.strategies.items()):
            try:
                await self._open_component(f"clustering.{name}", _guarded(strategy, self.strategy_guards.get(name)))
            except RetrospecError as cause:
                if name == self.settings.clustering_strategy:
                    raise
                del self.strategies[name]
                log.warning("clustering strategy left out", strategy=name, error=str(cause))
        self.strategy_states = StrategyStates(self.database, self.strategies, self.strategy_guards)
        await self.strategy_states.load()

    def _guard(self, family: type[Component], name: str, *, part: str = "") -> Guard | None:
        """What stands before a plugin of others; None for one that came with the server, which answers for it."""
        if self.plugins.source(family, name).built_in:
            return None
        return Guard(
            FAMILIES[family],
            name,
            self.faults,
            timeout=self.settings.plugin_timeout_seconds,
            part=part,
            patient=family in _ASKED_ABOUT_CONTENT,
        )

    def _make_storage(self) -> StorageBackend:
        name = self.settings.storage_name
        storage = self._make(StorageBackend, name, "STORAGE_BACKEND")
        guard = self._guard(StorageBackend, name)
        return GuardedStorage(storage, guard) if guard else storage

    def _make_queue(self) -> QueueBackend:
        name = self.settings.queue_name
        queue = self._make(QueueBackend, name, "QUEUE_BACKEND")
        # One that is the outbox itself works on the server's own database, in the server's own event loop.
        guard = None if queue.shares_outbox else self._guard(QueueBackend, name)
        return GuardedQueue(queue, guard) if guard else queue

    def _make_analyzer(self) -> Analyzer:
        name = self.settings.analyzer
        analyzer = self._make(Analyzer, name, "ANALYZER")
        guard = self._guard(Analyzer, name)
        whole = self.settings.job_timeout_seconds
        timeout = max(whole * _SHARE_OF_JOB - 1, whole / 2)
        return GuardedAnalyzer(analyzer, guard, timeout=timeout) if guard else analyzer

    def _make(self, family: type[Made], name: str, setting: str) -> Made:
        section = self.settings.plugin_section(FAMILIES[family], name)
        return self.plugins.make(family, name, section, setting=setting)

    def _make_strategies(self) -> dict[str, ClusteringStrategy]:
        chosen = self.settings.clustering_strategy
        made = {chosen: self._make(ClusteringStrategy, chosen, "CLUSTERING_STRATEGY")}
        for name in self.plugins.names(ClusteringStrategy):
            if name == chosen:
                continue
            try:
                made[name] = self._make(ClusteringStrategy, name, "clusteringStrategy")
            except PluginError as cause:
                # Nobody has asked for it yet, and it may need what is not installed: a project that names it is told.
                log.info("clustering strategy left out", strategy=name, error=str(cause))
        return made


def _guarded(part: Component, guard: Guard | None) -> Component:
    return Guarded(part, guard) if guard else part
