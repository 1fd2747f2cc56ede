"""The database: its connection, transactions, and SQL that both dialects understand."""

import re
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg
import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext, require_context
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.transactions import in_transaction

from retrospec.core.errors import SettingsError, Unavailable
from retrospec.core.sqlite import Client, InThread

Row = dict[str, Any]
Result = TypeVar("Result")

# What a driver raises while its server is away. Whoever waits is told to come again, not that we are broken.
AWAY = (
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.InterfaceError,
    # For an instant after PostgreSQL has ended an idle connection.
    asyncpg.exceptions.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    # Ours: it did not answer in time.
    TimeoutError,
)
# More than any statement of a request takes; cleanups go in steps, and migrations have no limit.
COMMAND_SECONDS = 60.0
CONNECT_SECONDS = 10.0

transaction = in_transaction


def connection_settings(url: str, *, pool_size: int = 10, command_timeout: float | None = None) -> dict[str, Any]:
    """Tortoise's description of a connection.

    Args:
        url: `sqlite://path`, or `postgres://user:password@host:port/name?option=value`; `host=/folder` in
            the query means a unix socket.
        pool_size: Connections at the most, on PostgreSQL.
        command_timeout: How long PostgreSQL may take for a statement, seconds; None for any time.

    Raises:
        SettingsError: The URL names no database.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"engine": "retrospec.core.sqlite", "credentials": {"file_path": url.removeprefix("sqlite://")}}
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise SettingsError("DATABASE_URL names no database: expected postgres://user:password@host:port/name")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    credentials = {
        "host": options.pop("host", None) or parts.hostname or "localhost",
        "port": parts.port or 5432,
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password or ""),
        "database": name,
        "minsize": 1,
        "maxsize": pool_size,
        "command_timeout": command_timeout,
        "timeout": CONNECT_SECONDS,
        **({"ssl": options.pop("sslmode")} if "sslmode" in options else {}),
    }
    return {"engine": "retrospec.core.postgres", "credentials": credentials}


def tortoise_config(url: str, modules: Sequence[str], **options: Any) -> dict[str, Any]:
    """The configuration that Tortoise and Aerich take.

    Args:
        url: As for `connection_settings`.
        modules: Modules that hold models.
        options: As for `connection_settings`.
    """
    # Named after the dialect: Tortoise caches statements by the connection's name.
    name = urlsplit(url).scheme
    return {
        "connections": {name: connection_settings(url, **options)},
        "apps": {"models": {"models": list(modules), "default_connection": name}},
        "use_tz": True,
        "timezone": "UTC",
    }


class Database:
    """The connection of one process, and how to write SQL for it."""

    def __init__(self, url: str, modules: Sequence[str], *, pool_size: int = 10) -> None:
        self.url = url
        self._config = tortoise_config(url, modules, pool_size=pool_size, command_timeout=COMMAND_SECONDS)
        self._context = TortoiseContext()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite; PostgreSQL otherwise."""
        return self.url.startswith("sqlite")

    async def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: The server does not answer, or refuses.
        """
        if self.is_sqlite:
            Path(self.url.removeprefix("sqlite://")).parent.mkdir(parents=True, exist_ok=True)
        # Current only while it is made; after that every task finds it as the process's own.
        with self._context:
            await self._context.init(config=self._config, _enable_global_fallback=True)
        try:
            await self.ping()
        except (*AWAY, OSError, OperationalError, asyncpg.exceptions.PostgresError) as cause:
            await self.close()
            raise Unavailable(f"the database does not answer: {cause}") from cause

    async def close(self) -> None:
        """Disconnect."""
        await self._context.close_connections()

    @property
    def connection(self) -> BaseDBAsyncClient:
        """The connection outside of any transaction."""
        return self._context.db()

    async def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            Exception: Whatever the driver says.
        """
        await self.connection.execute_query("SELECT 1")


def is_sqlite(db: BaseDBAsyncClient) -> bool:
    """Whether a connection speaks SQLite's dialect; PostgreSQL's otherwise."""
    return db.capabilities.dialect == "sqlite"


async def transact(work: Callable[[BaseDBAsyncClient], Coroutine[Any, Any, Result]]) -> Result:
    """Run a transaction of many statements, as fast as the database allows.

    Args:
        work: Uses `Statement` on the connection that it is given, no models, and awaits nothing else: on SQLite it
            runs in SQLite's own thread.
    """
    client = require_context().db()
    if isinstance(client, Client):
        return await client.transact(cast("Callable[[InThread], Coroutine[Any, Any, Result]]", work))
    async with in_transaction() as db:
        return await work(db)


_PLACEHOLDER = re.compile(r"\$(\d+)")
_POSTGRES_ONLY = re.compile(r"@(?:lock|postgres)\(([^)]*)\)")
_ROWS = re.compile(r"@rows\(\$(\d+):([^)]*)\)")


def _rows_postgres(match: re.Match[str]) -> str:
    return f"jsonb_to_recordset(${match[1]}::jsonb) AS r({match[2]})"


def _rows_sqlite(match: re.Match[str]) -> str:
    names = (column.split()[0] for column in match[2].split(","))
    picked = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in names)
    return f"(SELECT {picked} FROM json_each(${match[1]})) AS r"  # noqa: S608 (the names stand in our own statements)


class Statement:
    """A statement written once for both dialects.

    Placeholders are `$1`, `$2`, … . `@rows($1: name text, size bigint)` stands for a table `r` of those
    columns, made of a parameter that `rows` has encoded: many rows in one round trip. `@postgres(...)`
    stands for its content on PostgreSQL and for nothing on SQLite; so does `@lock(...)`, because on SQLite
    the whole transaction holds the lock.
    """

    def __init__(self, text: str) -> None:
        self._postgres = _POSTGRES_ONLY.sub(r"\1", _ROWS.sub(_rows_postgres, text))
        self._sqlite = _PLACEHOLDER.sub(r"?\1", _POSTGRES_ONLY.sub("", _ROWS.sub(_rows_sqlite, text)))

    def text(self, db: BaseDBAsyncClient) -> str:
        """The statement in the dialect of a connection."""
        return self._sqlite if is_sqlite(db) else self._postgres

    async def fetch(self, db: BaseDBAsyncClient, *values: Any) -> list[Row]:
        """Run it and return its rows, those of `RETURNING` too."""
        return await db.execute_query_dict(self.text(db), list(values))

    async def run(self, db: BaseDBAsyncClient, *values: Any) -> int:
        """Run it and return how many rows it touched."""
        return (await db.execute_query(self.text(db), list(values)))[0]


def rows(items: Iterable[Mapping[str, Any]]) -> str:
    """Encode the rows of a `@rows` parameter. Times must have gone through `sql_time`."""
    return msgspec.json.encode(list(items)).decode()


def sql_time(time: datetime) -> str:
    """A time as SQLite stores it and PostgreSQL reads it. Sorting the texts sorts the times."""
    return (time if time.tzinfo is UTC else time.astimezone(UTC)).isoformat(" ")


def read_time(value: Any) -> datetime:
    """A time from a row of either dialect."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError(f"not a time: {value!r}")
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
