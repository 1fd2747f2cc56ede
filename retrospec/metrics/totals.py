"""The totals of all processes: what each has counted is added to rows that they share."""

import math
from collections.abc import Mapping
from time import monotonic

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.counters import Counters, Labels, Series
from retrospec.core.db import Database, Statement, rows
from retrospec.core.log import get_logger
from retrospec.metrics.models import CounterTotal
from retrospec.metrics.plugin_faults import remember
from retrospec.plugin.faults import Faults

log = get_logger(__name__)

_LONGEST_NAME = 128
_LONGEST_LABELS = 512

# In one order for everybody: two processes that add to the same rows would otherwise deadlock.
# `WHERE true` tells SQLite's parser that ON begins no join.
_ADD = Statement(
    """
    INSERT INTO counter_totals (name, labels, value)
    SELECT name, labels, value FROM @rows($1: name text, labels text, value double precision)
    WHERE true ORDER BY name, labels
    ON CONFLICT (name, labels) DO UPDATE SET value = counter_totals.value + excluded.value
    """
)


class Totals:
    """Carries the counts of this process to the totals, and reads the totals.

    Attributes:
        since: When the server began, by the monotonic clock.
    """

    def __init__(
        self, database: Database, counters: Counters, *, since: float | None = None, faults: Faults | None = None
    ) -> None:
        self.since = monotonic() if since is None else since
        self._database = database
        self._counters = counters
        self._faults = faults

    @property
    def connection(self) -> BaseDBAsyncClient:
        """Where the totals are."""
        return self._database.connection

    async def flush(self) -> None:
        """Add what was counted since the last time to the totals. Costs nothing when that is nothing.

        Raises:
            Exception: The database does not take it, as the driver says it. The counts are kept for the next time.
        """
        await self._flush_faults()
        counts = self._counters.drain()
        if not counts:
            return
        try:
            await _ADD.run(self._database.connection, rows(_writable(counts)))
        except BaseException:
            # Cancelled while it was written, it may be counted twice: better than not at all.
            self._counters.restore(counts)
            raise

    async def _flush_faults(self) -> None:
        faults = self._faults.drain() if self._faults else []
        if self._faults is None or not faults:
            return
        try:
            await remember(self._database.connection, faults)
        except BaseException:
            self._faults.restore(faults)
            raise

    async def read(self) -> dict[Series, float]:
        """The totals, by name and labels."""
        found = await CounterTotal.all().using_db(self._database.connection).values_list("name", "labels", "value")
        return {(name, _labels(text)): value for name, text, value in found}


def _writable(counts: Mapping[Series, float]) -> list[dict[str, object]]:
    """The rows to add. One that the table cannot hold would keep back all others for ever, so it is left out."""
    items: list[dict[str, object]] = []
    for (name, labels), value in counts.items():
        text = msgspec.json.encode(dict(labels), order="sorted").decode()
        if len(name) > _LONGEST_NAME or len(text) > _LONGEST_LABELS or not math.isfinite(value):
            log.error("a count cannot be stored", metric=name[:_LONGEST_NAME], labels=text[:_LONGEST_LABELS])
        else:
            items.append({"name": name, "labels": text, "value": value})
    return items


def _labels(text: str) -> Labels:
    return tuple(sorted(msgspec.json.decode(text, type=dict[str, str]).items()))
