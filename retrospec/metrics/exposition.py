"""The totals and gauges as Prometheus reads them."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    UnknownMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from retrospec.alerts.sinks import sinks_of
from retrospec.alerts.watch import Waiting, waiting
from retrospec.core.counters import Labels, Series
from retrospec.core.errors import Unavailable
from retrospec.core.log import get_logger
from retrospec.core.settings import Settings
from retrospec.metrics.catalog import (
    ALERT_PENDING,
    PLUGIN_LAST_ERROR,
    QUEUE_DEPTHS,
    QUEUE_UP,
    QUEUES,
    SINKS_OFF,
    SINKS_RESTING,
    TOTALS,
    UPTIME,
    Metric,
)
from retrospec.metrics.plugin_faults import without_text
from retrospec.metrics.process_use import ProcessUse
from retrospec.metrics.totals import Totals
from retrospec.plugin import QueueBackend, QueueDepths

log = get_logger(__name__)

Groups = Mapping[str, Mapping[Labels, float]]
_UNKNOWN = "Counted by another version of this server, or by a plugin"


class Exposition:
    """Makes the text of `/metrics`."""

    def __init__(self, totals: Totals, queue: QueueBackend, settings: Settings, *, timeout: float = 2) -> None:
        """Take what is shown.

        Args:
            totals: Of all processes; knows since when the server runs.
            queue: Whose depths are shown.
            settings: Name the two queues.
            timeout: How long the database and the queue may take, seconds each.
        """
        self._totals = totals
        self._queue = queue
        self._queues = dict(zip(QUEUES, (settings.replay_queue_name, settings.analysis_queue_name), strict=True))
        self._timeout = timeout
        # Shown at 0 too: a series that comes and goes is hard to watch.
        self._sink_types = dict.fromkeys((sink.type for sink in sinks_of(settings)), 0)

    async def render(self) -> bytes:
        """Add this process's counts to the totals, and show them all, in the text format 0.0.4.

        Raises:
            Unavailable: The database does not answer in time, so nothing true can be said.
        """
        try:
            async with asyncio.timeout(self._timeout):
                await self._totals.flush()
                totals = await self._totals.read()
                alerts = await waiting(self._totals.connection)
        except TimeoutError as cause:
            raise Unavailable(f"the database does not answer within {self._timeout:g} s") from cause
        alerts = Waiting({**self._sink_types, **alerts.pending}, alerts.off, alerts.resting)
        return generate_latest(_Snapshot(monotonic() - self._totals.since, totals, await self._depths(), alerts))

    async def _depths(self) -> dict[str, QueueDepths] | None:
        try:
            async with asyncio.timeout(self._timeout):
                return {kind: await self._queue.depths(name) for kind, name in self._queues.items()}
        except Exception as failure:
            log.warning("the depths of the queues cannot be told", error=str(failure) or type(failure).__name__)
            return None


@dataclass(frozen=True, slots=True)
class _Snapshot(Collector):
    """What is known at one scrape."""

    uptime: float
    totals: Mapping[Series, float]
    depths: Mapping[str, QueueDepths] | None
    alerts: Waiting

    def collect(self) -> Iterable[Family]:
        """Every metric of the catalogue, what else was counted, and what the processes use."""
        yield GaugeMetricFamily(UPTIME.name, UPTIME.help, value=self.uptime)
        yield GaugeMetricFamily(QUEUE_UP.name, QUEUE_UP.help, value=float(self.depths is not None))
        yield from self._queue_depths()
        yield from self._alerts()
        yield from _total_families(self.totals)
        yield from ProcessUse().collect()

    def _queue_depths(self) -> Iterator[Family]:
        for kind, depths in (self.depths or {}).items():
            values = {
                "stream_depth": depths.stream_depth,
                "pending_total": depths.pending,
                "retry_depth": depths.retry_depth,
                "failed_depth": depths.failed_depth,
            }
            for depth, value in values.items():
                metric = QUEUE_DEPTHS[kind, depth]
                yield GaugeMetricFamily(metric.name, metric.help, value=value)

    def _alerts(self) -> Iterator[Family]:
        pending = GaugeMetricFamily(ALERT_PENDING.name, ALERT_PENDING.help, labels=ALERT_PENDING.labels)
        for kind, count in sorted(self.alerts.pending.items()):
            pending.add_metric([kind], count)
        yield pending
        yield GaugeMetricFamily(SINKS_OFF.name, SINKS_OFF.help, value=self.alerts.off)
        yield GaugeMetricFamily(SINKS_RESTING.name, SINKS_RESTING.help, value=self.alerts.resting)


def _total_families(totals: Mapping[Series, float]) -> Iterator[Family]:
    groups: defaultdict[str, dict[Labels, float]] = defaultdict(dict)
    for (name, labels), value in totals.items():
        groups[name][labels] = value
    for metric in TOTALS:
        yield _histogram(metric, groups) if metric.kind == "histogram" else _counter(metric, groups)
    yield _last_errors(groups)
    for name in sorted(groups):
        family = UnknownMetricFamily(name, _UNKNOWN)
        for labels, value in sorted(groups[name].items()):
            family.add_sample(name, dict(labels), value)
        yield family


def _last_errors(groups: dict[str, dict[Labels, float]]) -> Family:
    family = GaugeMetricFamily(PLUGIN_LAST_ERROR.name, PLUGIN_LAST_ERROR.help)
    for labels, value in sorted(without_text(groups.pop(PLUGIN_LAST_ERROR.name, {})).items()):
        family.add_sample(PLUGIN_LAST_ERROR.name, dict(labels), value)
    return family


def _counter(metric: Metric, groups: dict[str, dict[Labels, float]]) -> Family:
    counted = groups.pop(metric.name, {(): 0.0})
    # The library takes the name without its suffix, and writes `_total` once.
    family = CounterMetricFamily(metric.name.removesuffix("_total"), metric.help)
    for labels, value in sorted(counted.items()):
        family.add_sample(metric.name, dict(labels), value)
    return family


def _histogram(metric: Metric, groups: dict[str, dict[Labels, float]]) -> Family:
    buckets, sums = groups.pop(f"{metric.name}_bucket", {}), groups.pop(f"{metric.name}_sum", {})
    series: defaultdict[Labels, dict[float, float]] = defaultdict(dict)
    for labels, count in buckets.items():
        own = dict(labels)
        bound = float(own.pop("le"))
        series[tuple(own.items())][bound] = count
    if not series and not metric.labels:
        series[()] = {}
    # Every series shows every bound, so that they can be added up.
    bounds = sorted({*map(float, metric.bounds), math.inf}.union(*series.values()))
    family = HistogramMetricFamily(metric.name, metric.help)
    for labels, counts in sorted(series.items()):
        _add_series(family, metric.name, labels, [(bound, counts.get(bound, 0)) for bound in bounds], sums)
    return family


def _add_series(
    family: Family, name: str, labels: Labels, buckets: list[tuple[float, float]], sums: Mapping[Labels, float]
) -> None:
    so_far = 0.0
    for bound, count in buckets:
        so_far += count
        text = "+Inf" if math.isinf(bound) else str(bound)
        family.add_sample(f"{name}_bucket", {**dict(labels), "le": text}, so_far)
    family.add_sample(f"{name}_count", dict(labels), so_far)
    family.add_sample(f"{name}_sum", dict(labels), sums.get(labels, 0.0))
