"""What went wrong in plugins: counted, logged, and kept for those who ask what the last of it was."""

from dataclasses import dataclass
from datetime import datetime

from retrospec.core.clock import now
from retrospec.core.counters import Counters
from retrospec.core.errors import describe
from retrospec.core.log import get_logger

log = get_logger(__name__)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """The last thing that went wrong in a plugin.

    Attributes:
        family: What the plugin was used as: `storage`, `queue`, `alerts`, `clustering`, `analysis`, `redaction`,
            `observer` or `routes`.
        plugin: Its name there.
        error: One line.
        at: When, in UTC.
    """

    family: str
    plugin: str
    error: str
    at: datetime


class Faults:
    """What went wrong in the plugins of this process. Used on the server's thread."""

    def __init__(self, counters: Counters) -> None:
        """Begin with none.

        Args:
            counters: Count them.
        """
        self._counters = counters
        self._last: dict[tuple[str, str], Fault] = {}

    def note(self, family: str, plugin: str, error: BaseException, *, doing: str) -> None:
        """Count a failure, log it, and remember it as the last one.

        Args:
            family: As `Fault` has it.
            plugin: Its name there.
            error: What it raised, or a timeout.
            doing: What was asked of it, for the log.
        """
        # What a redactor raises may hold what was to be taken out.
        told = type(error).__name__ if family == "redaction" else describe(error)
        text = told[:_LONGEST]
        self.remember(family, plugin, text)
        # Where it came from is what the plugin's author asks; a timeout came from here.
        trace = None if family == "redaction" or isinstance(error, TimeoutError) else error
        log.warning("plugin failed", family=family, plugin=plugin, doing=doing, error=text, exc_info=trace)

    def remember(self, family: str, plugin: str, error: str) -> None:
        """Count a failure that somebody else has logged, and remember it as the last one.

        Args:
            family: As `Fault` has it.
            plugin: Its name there.
            error: One line.
        """
        self._counters.add("retrospec_plugin_errors_total", family=family, plugin=plugin)
        self._last[family, plugin] = Fault(family, plugin, error[:_LONGEST], now())

    def opened(self, family: str, plugin: str, *, seconds: float) -> None:
        """Note that a plugin is left alone for a while."""
        self._counters.add("retrospec_plugin_breaker_opened_total", family=family, plugin=plugin)
        log.warning("plugin left alone", family=family, plugin=plugin, seconds=seconds)

    def closed(self, family: str, plugin: str) -> None:
        """Note that a plugin that was left alone works again."""
        log.warning("plugin works again", family=family, plugin=plugin)

    def dropped(self, plugin: str, reason: str, count: int) -> None:
        """Count events that an observer is not told."""
        self._counters.add("retrospec_plugin_events_dropped_total", count, plugin=plugin, reason=reason)

    def drain(self) -> list[Fault]:
        """Hand over the last fault of each plugin that had any since the last time."""
        last, self._last = self._last, {}
        return list(last.values())

    def restore(self, faults: list[Fault]) -> None:
        """Take back what could not be written, where nothing newer is known."""
        self._last = {(one.family, one.plugin): one for one in faults} | self._last
