"""The worker: claims jobs of several queues and has them done, several at once."""

from collections import deque
from collections.abc import Mapping

from retrospec.core.counters import Counters
from retrospec.jobs.attempt import Attempts
from retrospec.jobs.handler import BuriedHook, JobHandler
from retrospec.jobs.retry import RetryPolicy
from retrospec.jobs.runner import JobRunner
from retrospec.plugin.queue import QueueBackend


class Worker(JobRunner):
    """Runs the jobs of certain queues."""

    def __init__(
        self,
        queue: QueueBackend,
        handlers: Mapping[str, JobHandler],
        *,
        name: str,
        counters: Counters,
        concurrency: int = 2,
        lease_seconds: float = 60,
        job_timeout: float = 300,
        retry: RetryPolicy | None = None,
        on_buried: Mapping[str, BuriedHook] | None = None,
        poll_seconds: float = 0.5,
    ) -> None:
        """Make a worker that does nothing yet.

        Args:
            queue: Where jobs come from.
            handlers: What does the jobs of each queue, by the queue's name.
            name: Unique among the running workers.
            counters: Where outcomes are counted.
            concurrency: Jobs at once, of all queues together.
            lease_seconds: How long a job stays this worker's without a heartbeat.
            job_timeout: How long an attempt may take, seconds.
            retry: Attempts and pauses.
            on_buried: Who is told when a job is given up, by the queue's name.
            poll_seconds: How often an idle worker asks for jobs; `wake` makes it ask at once.
        """
        attempts = Attempts(queue, counters, retry or RetryPolicy(), lease_seconds, job_timeout)
        super().__init__(attempts, name=name, counters=counters, concurrency=concurrency, poll_seconds=poll_seconds)
        self._handlers = dict(handlers)
        self._on_buried = dict(on_buried or {})
        # The queue that was served last stands last, so that none starves behind a long one.
        self._turns = deque(self._handlers)

    async def _claim(self) -> int:
        """Fill the free slots from all queues, in shares as equal as they go."""
        claimed = 0
        for passed, queue in enumerate(tuple(self._turns)):
            if not self.free:
                break
            leases = await self._claim_of(queue, -(-self.free // (len(self._turns) - passed)))
            if leases:
                self._turns.remove(queue)
                self._turns.append(queue)
                claimed += len(leases)
            for lease in leases:
                self._take(lease, self._handlers[queue], self._on_buried.get(queue))
        return claimed
