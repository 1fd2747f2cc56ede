"""Making, changing and removing a project's sinks, and how each does."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from retrospec.alerts.models import AlertSinkRow, AlertSinkState, AlertStorm
from retrospec.alerts.outbox import sink_queue
from retrospec.alerts.sink_schemas import LastDelivery, NewSink, SinkPatch, SinkState, SinkView, Status
from retrospec.alerts.sink_types import SinkTypes
from retrospec.alerts.sinks import Sink, SinkDirectory, SinkRules, sink_of
from retrospec.core.clock import now
from retrospec.core.db import Statement, read_time, reading, transaction
from retrospec.core.errors import Conflict, Invalid, NotFound
from retrospec.core.ids import new_id
from retrospec.projects.models import Project

MOST_SINKS = 50
_PREFIX = "snk"
_ID_LIMIT = 64
NAME_LIMIT = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

LATEST = Statement("""
    SELECT id, status, created_at, finished_at FROM alert_deliveries WHERE project_id = $1 AND sink = $2
    ORDER BY uid DESC LIMIT 1
""")
# Whoever delivers finds no sink, gives them up, and counts and logs that.
HASTEN = Statement("UPDATE jobs SET due_at = $2 WHERE queue = $1 AND status = 'ready' AND due_at > $2")


class SinkService:
    """The sinks of all projects, over the API and from the command line."""

    def __init__(self, directory: SinkDirectory, types: SinkTypes) -> None:
        """Take in what there is.

        Args:
            directory: Which sinks there are.
            types: What they may be made of.
        """
        self._directory = directory
        self.types = types

    async def list_sinks(self, project_id: str) -> list[SinkView]:
        """The sinks that hear of a project, those of the settings first, then its own, the oldest first."""
        made = await AlertSinkRow.filter(project_id=project_id).order_by("uid")
        return await self._views(project_id, self._directory.of_settings, made)

    async def get_sink(self, project_id: str, sink_id: str) -> SinkView:
        """One of them.

        Raises:
            NotFound: None of that id hears of the project.
        """
        named = [sink for sink in self._directory.of_settings if sink.id == sink_id]
        made = [] if named else [await _own(project_id, sink_id)]
        [view] = await self._views(project_id, named, made)
        return view

    async def find(self, project_id: str, sink_id: str) -> Sink:
        """The sink of an id, as it is to be used. Raises as `get_sink`."""
        named = next((sink for sink in self._directory.of_settings if sink.id == sink_id), None)
        return named or sink_of(await _own(project_id, sink_id))

    async def create_sink(self, project_id: str, given: NewSink) -> SinkView:
        """Make a sink.

        Raises:
            Invalid: The name, the type or a setting cannot be used.
            Conflict: The name is taken, or the project has as many as it may have.
            NotFound: There is no such project.
        """
        name = self._name(given.name)
        settings = self.types.merged(given.type, {}, given.settings or {})
        self.types.check(given.type, settings)
        moment = now()
        row = AlertSinkRow(
            id=new_id(_PREFIX),
            project_id=project_id,
            name=name,
            type=given.type,
            settings=settings,
            rules=msgspec.to_builtins(given.rules or SinkRules()),
            enabled=given.enabled is not False,
            created_at=moment,
            updated_at=moment,
        )
        async with transaction() as db:
            await _lock_project(db, project_id)
            if await AlertSinkRow.filter(project_id=project_id).using_db(db).count() >= MOST_SINKS:
                raise Conflict(f"a project may have {MOST_SINKS} sinks: delete one that is not needed")
            await _save(row, db)
        self._directory.forget(project_id)
        return await self.get_sink(project_id, row.id)

    async def change_sink(self, project_id: str, sink_id: str, patch: SinkPatch) -> SinkView:
        """Change what a patch names. What deliveries have found out about the sink is forgotten.

        Raises:
            Invalid: The name or a setting cannot be used; nothing has changed.
            Conflict: It is one of the settings, or the name is taken.
            NotFound: The project has no such sink.
        """
        self._refuse_named(sink_id)
        async with transaction() as db:
            row = await _own(project_id, sink_id, lock=db)
            if patch.name is not UNSET:
                row.name = self._name(patch.name)
            if patch.settings is not UNSET:
                row.settings = self.types.merged(row.type, row.settings, patch.settings)
            if patch.rules is not UNSET:
                row.rules = msgspec.to_builtins(patch.rules or SinkRules())
            if patch.enabled is not UNSET:
                row.enabled = patch.enabled
            if row.enabled or patch.settings is not UNSET:
                # Whole, also where nothing of it changes: the plugin may be another version than when it was made.
                self.types.check(row.type, row.settings)
            row.revision += 1
            row.updated_at = now()
            await _save(row, db)
            await AlertSinkState.filter(sink=row.id).using_db(db).delete()
        self._directory.forget(project_id)
        return await self.get_sink(project_id, row.id)

    async def delete_sink(self, project_id: str, sink_id: str) -> None:
        """Remove a sink with its secrets. Its deliveries stay in the log, and those that wait are given up now.

        Raises:
            Conflict: It is one of the settings.
            NotFound: The project has no such sink.
        """
        self._refuse_named(sink_id)
        async with transaction() as db:
            row = await _own(project_id, sink_id, lock=db)
            await row.delete(using_db=db)
            await AlertSinkState.filter(sink=row.id).using_db(db).delete()
            await AlertStorm.filter(project_id=project_id, sink=row.id).using_db(db).delete()
            await HASTEN.run(db, sink_queue(row.id), now())
        self._directory.forget(project_id)

    def _refuse_named(self, sink_id: str) -> None:
        if any(sink.id == sink_id for sink in self._directory.of_settings):
            raise Conflict(f"the sink {sink_id} stands in the server's settings, and can be changed only there")

    def _name(self, text: str) -> str:
        name = text.strip()
        if not name or len(name) > NAME_LIMIT or _CONTROL.search(name):
            raise Invalid(f"name must have 1-{NAME_LIMIT} characters that can be shown", detail="name")
        if name.startswith(f"{_PREFIX}_"):
            raise Invalid(f"name must not begin with {_PREFIX}_, as ids do", detail="name")
        if any(sink.name == name for sink in self._directory.of_settings):
            raise Conflict(f"the server's settings have a sink of the name {name!r}", detail="name")
        return name

    async def _views(self, project_id: str, named: Sequence[Sink], made: Sequence[AlertSinkRow]) -> list[SinkView]:
        sinks = [*named, *map(sink_of, made)]
        ids = [sink.id for sink in sinks]
        found = {state.sink: state for state in await AlertSinkState.filter(sink__in=ids)}
        latest = await _latest(project_id, ids)
        of_row = {row.id: row for row in made}
        return [
            self._view(sink, of_row.get(sink.id), self._state(sink, found.get(sink.id), latest.get(sink.id)))
            for sink in sinks
        ]

    def _view(self, sink: Sink, row: AlertSinkRow | None, state: SinkState) -> SinkView:
        return SinkView(
            id=sink.id,
            name=sink.name,
            type=sink.type,
            origin="api" if row else "settings",
            enabled=sink.enabled,
            rules=sink.rules,
            state=state,
            # Those of the server's settings are the operator's.
            settings=self.types.shown(sink.type, sink.settings) if row else {},
            created_at=read_time(row.created_at) if row else None,
            updated_at=read_time(row.updated_at) if row else None,
        )

    def _state(self, sink: Sink, found: AlertSinkState | None, latest: LastDelivery | None) -> SinkState:
        if not sink.enabled:
            return SinkState(status="off", last_delivery=latest)
        if sink.project_id and (problem := self.types.problem(sink.type, sink.settings)):
            return SinkState(status="unusable", reason=problem, last_delivery=latest)
        if found is None or found.settings_digest != sink.digest:
            return SinkState(status="working", last_delivery=latest)
        # What a sink of all projects was told may be about another project.
        error = found.last_error if sink.project_id else ""
        paused_until = _ahead(found.open_until)
        status: Status = "gone" if found.gone_at else "paused" if paused_until else "working"
        reasons = {
            "gone": "its receiver says that it is gone for good; nothing is sent until the sink is edited",
            "paused": f"it failed {found.failures} times in a row",
        }
        return SinkState(
            status=status,
            reason=reasons.get(status, ""),
            gone_at=found.gone_at and read_time(found.gone_at),
            paused_until=paused_until,
            failures=found.failures,
            last_error=error,
            last_delivery=latest,
        )


def _ahead(time: datetime | None) -> datetime | None:
    return read_time(time) if time and read_time(time) > now() else None


async def _latest(project_id: str, sinks: Sequence[str]) -> Mapping[str, LastDelivery]:
    async def work(db: BaseDBAsyncClient) -> dict[str, LastDelivery]:
        # One by one: for all at once PostgreSQL reads the table whole.
        found = [(sink, row) for sink in sinks for row in await LATEST.select(db, project_id, sink)]
        return {sink: _last(row) for sink, row in found}

    return await reading(work)


def _last(row: Sequence[Any]) -> LastDelivery:
    ident, status, created_at, finished_at = row
    finished = read_time(finished_at) if finished_at else None
    return LastDelivery(id=ident, status=status, created_at=read_time(created_at), finished_at=finished)


async def _own(project_id: str, sink_id: str, *, lock: BaseDBAsyncClient | None = None) -> AlertSinkRow:
    # Tortoise refuses to look for a text that is longer than the column.
    if len(sink_id) <= _ID_LIMIT:
        found = AlertSinkRow.filter(project_id=project_id, id=sink_id)
        if lock is not None:
            found = found.select_for_update().using_db(lock)
        if row := await found.first():
            return row
    raise NotFound("sink not found")


async def _lock_project(db: BaseDBAsyncClient, project_id: str) -> None:
    """Hold a project, so that no other request makes one sink too many or one of a project that is being removed."""
    found = Project.filter(id=project_id, deleting_at=None).select_for_update().using_db(db)
    if await found.first() is None:
        raise NotFound("project not found")


async def _save(row: AlertSinkRow, db: BaseDBAsyncClient) -> None:
    try:
        await row.save(using_db=db)
    except IntegrityError as cause:
        raise Conflict(f"the project has a sink of the name {row.name!r}", detail="name") from cause
