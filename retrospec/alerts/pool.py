"""The sinks of a process: each type in a thread of its own, so that none can do harm."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from time import monotonic
from types import TracebackType
from typing import Self

import msgspec

from retrospec.alerts.attempted import Attempted, attempt, failed
from retrospec.alerts.place import LONGEST_OPENING_SECONDS, SinkPlace
from retrospec.alerts.sink_secrets import secrets_of, without
from retrospec.alerts.sinks import Sink
from retrospec.core.errors import PluginError, RetrospecError, describe
from retrospec.core.log import get_logger
from retrospec.plugin import Alert, AlertSink, Network
from retrospec.plugin.faults import Faults
from retrospec.plugin.isolation import Isolated, PluginFailed
from retrospec.plugin.manager import PluginHost

log = get_logger(__name__)

_IDLE_SECONDS = 600.0
# Sinks of projects: each may hold connections. One more closes the one that was used longest ago.
_MOST_OPEN = 200


class SinkPool:
    """Sends alerts through sinks, whatever their plugins do.

    Sinks of the settings are made at once and opened with the pool, so that bad settings stop the start. Those that
    projects have made are made for their first alert, made anew when they were changed, and closed when they have been
    unused for ten minutes. Used as `async with pool:`.
    """

    def __init__(
        self,
        plugins: PluginHost,
        of_settings: Iterable[Sink],
        faults: Faults,
        *,
        timeout: float,
        allow_private: bool = False,
    ) -> None:
        """Make the sinks of the settings.

        Args:
            plugins: What is installed.
            of_settings: The sinks that the settings name.
            faults: Where failures of plugins are counted.
            timeout: How long one delivery may take, seconds.
            allow_private: Whether sinks of projects may reach private addresses.

        Raises:
            PluginError: One of them is not installed, or its settings are wrong.
        """
        self._plugins = plugins
        self._faults = faults
        self._network = Network(allow_private=allow_private)
        # A tenth more than a sink has, so that one that keeps the limit itself can say what took so long.
        self._timeout = timeout * 1.1
        self._threads: dict[str, Isolated] = {}
        # Those used last stand last.
        self._places: dict[str, SinkPlace] = {}
        self._closing: set[asyncio.Task[None]] = set()
        for sink in of_settings:
            self._place(sink).make()

    async def __aenter__(self) -> Self:
        try:
            for place in list(self._places.values()):
                await place.open()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @property
    def longest_seconds(self) -> float:
        """How long `send` takes at the most, a sink that must be made and opened first included."""
        return self._timeout + LONGEST_OPENING_SECONDS + 10

    async def send(self, sink: Sink, alert: Alert) -> Attempted:
        """Try once to deliver an alert. Nothing that a plugin does comes out as an exception.

        Args:
            sink: Where to.
            alert: What to tell.
        """
        started, clock = datetime.now(UTC), monotonic()
        try:
            async with self._place(sink).used() as made:
                came = await self._thread(sink).call(lambda: attempt(made, alert), timeout=self._timeout)
        except (TimeoutError, PluginFailed, RetrospecError) as cause:
            came = failed(describe(cause) if isinstance(cause, TimeoutError) else str(cause))
        came = self._without_secrets(sink, came)
        if came.by_plugin:
            self._faults.remember("alerts", sink.type, came.error)
            log.warning("an alert sink failed", plugin=sink.type, sink=sink.id, error=came.error)
        return msgspec.structs.replace(came, started_at=started, duration_ms=round((monotonic() - clock) * 1000))

    async def check(self, sink: Sink) -> str:
        """Say in a few words that a sink works.

        Args:
            sink: Which.

        Raises:
            PluginError: It does not, or cannot be made or opened.
        """
        try:
            async with self._place(sink).used() as made:
                return str(await self._thread(sink).call(made.check, timeout=self._timeout))
        except RetrospecError:
            raise
        except Exception as cause:
            raise PluginError(f"plugin alerts.{sink.name}: {describe(cause)}") from cause

    def _without_secrets(self, sink: Sink, came: Attempted) -> Attempted:
        """What came of an attempt, as the log, and whoever reads deliveries, may have it: whatever a plugin said."""
        offer = self._plugins.offer(AlertSink, sink.type)
        secrets = secrets_of(offer.settings if offer else None, sink.settings)
        return msgspec.structs.replace(came, error=without(secrets, came.error), answer=without(secrets, came.answer))

    def tidy(self) -> None:
        """Close the sinks of projects that have not been used for a while."""
        before = monotonic() - _IDLE_SECONDS
        for place in self._spare():
            if place.used_at < before:
                self._drop(place)

    def _place(self, sink: Sink) -> SinkPlace:
        place = self._places.pop(sink.id, None)
        if place is not None and place.digest != sink.digest:
            self._retire(place)
            place = None
        if place is None:
            if len(self._places) >= _MOST_OPEN and (spare := self._spare()):
                self._drop(spare[0])
            place = SinkPlace(sink, self._thread(sink), lambda: self._make(sink))
        self._places[sink.id] = place
        return place

    def _spare(self) -> list[SinkPlace]:
        return [place for place in self._places.values() if place.sink.project_id is not None and not place.users]

    def _drop(self, place: SinkPlace) -> None:
        del self._places[place.sink.id]
        self._retire(place)

    def _retire(self, place: SinkPlace) -> None:
        """Close a sink beside what goes on, once its last delivery has ended."""
        closing = asyncio.create_task(place.retire(), name=f"close {place.sink.id}")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _make(self, sink: Sink) -> AlertSink:
        place, setting = f"alerts.{sink.name}", "type" if sink.project_id is not None else "ALERT_SINKS"
        made = self._plugins.make(AlertSink, sink.type, sink.settings, setting=setting, place=place)
        if sink.project_id is not None:
            if not made.guarded and not self._network.allow_private:
                raise PluginError(f"plugin {place}: sinks of the type {sink.type} cannot be made over the API")
            made.network = self._network
        return made

    def _thread(self, sink: Sink) -> Isolated:
        return self._threads.setdefault(sink.type, Isolated(f"alerts.{sink.type}"))

    async def _close(self) -> None:
        places, self._places = list(self._places.values()), {}
        await asyncio.gather(*(place.close() for place in places), *self._closing)
        await asyncio.gather(*(thread.stop() for thread in self._threads.values()))
