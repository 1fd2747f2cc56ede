"""Composition only: the services of a server, its routes, and what runs beside them."""

import asyncio
import math
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any

from sanic import Sanic
from sanic.config import Config

from retrospec.alerts.outgoing import AlertBook
from retrospec.alerts.promotion import Promoter
from retrospec.alerts.routes import alert_routes
from retrospec.alerts.sink_routes import sink_routes
from retrospec.alerts.sink_service import SinkService
from retrospec.alerts.sink_types import SinkTypes
from retrospec.apidocs.routes import ApiDocument, apidocs
from retrospec.artifacts.routes import artifacts
from retrospec.artifacts.tokens import ArtifactTokens
from retrospec.clustering.explainer import Explainer
from retrospec.clustering.routes import clustering
from retrospec.clustering.rules import RuleBook
from retrospec.clustering.teller import Strategies
from retrospec.core.access_log import AccessLog
from retrospec.core.background import Loop, finish
from retrospec.core.cors import Cors
from retrospec.core.counters import Counters
from retrospec.core.http import NamedRequest, answer_error
from retrospec.core.rate_limit import Rate, RateLimiter
from retrospec.core.redis_allowances import RedisAllowances
from retrospec.core.routing import Endpoint, Routes
from retrospec.core.secrets import shared_secret
from retrospec.core.settings import Settings
from retrospec.core.shared_rate_limit import SharedRateLimiter
from retrospec.extensions import Extensions
from retrospec.ingest.clustering import Clusterer
from retrospec.ingest.prepare import Preparer
from retrospec.ingest.routes import ingest_routes
from retrospec.ingest.service import IngestService
from retrospec.ingest.texts import Texts
from retrospec.ingest.writer import BatchWriter
from retrospec.issues.explained import ClusterExplainer
from retrospec.issues.mutes import end_mutes
from retrospec.issues.routes import issues
from retrospec.jobs.routes import queues
from retrospec.maintenance.cleanup import Cleanup
from retrospec.maintenance.objects import ObjectSweeper
from retrospec.maintenance.purge import Purge
from retrospec.maintenance.routes import maintenance_routes
from retrospec.maintenance.schedules import take_turn
from retrospec.metrics.health import Readiness
from retrospec.metrics.routes import metrics
from retrospec.metrics.totals import Totals
from retrospec.plugin.observers import Observers
from retrospec.projects.auth import Gate, install
from retrospec.projects.caches import ProjectCaches, ProjectOrigins
from retrospec.projects.keys import FLUSH_SECONDS, KeyRing, KeyUse
from retrospec.projects.policies import Policies
from retrospec.projects.routes import projects
from retrospec.projects.service import KnownStrategies, ProjectPurge, delete_project, interrupted_deletions
from retrospec.reports.routes import reports
from retrospec.runtime import Runtime
from retrospec.sessions.routes import recordings
from retrospec.sessions.uploads import Uploads
from retrospec.workers import Workers, alert_workers, digest_worker, job_relays, job_worker

SLICES: tuple[Routes, ...] = (
    recordings,
    ingest_routes,
    issues,
    clustering,
    alert_routes,
    sink_routes,
    reports,
    artifacts,
    maintenance_routes,
    projects,
    queues,
    metrics,
    apidocs,
)
# What cancelled work may take to clean up: a part of the time that a stop has.
_CLEANUP_SECONDS = 3.0
# Little, because it comes on top of that time; it is needed only where the database is away.
_FINISH_SECONDS = 0.7
_MUTES_MINUTES = 0.5
_PRUNE_MINUTES = 60
# How long another process may not know yet what this one has learnt.
_LEARNING_SECONDS = 2
_names = count()


def endpoints() -> tuple[Endpoint, ...]:
    """Every route of the server, in the order in which the documentation shows them."""
    return tuple(endpoint for routes in SLICES for endpoint in routes.endpoints)


class Server:
    """The services of one server process. Made on an open runtime; `start` and `stop` run what is beside requests."""

    def __init__(self, runtime: Runtime, secret: str, tokens: ArtifactTokens) -> None:
        self.runtime = runtime
        settings, counters, database = runtime.settings, runtime.counters, runtime.database
        jobs = [job_worker(runtime)] if settings.runs_embedded_worker else []
        relays = job_relays(runtime, jobs[0].wake) if jobs else job_relays(runtime)
        self.workers = Workers([*jobs, *relays], alert_workers(runtime), [digest_worker(runtime)])
        self.caches = ProjectCaches(KeyRing(), ProjectOrigins(database), Policies())
        self.key_use = KeyUse(database)
        self.totals = Totals(database, counters, since=runtime.since, faults=runtime.faults)
        alerts = AlertBook(settings, runtime.directory, counters)
        self.observers = Observers.of(runtime.plugins, runtime.faults, timeout=settings.plugin_timeout_seconds)
        self.promoter = Promoter(settings, alerts, self.observers)
        clusterer = Clusterer(runtime.strategies, settings.clustering_strategy, runtime.faults, runtime.strategy_guards)
        texts = Texts(runtime.redactor, settings.redactor, runtime.faults, runtime.text_guard)
        self.rules = RuleBook(counters)
        strategies = Strategies(runtime.strategies, settings.clustering_strategy, runtime.strategy_guards)
        self.explainer = Explainer(
            strategies, self.rules, self.caches.policies, texts.clean, redacts=settings.redact_events
        )
        self.ingest = IngestService(
            settings,
            Preparer(clusterer, texts, user_secret=secret),
            BatchWriter(settings, alerts, self.observers),
            self.caches.policies,
            self.rules,
            counters,
            lambda alerts: self.workers.wake(alerts=alerts),
        )
        sweeper = ObjectSweeper(database, runtime.storage, counters)
        self.cleanup = Cleanup(settings, database, sweeper, counters)
        self.purge = Purge(database, sweeper)
        self.sweeper = sweeper
        self.tokens = tokens
        self.uploads = Uploads(
            settings,
            runtime.storage,
            runtime.redactor,
            self.caches.policies,
            counters,
            runtime.recording_guard,
        )
        self.limiter = _limiter(settings, counters)
        self.extensions = Extensions(runtime.plugins, settings, runtime.faults)
        self.loops = self._loops()

    @classmethod
    async def create(cls, runtime: Runtime) -> "Server":
        """Make the services; reads the secrets that all processes share, and finds their rate limits."""
        server = cls(runtime, await shared_secret("user-hash"), await ArtifactTokens.create(runtime.settings))
        if isinstance(server.limiter, SharedRateLimiter):
            await server.limiter.open()
        return server

    def components(self) -> Mapping[Any, object]:
        """What handlers may ask for, by type."""
        runtime, settings = self.runtime, self.runtime.settings
        parts: tuple[object, ...] = (
            settings,
            runtime.database,
            runtime.counters,
            runtime.plugins,
            self.caches,
            self.totals,
            self.observers,
            self.promoter,
            self.ingest,
            self.cleanup,
            self.sweeper,
            self.tokens,
            self.uploads,
            Readiness(runtime.database, runtime.queue, runtime.storage),
            ApiDocument((*endpoints(), *self.extensions.endpoints)),
            runtime.directory,
            runtime.sinks,
            SinkService(
                runtime.directory,
                SinkTypes(runtime.plugins, allow_private=settings.alert_allow_private_networks),
            ),
            KnownStrategies(frozenset(runtime.strategies)),
            self.rules,
            self.explainer,
        )
        return {type(part): part for part in parts} | {
            ProjectPurge: self.purge,
            ClusterExplainer: self.explainer,
            **runtime.components(),
        }

    def start(self) -> None:
        """Begin what runs beside requests."""
        self.workers.start()
        self.observers.start()
        for loop in self.loops:
            loop.start()

    async def stop_work(self, grace: float) -> None:
        """Begin nothing beside requests, let what runs end within `grace` seconds, and give back what is leased."""
        within = max(grace - _CLEANUP_SECONDS, 0)
        await asyncio.gather(self.workers.stop(within), *(loop.stop(within) for loop in self.loops))

    async def stop(self) -> None:
        """Write what was taken from requests that are gone, and what was counted."""
        await finish("sessions of requests that were cut off", self.ingest.stop(), seconds=_FINISH_SECONDS)
        await self.observers.stop(_FINISH_SECONDS)
        await self.extensions.stop()
        await finish("what strategies have learnt", self.runtime.strategy_states.sync(), seconds=_FINISH_SECONDS)
        await finish("when keys were used last", self.key_use.flush(), seconds=_FINISH_SECONDS)
        await finish("counts", self.totals.flush(), seconds=_FINISH_SECONDS)
        if isinstance(self.limiter, SharedRateLimiter):
            await finish("rate limits", self.limiter.close(), seconds=_FINISH_SECONDS)

    def _loops(self) -> list[Loop]:
        settings = self.runtime.settings
        loops = [
            Loop("counters", self.totals.flush, pause=1),
            Loop("key-use", self.key_use.flush, pause=FLUSH_SECONDS),
            self._scheduled("mutes", self._end_mutes, _MUTES_MINUTES),
            self._scheduled("done jobs", self._forget_done, _PRUNE_MINUTES),
        ]
        if self.runtime.strategy_states.is_needed:
            loops.append(Loop("strategies", self.runtime.strategy_states.sync, pause=_LEARNING_SECONDS))
        if settings.auto_promote_interval_minutes:
            loops.append(self._scheduled("promote", self._promote, settings.auto_promote_interval_minutes))
        if settings.auto_cleanup_interval_minutes:
            loops.append(self._scheduled("cleanup", self._clean, settings.auto_cleanup_interval_minutes))
        return loops

    def _scheduled(self, name: str, work: Any, minutes: float) -> Loop:
        every = timedelta(minutes=minutes)

        async def step() -> None:
            if await take_turn(self.runtime.database, name, every=every):
                await work()

        # Asked more often than due, so that another process takes over soon after one has gone.
        return Loop(name, step, pause=min(every.total_seconds() / 4, 30))

    async def _end_mutes(self) -> None:
        await end_mutes(observers=self.observers)

    async def _forget_done(self) -> None:
        await self.cleanup.forget_jobs()
        await self.cleanup.forget_alerts()

    async def _promote(self) -> None:
        await self.promoter.promote(None, trigger="scheduled_promote")
        self.workers.wake()

    async def _clean(self) -> None:
        await self.cleanup.run_all()
        for project_id in await interrupted_deletions():
            await delete_project(project_id, self.purge)


def _limiter(settings: Settings, counters: Counters) -> SharedRateLimiter | RateLimiter:
    rate = Rate.of(settings.rate_limit_requests_per_sec, settings.rate_limit_burst)
    if rate is None or settings.redis is None:
        return RateLimiter(settings.rate_limit_requests_per_sec, settings.rate_limit_burst, counters)
    return SharedRateLimiter(rate, counters, RedisAllowances(settings.redis))


def make_app(server: Server) -> Sanic[Any, Any]:
    """The Sanic application of a server."""
    settings = server.runtime.settings
    config = Config(env_prefix="")
    config.ACCESS_LOG = False
    config.FALLBACK_ERROR_FORMAT = "json"
    config.KEEP_ALIVE_TIMEOUT = 75
    config.REQUEST_TIMEOUT = math.ceil(settings.request_read_timeout_seconds)
    # A cleanup answers when it is done; downloads take as long as the client's line.
    config.RESPONSE_TIMEOUT = 600
    # On the wire; what a body may become is limited where it is read.
    config.REQUEST_MAX_SIZE = max(settings.max_events_bytes, settings.max_body_bytes) + 2**20
    number = next(_names)
    # It rewrites Sanic's own methods, leaving out what no application uses, and can do so only once in a process.
    config.TOUCHUP = number == 0
    app: Sanic[Any, Any] = Sanic(
        f"retrospec-{number}", config=config, configure_logging=False, request_class=NamedRequest
    )
    app.ctx.components = server.components()
    app.error_handler.add(Exception, answer_error)
    cors = Cors.of(settings, server.caches.origins.all)
    gate = Gate(settings, server.caches.keys, server.key_use, cors.allowed)
    log = AccessLog(server.runtime.counters, everything=settings.log_level == "DEBUG")
    install(app, settings=settings, gate=gate, cors=cors, limiter=server.limiter, log=log)
    for routes in (*SLICES, *server.extensions.slices):
        app.blueprint(routes.blueprint)
    return app
