"""Running a server process: listening, waiting for a signal, stopping without losing anything."""

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop
from sanic.application.state import ApplicationServerInfo
from sanic.http.constants import HTTP

from retrospec.app import Server, make_app
from retrospec.core.background import Loop, finish
from retrospec.core.listening import bind, join, url_of
from retrospec.core.log import get_logger
from retrospec.core.protocol import Protocol
from retrospec.core.settings import Settings
from retrospec.core.stopping import hard_stop, stop_signal
from retrospec.metrics.totals import Totals
from retrospec.runtime import Runtime
from retrospec.workers import Workers, alert_workers, digest_worker, job_relays, job_worker

log = get_logger(__name__)
_BACKLOG = 1024
Ready = Callable[["Listening"], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Shared:
    """What the server processes on one port have in common.

    Attributes:
        address: Which one of them has bound.
        since: When the first of them began, by the monotonic clock.
    """

    address: tuple[str, int]
    since: float


class Listening:
    """A server that takes requests.

    Attributes:
        url: Where, e.g. `http://127.0.0.1:8080`.
    """

    def __init__(self, server: Server, sanic: Any, sock: socket.socket) -> None:
        self.server = server
        self._sanic = sanic
        self.url = url_of(sock)

    async def stop(self, grace: float) -> None:
        """Accept no more, let running requests and jobs end within `grace` seconds, then write down the rest."""
        closed = self._sanic.close()
        await asyncio.gather(self._end_connections(grace), self.server.stop_work(grace))
        if closed is not None:
            await closed
        await self.server.stop()
        await self._sanic.before_stop()
        await self._sanic.after_stop()

    async def _end_connections(self, grace: float) -> None:
        deadline = asyncio.get_running_loop().time() + grace
        while self._sanic.connections and asyncio.get_running_loop().time() < deadline:
            for connection in list(self._sanic.connections):
                connection.close_if_idle()
            await asyncio.sleep(0.05)
        for connection in list(self._sanic.connections):
            connection.abort()


@asynccontextmanager
async def listening(settings: Settings, shared: Shared | None = None) -> AsyncIterator[Listening]:
    """A running server, stopped at the end.

    Args:
        settings: Its settings.
        shared: What it shares with processes beside it; None: it is alone.

    Raises:
        SettingsError: The address cannot be listened on.
        RetrospecError: A part cannot be opened.
    """
    async with Runtime(settings, since=shared.since if shared else None) as runtime:
        sock = join(shared.address) if shared else bind(settings.orchestrator_host, settings.orchestrator_port)
        server = await Server.create(runtime)
        app = make_app(server)
        # Sanic's own wrapper of the event loop's server has no types.
        sanic: Any = await app.create_server(
            sock=sock,
            protocol=Protocol,
            backlog=_BACKLOG,
            access_log=False,
            asyncio_server_kwargs={"start_serving": False},
        )
        # Sanic writes an empty `alt-svc` into every answer unless it knows that it speaks one version only.
        app.state.server_info.append(ApplicationServerInfo({"version": HTTP.VERSION_1}))
        await sanic.startup()
        await sanic.before_start()
        server.start()
        await sanic.start_serving()
        await sanic.after_start()
        running = Listening(server, sanic, sock)
        try:
            yield running
        finally:
            await running.stop(settings.shutdown_grace_seconds)


def serve(settings: Settings, ready: Ready | None = None, shared: Shared | None = None) -> None:
    """Run a server until SIGTERM or SIGINT.

    Args:
        settings: Its settings.
        ready: What to do once requests are taken; dropped when the signal comes first.
        shared: What it shares with processes beside it; None: it is alone.
    """
    with hard_stop(settings.shutdown_grace_seconds) as stopping:
        # Requests make many objects that live for some milliseconds: a look at each 700 of them cost 8% of ingest.
        # What is there by now, modules above all, stays: no look at it is worth its time.
        gc.set_threshold(20_000, 20, 20)
        gc.freeze()
        uvloop.run(_serve(settings, ready, shared, stopping))


async def _serve(settings: Settings, ready: Ready | None, shared: Shared | None, stopping: Callable[[], None]) -> None:
    stopped = stop_signal()
    async with listening(settings, shared) as running:
        log.info("serving", url=running.url, pid=os.getpid())
        if ready is not None:
            await _unless(stopped, ready(running))
        await stopped.wait()
        log.info("stopping")
        stopping()
    log.info("stopped")


async def _unless(stopped: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do a piece of work, or drop it when the signal to stop comes first."""
    doing, stopping = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stopped.is_set():
        doing.cancel()
        return
    await doing


def work(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    with hard_stop(settings.shutdown_grace_seconds) as stopping:
        uvloop.run(_work(settings, stopping))


async def _work(settings: Settings, stopping: Callable[[], None]) -> None:
    stopped = stop_signal()
    async with Runtime(settings) as runtime:
        jobs = job_worker(runtime)
        workers = Workers([jobs, *job_relays(runtime, jobs.wake)], alert_workers(runtime), [digest_worker(runtime)])
        totals = Totals(runtime.database, runtime.counters, faults=runtime.faults)
        counting = Loop("counters", totals.flush, pause=1)
        workers.start()
        counting.start()
        log.info("working", worker=runtime.name, queue=settings.queue_name, concurrency=settings.worker_concurrency)
        await stopped.wait()
        log.info("stopping")
        stopping()
        await asyncio.gather(workers.stop(max(settings.shutdown_grace_seconds - 3, 0)), counting.stop())
        await finish("counts", totals.flush(), seconds=1)
    log.info("stopped")
