"""Counts of what happened in this process, until they are added to the totals in the database."""

from bisect import bisect_left
from collections import defaultdict
from functools import lru_cache

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]


class Counters:
    """Numbers that only grow. `metrics` drains them into rows, so that `/metrics` is true across processes."""

    def __init__(self) -> None:
        self._counts: defaultdict[Series, float] = defaultdict(float)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count something.

        Args:
            name: Metric name, e.g. `retrospec_rate_limited_total`.
            amount: How many; not negative.
            labels: Label values, from small fixed sets only.
        """
        self._counts[name, tuple(sorted(labels.items()))] += amount

    def observe(self, name: str, value: float, bounds: tuple[float, ...], labels: Labels) -> None:
        """Count a value into a histogram.

        Args:
            name: Metric name without suffix, e.g. `retrospec_http_request_seconds`.
            value: What was measured.
            bounds: Upper bounds of the buckets, ascending; `+Inf` is added.
            labels: Label names and values, in the order of the names; from small fixed sets only.
        """
        self._counts[_bucket(name, bisect_left(bounds, value), bounds, labels)] += 1
        self._counts[f"{name}_sum", labels] += value

    def drain(self) -> dict[Series, float]:
        """Hand over all counts and begin anew from zero."""
        counts, self._counts = self._counts, defaultdict(float)
        return dict(counts)

    def restore(self, counts: dict[Series, float]) -> None:
        """Take counts back that could not be written."""
        for series, amount in counts.items():
            self._counts[series] += amount


@lru_cache(maxsize=4096)
def _bucket(name: str, place: int, bounds: tuple[float, ...], labels: Labels) -> Series:
    bound = str(float(bounds[place])) if place < len(bounds) else "+Inf"
    return f"{name}_bucket", tuple(sorted((("le", bound), *labels)))
