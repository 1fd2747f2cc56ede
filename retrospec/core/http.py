"""Between Sanic and the slices: answers and errors out."""

import math
import sqlite3
from typing import Any

import msgspec
import uuid_utils
from sanic import HTTPResponse, Request
from sanic.exceptions import MethodNotAllowed as SanicMethodNotAllowed
from sanic.exceptions import NotFound as SanicNotFound
from sanic.exceptions import PayloadTooLarge, RequestTimeout, SanicException, ServiceUnavailable
from tortoise.exceptions import OperationalError, ValidationError

from retrospec.core.db import AWAY
from retrospec.core.errors import Invalid, MethodNotAllowed, NotFound, RetrospecError, TooLarge, Unavailable, describe
from retrospec.core.log import get_logger

log = get_logger(__name__)
_encode = msgspec.json.Encoder().encode
# Sanic's setting for it, which nobody changes.
REQUEST_ID = "X-Request-ID"
_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")


class NamedRequest(Request):
    """A request whose name is cheap to make: Python's own random UUIDs took 3% of what an ingest costs."""

    @property
    def id(self) -> Any:
        """Its name: the caller's, or one made up."""
        if self._id is None and REQUEST_ID not in self.headers:
            # No text: Sanic would make a UUID of Python's own of it.
            self._id = uuid_utils.uuid4()  # type: ignore[assignment]
        return self._id or super().id


class ErrorAnswer(msgspec.Struct, rename="camel", omit_defaults=True):
    """What every refused request gets."""

    error: str
    code: str
    request_id: str
    detail: str = ""


def answer(body: Any, status: int = 200) -> HTTPResponse:
    """An answer in JSON."""
    return HTTPResponse(_encode(body), status, content_type="application/json")


def answer_error(request: Request, error: Exception) -> HTTPResponse:
    """The one place where an error becomes a status. The text of a defect stays in the log."""
    known = _known(error)
    if known.status == 500:
        log.error(
            "request failed", method=request.method, path=request.path, request_id=str(request.id), exc_info=error
        )
    elif isinstance(error, AWAY):
        # Which limit it was, or what the driver says, is for the operator.
        log.warning(
            "the database does not answer", path=request.path, request_id=str(request.id), error=describe(error)
        )
    response = answer(ErrorAnswer(str(known), known.code, str(request.id), known.detail), known.status)
    if known.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(known.retry_after)))
    if isinstance(error, SanicMethodNotAllowed):
        response.headers["Allow"] = ", ".join(method for method in _METHODS if _takes(request, method))
    return response


def _takes(request: Request, method: str) -> bool:
    """Whether there is a route. Sanic names the methods itself only where a path has a single route."""
    try:
        request.app.router.get(request.path, method, None)
    except SanicException:
        return False
    return True


_OF_SANIC: tuple[tuple[type[SanicException], RetrospecError], ...] = (
    (SanicNotFound, NotFound("there is nothing at this path")),
    (SanicMethodNotAllowed, MethodNotAllowed()),
    (PayloadTooLarge, TooLarge()),
    (RequestTimeout, Invalid("the request did not arrive in time")),
    (ServiceUnavailable, Unavailable("the server is busy or stopping")),
)


def _known(error: Exception) -> RetrospecError:
    if isinstance(error, RetrospecError):
        return error
    if isinstance(error, SanicException):
        return _of_sanic(error)
    if isinstance(error, ValidationError):
        # An id in a path or a filter that is longer than any that is stored.
        return Invalid(f"a value is not of its field's form: {error}")
    if isinstance(error, OperationalError) and _is_sqlite_trouble(error):
        return Unavailable("the database cannot be written just now")
    if isinstance(error, AWAY):
        return Unavailable("the database does not answer")
    return RetrospecError("internal error")


def _of_sanic(error: SanicException) -> RetrospecError:
    for kind, known in _OF_SANIC:
        if isinstance(error, kind):
            return known
    if error.status_code and 400 <= error.status_code < 500:
        return Invalid(str(error) or None)
    return RetrospecError("internal error")


def _is_sqlite_trouble(error: OperationalError) -> bool:
    """Locked, full or read-only: a state of the machine, not a mistake in a statement."""
    cause = error.args[0] if error.args else None
    busy = {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in busy
