"""The request gate: who is calling, and whether they may."""

import hmac
import re
from collections.abc import Coroutine
from typing import Any

import msgspec
from pydantic import SecretStr
from sanic import HTTPResponse, Request, Sanic

from retrospec.core.access_log import AccessLog
from retrospec.core.client_address import client_address
from retrospec.core.cors import Cors, Origins
from retrospec.core.errors import Forbidden, Invalid, Unauthorized
from retrospec.core.http import REQUEST_ID
from retrospec.core.rate_limit import Limiter
from retrospec.core.routing import Access, Endpoint
from retrospec.core.settings import Settings
from retrospec.projects.keys import KeyRing, KeyUse, Scope, key_hash

# Those who watch a server ask often, and from behind one address.
_UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)


class Caller(msgspec.Struct, frozen=True):
    """On whose behalf a request is.

    Attributes:
        project_id: Everything that the request touches lies within this project. Empty for an artifact token:
            the handler finds the project in the token.
        scope: What it may do there.
        key_id: Which key opened it; None for `INGEST_API_KEY` and for requests without a key.
        anonymous: It brought no key.
    """

    project_id: str
    scope: Scope
    key_id: str | None
    anonymous: bool


BEARER_OF_A_TOKEN = Caller("", "read", None, anonymous=True)


class Gate:
    """Decides by a route's access, the keys of a request, and the settings.

    `INGEST_API_KEY` opens all of the default project. Without a key, `ANONYMOUS_ACCESS` `full` does the same,
    `write` opens the two upload endpoints only, and `none` nothing. Public, admin and internal routes do not look
    at project keys: an operator's page must be able to replace a key that it holds and that was revoked.
    """

    def __init__(self, settings: Settings, keys: KeyRing, use: KeyUse, allowed: Origins) -> None:
        """Take in what it decides by.

        Args:
            settings: Who has which of the operator's keys, and what requests without a key may do.
            keys: The projects' keys.
            use: Notes which of them are in use.
            allowed: Origins that may read answers, for projects that name none of their own.
        """
        self._admin = _hash_of(settings.admin_api_key)
        self._internal = _hash_of(settings.internal_api_key)
        self._ingest = _hash_of(settings.ingest_api_key)
        self._anonymous = settings.anonymous
        self._keys = keys
        self._use = use
        self._allowed = allowed

    async def admit(self, request: Request) -> None:
        """Let a request through, or raise. `request.ctx.given` then holds its `Caller`, where it has one.

        Raises:
            Unauthorized: A key is missing, wrong, revoked or expired.
            Forbidden: The key does not allow this, or no key ever would.
        """
        if request.route is None:
            return
        endpoint: Endpoint | None = getattr(request.route.ctx, "endpoint", None)
        match endpoint.access if endpoint else None:
            case Access.PUBLIC:
                return
            case Access.ADMIN:
                _check_operator(request.headers.get("x-retrospec-admin", ""), self._admin, "admin")
                request.ctx.origins = self._allowed
            case Access.INTERNAL:
                _check_operator(request.headers.get("x-retrospec-internal", ""), self._internal, "internal")
                request.ctx.origins = self._allowed
            case Access.PROJECT | Access.UPLOAD | Access.ARTIFACT as access:
                request.ctx.given[Caller] = await self._caller(request, access)
            case None:
                raise Unauthorized("this route does not say who may call it")

    async def _caller(self, request: Request, access: Access) -> Caller:
        raw = request.headers.get("x-retrospec-key", "")
        if not raw and access is Access.ARTIFACT:
            raw = request.args.get("key", "")
            if not raw and request.args.get("artifactToken"):
                return BEARER_OF_A_TOKEN
        known = None
        if raw:
            is_ours = self._ingest is not None and hmac.compare_digest(key_hash(raw), self._ingest)
            known = await (self._keys.default_project() if is_ours else self._keys.find(raw))
        elif self._anonymous == "full" or (self._anonymous == "write" and access is Access.UPLOAD):
            known = await self._keys.default_project()
        if known is None:
            raise Unauthorized
        request.ctx.origins = known.origins or self._allowed
        if not _allows(known.scope, request.method, access):
            raise Forbidden("key scope does not allow this")
        if known.key_id is not None:
            self._use.note(known.key_id)
        return Caller(known.project_id, known.scope, known.key_id, anonymous=not raw)


def _hash_of(secret: SecretStr | None) -> str | None:
    return key_hash(secret.get_secret_value()) if secret else None


def _check_operator(given: str, expected: str | None, what: str) -> None:
    if expected is None:
        raise Forbidden(f"{what} endpoints disabled")
    if not hmac.compare_digest(key_hash(given), expected):
        raise Unauthorized


def _allows(scope: Scope, method: str, access: Access) -> bool:
    match scope:
        case "full":
            return True
        case "ingest":
            return access is Access.UPLOAD
        case "read":
            return method in {"GET", "HEAD"}


def install(
    app: Sanic[Any, Any],
    *,
    settings: Settings,
    gate: Gate,
    cors: Cors,
    limiter: Limiter,
    log: AccessLog | None = None,
) -> None:
    """Put the gate in front of every route of an application.

    Also sets `request.ctx.given` (always a dict) and `request.ctx.client_address`, and gives every answer its
    CORS headers and `X-Request-Id`.

    Args:
        app: Not yet started.
        settings: Name the proxies that are trusted.
        gate: Asks for keys.
        cors: Answers preflights before anybody asks for a key.
        limiter: Refuses before the database is asked.
        log: Is told of every request and its answer.
    """
    trusted = settings.trusted_proxies

    # One for all: each that Sanic has to call costs more than what it does.
    async def enter(request: Request) -> HTTPResponse | None:
        ctx = request.ctx
        # Sanic runs this for requests that found no route too, while it makes the error's answer.
        if hasattr(ctx, "given"):
            return None
        if log is not None:
            log.begin(request)
        ctx.given = {}
        ctx.client_address = client_address(request, trusted)
        _keep_harmless_id(request)
        if (preflight := cors.preflight(request)) is not None:
            return preflight
        if request.path not in _UNLIMITED and (answer := limiter.admit(ctx.client_address)) is not None:
            await answer
        _refuse_nul(request)
        await gate.admit(request)
        return None

    def leave(request: Request, response: Any) -> Coroutine[Any, Any, None] | None:
        if log is not None:
            log.end(request, response)
        response.headers["X-Request-Id"] = str(request.id)
        return cors.mark(request, response)

    app.register_middleware(enter, "request")
    app.register_middleware(leave, "response")


def _keep_harmless_id(request: Request) -> None:
    """A caller may name its request, in a form that logs and answers can carry. Otherwise Sanic names it."""
    name = request.headers.get(REQUEST_ID)
    if name is not None and not _REQUEST_ID.fullmatch(name):
        request.headers.popall(REQUEST_ID)


def _refuse_nul(request: Request) -> None:
    """No name of ours holds U+0000, SQLite looks for it in vain, and PostgreSQL fails over it."""
    url = request.raw_url
    if b"%00" not in url and b"\0" not in url:
        return
    if any(nul in text for nul in ("%00", "\0") for text in (request.path, request.query_string)):
        raise Invalid("the path or the query holds U+0000")
