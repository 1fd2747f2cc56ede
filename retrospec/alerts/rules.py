"""Who hears of what: the rules of a sink, completed by the server's settings."""

import re
from collections.abc import Sequence, Set
from datetime import timedelta
from fnmatch import translate
from typing import TypeVar

from retrospec.alerts.news import News
from retrospec.alerts.sinks import Sink
from retrospec.core.settings import Settings
from retrospec.issues.schemas import confidence

Value = TypeVar("Value")


class Listener:
    """A sink, and which news it wants.

    Attributes:
        sink: The sink.
        cooldown: Between two alerts of an issue and event.
        storm_limit: Alerts an hour and project; 0 for no limit.
    """

    def __init__(self, sink: Sink, settings: Settings) -> None:
        rules = sink.rules
        self.sink = sink
        self.cooldown = timedelta(minutes=_given(rules.cooldown_minutes, settings.alert_cooldown_minutes))
        self.storm_limit = _given(rules.storm_limit, settings.alert_storm_limit)
        self._events, self._kinds = frozenset(rules.events), frozenset(rules.kinds)
        self._sites = [_pattern(site) for site in rules.sites]
        self._least = _given(rules.min_confidence, settings.alert_min_cluster_confidence)
        self._least_sessions = rules.min_sessions
        self._promoted_at = settings.cluster_promote_min_sessions

    @property
    def asks_for_sites(self) -> bool:
        """Whether its rules name sites."""
        return bool(self._sites)

    def wanted(self, news: News, sites: Set[str]) -> Sequence[str]:
        """The events of some news that the sink wants, the most important first.

        Args:
            news: About one issue.
            sites: Of the sessions that made it; needed only where `asks_for_sites`.
        """
        cluster = news.cluster
        if (
            cluster.session_count < self._least_sessions
            or confidence(cluster.session_count, self._promoted_at) < self._least
            or (self._kinds and cluster.kind not in self._kinds)
            or (self._sites and not self._is_heard_at(sites))
        ):
            return ()
        return [event for event in news.events if not self._events or event in self._events]

    def _is_heard_at(self, sites: Set[str]) -> bool:
        return any(pattern.match(site) for pattern in self._sites for site in sites)


def _given(rule: Value | None, setting: Value) -> Value:
    return setting if rule is None else rule


def _pattern(site: str) -> re.Pattern[str]:
    # `fnmatch` makes expressions that never go back: whoever writes `*a*a*a*a*b` does not slow down ingest.
    return re.compile(translate(site.replace("[", "[[]")), re.IGNORECASE)
