"""The workers of a process: one for replay and analysis jobs, and one for each alert sink."""

import asyncio
from collections.abc import Sequence

from retrospec.alerts.delivery import RETRIES, DeliverAlert
from retrospec.alerts.outgoing import sink_queue
from retrospec.artifacts.jobs import ReplayJobHandler
from retrospec.jobs.retry import RetryPolicy
from retrospec.jobs.worker import Worker
from retrospec.reports.jobs import AnalysisJobHandler
from retrospec.runtime import Runtime

_ALERTS_AT_ONCE = 4
# A lease beyond the timeout, so that a delivery is never handed out while it may still go out.
_ALERT_LEASE_MARGIN = 30


class Workers:
    """Started and stopped together."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    def start(self) -> None:
        """Begin to claim jobs."""
        for worker in self._workers:
            worker.start()

    def wake(self) -> None:
        """There are new jobs."""
        for worker in self._workers:
            worker.wake()

    async def stop(self, grace: float) -> None:
        """Finish what runs within `grace` seconds, and give the rest back."""
        await asyncio.gather(*(worker.stop(grace) for worker in self._workers))


def job_worker(runtime: Runtime) -> Worker:
    """The worker that runs replay and analysis jobs."""
    settings = runtime.settings
    replay = ReplayJobHandler(runtime.storage, runtime.counters)
    analysis = AnalysisJobHandler(settings, runtime.storage, runtime.analyzer, runtime.counters)
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


def alert_workers(runtime: Runtime) -> list[Worker]:
    """A worker for each sink, so that one that hangs delays no other."""
    workers = []
    timeout = runtime.settings.alert_timeout_seconds
    for name, sink in runtime.sinks.items():
        deliver = DeliverAlert(name, sink, runtime.counters, timeout=timeout)
        workers.append(
            Worker(
                runtime.outbox,
                {sink_queue(name): deliver},
                name=f"{runtime.name}-{name}",
                counters=runtime.counters,
                concurrency=_ALERTS_AT_ONCE,
                lease_seconds=timeout + _ALERT_LEASE_MARGIN,
                job_timeout=timeout + _ALERT_LEASE_MARGIN / 2,
                retry=RETRIES,
                on_buried={sink_queue(name): deliver.buried},
                poll_seconds=1,
            )
        )
    return workers
