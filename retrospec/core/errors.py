"""What can go wrong, in the words of the domain. Nothing here knows HTTP objects; `core.http` maps it."""


class RetrospecError(Exception):
    """Something went wrong on our side."""

    status = 500
    code = "internal_error"

    def __init__(self, message: str | None = None, *, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.detail = detail
        self.retry_after = retry_after


class Invalid(RetrospecError):
    """The request cannot be understood."""

    status = 400
    code = "invalid_request"


class InvalidPayload(Invalid):
    """invalid payload"""

    code = "invalid_payload"

    def __init__(self, detail: str) -> None:
        super().__init__("invalid payload", detail=detail)


class Unauthorized(RetrospecError):
    """unauthorized"""

    status = 401
    code = "unauthorized"


class Forbidden(RetrospecError):
    """This is not allowed."""

    status = 403
    code = "forbidden"


class NotFound(RetrospecError):
    """There is no such thing in this project."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RetrospecError):
    """This path does not take that method."""

    status = 405
    code = "method_not_allowed"


class Conflict(RetrospecError):
    """This contradicts what is already there."""

    status = 409
    code = "conflict"


class TooLarge(RetrospecError):
    """The request is larger than this server takes."""

    status = 413
    code = "too_large"


class UnsupportedEncoding(RetrospecError):
    """The body's encoding is not one this server reads."""

    status = 415
    code = "unsupported_media_type"


class RangeNotSatisfiable(RetrospecError):
    """The range lies outside the object."""

    status = 416
    code = "range_not_satisfiable"


class RateLimited(RetrospecError):
    """Too many requests."""

    status = 429
    code = "rate_limited"


class Unavailable(RetrospecError):
    """A service that this needs does not answer; try again shortly."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str | None = None, *, detail: str = "", retry_after: float | None = 5) -> None:
        super().__init__(message, detail=detail, retry_after=retry_after)


class SettingsError(RetrospecError):
    """A setting cannot be used."""

    code = "bad_setting"


class PluginError(SettingsError):
    """A plugin that the settings name cannot be used."""

    code = "bad_plugin"


def describe(error: BaseException) -> str:
    """An error in a line: some of the drivers' have no text."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")
