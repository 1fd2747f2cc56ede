"""A small server behind the gate: one route of every access, each answering whom it was called by."""

import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sanic import HTTPResponse, Request, Sanic

from retrospec.core.cors import Cors
from retrospec.core.counters import Counters
from retrospec.core.db import Database
from retrospec.core.http import answer, answer_error
from retrospec.core.rate_limit import RateLimiter
from retrospec.core.routing import Access, Routes
from retrospec.core.settings import Settings
from retrospec.projects.auth import Caller, Gate, install
from retrospec.projects.caches import ProjectCaches, ProjectOrigins
from retrospec.projects.keys import KeyRing, KeyUse
from retrospec.projects.policies import Policies


def sample_routes() -> Routes:
    """Routes of every access: `/public`, `/admin`, `/internal`, `/project`, `/upload`, `/artifact`, `/broken`."""
    routes = Routes("samples", tag="Samples")

    async def show(request: Request) -> HTTPResponse:
        caller = request.ctx.given.get(Caller)
        shown = caller and [caller.project_id, caller.scope, caller.anonymous, caller.key_id]
        return answer({"caller": shown, "address": request.ctx.client_address})

    def named(name: str) -> Any:
        async def handler(request: Request) -> HTTPResponse:
            """Answer whom it was called by."""
            return await show(request)

        handler.__name__ = name
        return handler

    for access in (Access.PUBLIC, Access.ADMIN, Access.INTERNAL, Access.PROJECT):
        routes.get(f"/{access.value}", access=access)(named(f"get_{access.value}"))
        routes.post(f"/{access.value}", access=access)(named(f"post_{access.value}"))
    routes.post("/upload", access=Access.UPLOAD)(named("post_upload"))
    routes.get("/artifact", access=Access.ARTIFACT)(named("get_artifact"))
    routes.get("/healthz", access=Access.PUBLIC)(named("health"))

    @routes.get("/broken", access=Access.PUBLIC)
    async def broken() -> HTTPResponse:
        """Fail."""
        raise RuntimeError("a defect")

    return routes


@dataclass
class Served:
    """A running server and what it was composed of."""

    client: httpx.AsyncClient
    caches: ProjectCaches
    use: KeyUse
    counters: Counters


@asynccontextmanager
async def served(
    database: Database, settings: Settings, routes: Sequence[Routes], components: dict[type, Any] | None = None
) -> AsyncIterator[Served]:
    """Serve routes behind the gate on a free port of loopback."""
    keys, use, counters = KeyRing(), KeyUse(database), Counters()
    caches = ProjectCaches(keys, ProjectOrigins(database), Policies())
    cors = Cors.of(settings, caches.origins.all)
    app: Sanic[Any, Any] = Sanic(f"gate-{secrets.token_hex(8)}", configure_logging=False)
    # It rewrites methods of Sanic from their source, which works once in a process.
    app.config.TOUCHUP = False
    app.ctx.components = {Settings: settings, ProjectCaches: caches, **(components or {})}
    app.error_handler.add(Exception, answer_error)
    install(
        app,
        settings=settings,
        gate=Gate(settings, keys, use, cors.allowed),
        cors=cors,
        limiter=RateLimiter(settings.rate_limit_requests_per_sec, settings.rate_limit_burst, counters),
    )
    for group in routes:
        app.blueprint(group.blueprint.copy(f"{group.blueprint.name}-copy", with_registration=False))
    listening = socket.create_server(("127.0.0.1", 0))
    server: Any = await app.create_server(sock=listening, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.after_start()
    port = listening.getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield Served(client, caches, use, counters)
    finally:
        await server.before_stop()
        server.close()
        for connection in server.connections:
            connection.close_if_idle()
        await server.after_stop()
        del Sanic._app_registry[app.name]
