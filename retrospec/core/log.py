"""Logging: structlog over the standard library, one line an event, never a secret in it."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(r"(?i)key$|token|secret|password|cookie|authorization|webhook_url|dsn")
# Raw keys of ours, bearer headers, credentials and query strings of URLs, wherever a text holds them.
_SECRET_TEXT = re.compile(
    r"""(?ix) rpk_[0-9a-f]+ | \b(?:bearer|basic)\s+[\w.~+/=-]+ | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)
    | (?<=[?&](?:key)=)[^&\s"']+ | (?<=artifactToken=)[^&\s"']+ | whsec_[\w+/=]+"""
)
_HARMLESS = frozenset({"cluster_key", "object_key", "key", "cluster"})
_QUIET = ("tortoise", "aiosqlite", "asyncio", "httpx", "httpcore", "sanic.access", "botocore", "aiobotocore")


def configure(level: str, form: Literal["console", "json"], *, process: str = "") -> None:
    """Send every logger of the process, ours and the libraries', to standard error.

    Args:
        level: Least level that is shown.
        form: `console` for people, `json` for machines.
        process: Which of several processes this is; every line then says so.
    """

    def name_process(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        *([name_process] if process else []),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for name in ("sanic.root", "sanic.server", "sanic.error"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)


def hide_secrets(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take keys, tokens, cookies and credentials out of an event: by the name of its field, and by its looks."""
    for name, value in event.items():
        if name not in _HARMLESS and _SECRET_NAMES.search(name):
            event[name] = _HIDDEN
        elif isinstance(value, str):
            event[name] = _SECRET_TEXT.sub(_HIDDEN, value)
    return event


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
