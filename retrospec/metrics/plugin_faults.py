"""What went wrong in plugins last, over all processes: kept among the totals, where `retrospec plugins` finds it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from retrospec.core.counters import Labels, Series
from retrospec.core.db import Statement, rows
from retrospec.plugin.faults import Fault

LAST_ERROR = "retrospec_plugin_last_error_timestamp_seconds"
ERRORS = "retrospec_plugin_errors_total"
_LONGEST = 512

_KNOWN = Statement("SELECT labels FROM counter_totals WHERE name = $1")
_FORGET = Statement("DELETE FROM counter_totals WHERE name = $1 AND labels = $2")
# Of two processes that say the same at once, one is enough.
_REMEMBER = Statement("""
    INSERT INTO counter_totals (name, labels, value)
    SELECT name, labels, value FROM @rows($1: name text, labels text, value double precision)
    WHERE true ORDER BY name, labels
    ON CONFLICT (name, labels) DO UPDATE SET value = excluded.value
""")


class PluginFaults(NamedTuple):
    """What is known of the failures of one plugin in one family.

    Attributes:
        errors: How many, since the installation.
        last: What the last of them said; empty where none did.
        at: When that was.
    """

    errors: int
    last: str
    at: datetime | None


async def remember(db: BaseDBAsyncClient, faults: Sequence[Fault]) -> None:
    """Write down the last fault of some plugins, in the place of the one before."""
    fresh = {(fault.family, fault.plugin): fault for fault in faults}
    for row in await _KNOWN.fetch(db, LAST_ERROR):
        labels = msgspec.json.decode(row["labels"], type=dict[str, str])
        if (labels["family"], labels["plugin"]) in fresh:
            await _FORGET.run(db, LAST_ERROR, row["labels"])
    await _REMEMBER.run(
        db,
        rows({"name": LAST_ERROR, "labels": _labels(fault), "value": fault.at.timestamp()} for fault in fresh.values()),
    )


def told(totals: dict[Series, float]) -> dict[tuple[str, str], PluginFaults]:
    """The failures of plugins among the totals, by family and name."""
    counted: dict[tuple[str, str], PluginFaults] = {}
    for (name, labels), value in sorted(totals.items(), key=lambda item: item[1]):
        if name in {ERRORS, LAST_ERROR}:
            known = dict(labels)
            place = known["family"], known["plugin"]
            before = counted.get(place, PluginFaults(0, "", None))
            if name == ERRORS:
                counted[place] = before._replace(errors=int(value))
            else:
                counted[place] = before._replace(last=known["error"], at=datetime.fromtimestamp(value, UTC))
    return counted


def without_text(series: dict[Labels, float]) -> dict[Labels, float]:
    """The times of last errors without what they said: `/metrics` is open to all."""
    times: dict[Labels, float] = {}
    for labels, value in series.items():
        shown = tuple(pair for pair in labels if pair[0] != "error")
        times[shown] = max(value, times.get(shown, 0))
    return times


def _labels(fault: Fault) -> str:
    error = fault.error.encode(errors="replace").decode()
    while True:
        told = {"error": error, "family": fault.family, "plugin": fault.plugin}
        text = msgspec.json.encode(told, order="sorted").decode()
        if len(text) <= _LONGEST or not error:
            return text
        error = error[: len(error) // 2]
