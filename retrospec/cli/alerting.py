"""What the commands under `retrospec alerts` share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from retrospec.alerts.models import AlertSinkRow
from retrospec.alerts.pool import SinkPool
from retrospec.alerts.sink_schemas import TestResult
from retrospec.alerts.sink_service import NAME_LIMIT, SinkService
from retrospec.alerts.sink_types import SinkTypes
from retrospec.alerts.sinks import SinkDirectory, sinks_of
from retrospec.alerts.trial import try_sink
from retrospec.cli.oneshot import opened
from retrospec.cli.selection import host
from retrospec.core.counters import Counters
from retrospec.core.settings import Settings
from retrospec.plugin.faults import Faults
from retrospec.plugin.manager import PluginHost
from retrospec.projects.service import get_project

Project = Annotated[str, typer.Option("--project", "-p", metavar="PROJECT", help="Id of the project.")]


class Alerting:
    """Sinks of one project, with the database open.

    Attributes:
        project_id: Which.
        directory: Which sinks there are.
        service: Makes, changes and removes them.
    """

    def __init__(self, settings: Settings, plugins: PluginHost, project_id: str) -> None:
        self.project_id = project_id
        self.directory = SinkDirectory(sinks_of(settings))
        self.service = SinkService(
            self.directory, SinkTypes(plugins, allow_private=settings.alert_allow_private_networks)
        )
        self._settings = settings
        self._plugins = plugins

    async def named(self, sink: str) -> str:
        """The id of the project's sink of a name; what was given, where none has that name."""
        row = await AlertSinkRow.filter(project_id=self.project_id, name=sink[:NAME_LIMIT]).first()
        return row.id if row else sink

    async def try_sink(self, sink: str) -> TestResult:
        """Send a test alert, as the API does.

        Raises:
            NotFound: The project has no such sink.
            PluginError: It is one of the settings, and cannot be made or opened.
        """
        settings, configured = self._settings, await self.service.find(self.project_id, await self.named(sink))
        pool = SinkPool(
            self._plugins,
            [configured] if configured.project_id is None else [],
            Faults(Counters()),
            timeout=settings.alert_timeout_seconds,
            allow_private=settings.alert_allow_private_networks,
        )
        async with pool:
            return await try_sink(pool, configured, self.project_id)


@asynccontextmanager
async def alerting(settings: Settings, project_id: str) -> AsyncIterator[Alerting]:
    """Open what the commands need.

    Raises:
        NotFound: There is no such project.
    """
    async with opened(settings):
        await get_project(project_id)
        yield Alerting(settings, host(settings), project_id)
