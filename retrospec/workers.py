"""The workers of a process: one for replay and analysis jobs, and one for alerts."""

import asyncio
from collections.abc import Callable, Sequence

from retrospec.alerts.delivery import DeliverAlert, retries
from retrospec.alerts.digests import DIGEST_RETRIES, MakeDigest
from retrospec.alerts.dispatcher import AlertDispatcher
from retrospec.alerts.health import SinkHealth
from retrospec.alerts.storms import DIGESTS
from retrospec.artifacts.jobs import ReplayJobHandler
from retrospec.jobs.attempt import Attempts
from retrospec.jobs.relay import Relay
from retrospec.jobs.retry import RetryPolicy
from retrospec.jobs.runner import JobRunner
from retrospec.jobs.worker import Worker
from retrospec.maintenance.schedules import Turn
from retrospec.reports.jobs import AnalysisJobHandler
from retrospec.runtime import Runtime

# More than a batch takes to be published, and what others wait for when its process dies meanwhile.
_RELAY_TURN_SECONDS = 15
_ALERT_LEASE_SECONDS = 30


class Workers:
    """Workers, and the relay that brings them jobs, where there is one: started and stopped together."""

    def __init__(
        self,
        workers: Sequence[JobRunner | Relay],
        alerts: Sequence[AlertDispatcher],
        patient: Sequence[Worker] = (),
    ) -> None:
        """Take them.

        Args:
            workers: Those of sessions' jobs.
            alerts: Those of alerts.
            patient: Those whose jobs are due later: not to be woken for new ones.
        """
        self._woken = workers
        self._alerts = alerts
        self._workers = (*workers, *alerts, *patient)

    def start(self) -> None:
        """Begin to claim jobs."""
        for worker in self._workers:
            worker.start()

    def wake(self, *, alerts: bool = True) -> None:
        """There are new jobs.

        Args:
            alerts: Whether alerts are among them. Ingest commits many times a second and mostly without any; to look
                for some after each of its batches took 2% of the server's time, and as much of the database's.
        """
        for worker in (*self._woken, *self._alerts) if alerts else self._woken:
            worker.wake()

    async def stop(self, grace: float) -> None:
        """Finish what runs within `grace` seconds, and give the rest back."""
        await asyncio.gather(*(worker.stop(grace) for worker in self._workers))


def job_worker(runtime: Runtime) -> Worker:
    """The worker that runs replay and analysis jobs."""
    settings = runtime.settings
    replay = ReplayJobHandler(runtime.storage, runtime.counters)
    analysis = AnalysisJobHandler(settings, runtime.storage, runtime.analyzer, runtime.counters, runtime.faults)
    return Worker(
        runtime.queue,
        {settings.replay_queue_name: replay, settings.analysis_queue_name: analysis},
        name=runtime.name,
        counters=runtime.counters,
        concurrency=settings.worker_concurrency,
        lease_seconds=settings.job_lease_seconds,
        job_timeout=settings.job_timeout_seconds,
        retry=RetryPolicy(settings.job_max_attempts, settings.job_retry_base_seconds),
        on_buried={settings.analysis_queue_name: analysis.buried},
    )


def job_relays(runtime: Runtime, published: Callable[[], None] = lambda: None) -> list[Relay]:
    """What brings replay and analysis jobs to the queue in use; none, where that is the outbox itself.

    Args:
        runtime: Whose queue.
        published: Called after jobs were brought there.
    """
    if runtime.queue.shares_outbox:
        return []
    settings = runtime.settings
    return [
        Relay(
            runtime.database,
            runtime.queue,
            {
                settings.replay_queue_name: "retrospec_replay_queue_errors_total",
                settings.analysis_queue_name: "retrospec_analysis_queue_errors_total",
            },
            runtime.counters,
            Turn(runtime.database, "relay", seconds=_RELAY_TURN_SECONDS),
            patience=settings.republish_after,
            published=published,
        )
    ]


def alert_workers(runtime: Runtime) -> list[AlertDispatcher]:
    """What delivers alerts: one, for all sinks of this process and of the database."""
    settings, counters, directory = runtime.settings, runtime.counters, runtime.directory
    health = SinkHealth(failures=settings.alert_breaker_failures, pause=settings.alert_breaker_pause_seconds)
    retry = retries(settings)
    longest = runtime.sinks.longest_seconds
    # The lease is extended while a delivery goes out; it ends some time after its process has died.
    attempts = Attempts(runtime.outbox, counters, retry, _ALERT_LEASE_SECONDS, longest, label="alerts")
    deliver = DeliverAlert(directory, runtime.sinks, health, retry, runtime.database, counters)
    return [
        AlertDispatcher(
            attempts,
            deliver,
            directory=directory,
            pool=runtime.sinks,
            health=health,
            database=runtime.database,
            name=f"{runtime.name}-alerts",
            counters=counters,
        )
    ]


def digest_worker(runtime: Runtime) -> Worker:
    """The worker that makes the digests of storms."""
    return Worker(
        runtime.outbox,
        {DIGESTS: MakeDigest(runtime.settings, runtime.directory)},
        name=f"{runtime.name}-digests",
        counters=runtime.counters,
        concurrency=1,
        retry=DIGEST_RETRIES,
        poll_seconds=2,
    )
