"""How a process connects to its database: limits, timeouts, and the form in which Tortoise takes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retrospec.core.errors import SettingsError
from retrospec.core.postgres_url import PostgresUrl
from retrospec.core.tls import ssl_option

APPLICATION_NAME = "retrospec"
# The settings that a URL comes from, for whoever is told that it cannot be used.
NAMED_BY = "DATABASE_URL or POSTGRES_…"


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Limits of a process's connections to PostgreSQL. SQLite has none of them.

    Attributes:
        pool_size: Connections at the most.
        pool_min_size: Connections that are kept even when idle.
        acquire_timeout_seconds: How long to wait for one of them to be free.
        connect_timeout_seconds: How long a new one may take.
        command_timeout_seconds: How long to wait for the answer to a statement; 0 is without end.
        statement_timeout_seconds: How long the server may work on a statement; 0 leaves it to the server.
        lock_timeout_seconds: How long a statement may wait for a lock; 0 leaves it to the server.
        idle_transaction_timeout_seconds: How long a transaction may be silent before the server ends it; 0 leaves it
            to the server.
        idle_lifetime_seconds: How long a connection beyond `pool_min_size` stays unused; 0 is for ever.
        statement_cache_size: Prepared statements that a connection keeps; 0 is none.
        application_name: What the server lists the connections as, where the URL does not say it.
        unhurried: Statements and transactions may take any time, whatever is said above; waiting for a lock may not.
    """

    pool_size: int = 10
    pool_min_size: int = 1
    acquire_timeout_seconds: float = 10
    connect_timeout_seconds: float = 5
    command_timeout_seconds: float = 60
    statement_timeout_seconds: float = 30
    lock_timeout_seconds: float = 10
    idle_transaction_timeout_seconds: float = 60
    idle_lifetime_seconds: float = 300
    statement_cache_size: int = 100
    application_name: str = APPLICATION_NAME
    unhurried: bool = False

    @property
    def server_settings(self) -> Mapping[str, str]:
        """What every connection begins with at the server, in PostgreSQL's names."""
        patient = {
            "statement_timeout": self.statement_timeout_seconds,
            "idle_in_transaction_session_timeout": self.idle_transaction_timeout_seconds,
        }
        waiting = {"lock_timeout": self.lock_timeout_seconds}
        # A limit that is left to the server is not sent at all: poolers refuse what they do not know.
        limits = {name: 0.0 if self.unhurried else given for name, given in patient.items() if given} | {
            name: given for name, given in waiting.items() if given
        }
        return {name: str(round(seconds * 1000)) for name, seconds in limits.items()}


def connection_settings(url: str, **options: Any) -> dict[str, Any]:
    """Tortoise's description of a connection.

    Args:
        url: `sqlite://path`, or PostgreSQL's.
        options: Fields of `ConnectionOptions`.

    Raises:
        SettingsError: The URL cannot be used, or a file that it names.
    """
    if url.startswith("sqlite:"):
        return {"engine": "retrospec.core.sqlite", "credentials": {"file_path": url.removeprefix("sqlite://")}}
    try:
        at = PostgresUrl.parse(url)
        tls = ssl_option(at)
    except ValueError as cause:
        raise SettingsError(f"{NAMED_BY}: {cause}") from cause
    limits = ConnectionOptions(**options)
    credentials = {
        "host": at.host,
        "port": at.port,
        "user": at.user,
        "password": at.password,
        "database": at.database,
        "ssl": tls,
        "application_name": at.application_name or limits.application_name,
        "minsize": min(limits.pool_min_size, limits.pool_size),
        "maxsize": limits.pool_size,
        "acquire_timeout": limits.acquire_timeout_seconds,
        "timeout": limits.connect_timeout_seconds,
        "command_timeout": (not limits.unhurried and limits.command_timeout_seconds) or None,
        "max_inactive_connection_lifetime": float(limits.idle_lifetime_seconds),
        "statement_cache_size": limits.statement_cache_size,
        "server_settings": dict(limits.server_settings),
    }
    return {"engine": "retrospec.core.postgres", "credentials": credentials}
