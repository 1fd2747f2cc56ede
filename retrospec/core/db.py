"""The database: its connection, transactions, and SQL that both dialects understand."""

import asyncio
import re
import struct
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import asyncpg
import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext, require_context
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.transactions import in_transaction

from retrospec.core import postgres
from retrospec.core.connecting import connection_settings
from retrospec.core.errors import Unavailable
from retrospec.core.sqlite import Client, InThread

Row = dict[str, Any]
Result = TypeVar("Result")

# What a driver raises while its server is away, or cannot do it just now. Whoever waits is told to come again, not
# that we are broken.
AWAY = (
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.InterfaceError,
    # For an instant after PostgreSQL has ended an idle connection.
    asyncpg.exceptions.InternalClientError,
    # It starts, stops or crashed; or a statement took longer than `statement_timeout`.
    asyncpg.exceptions.OperatorInterventionError,
    # No connection, memory or disk is left.
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.PostgresSystemError,
    # A lock was not to be had within `lock_timeout`.
    asyncpg.LockNotAvailableError,
    # Deadlocks, and what could not be put in an order.
    asyncpg.exceptions.TransactionRollbackError,
    # It has become a standby meanwhile.
    asyncpg.ReadOnlySQLTransactionError,
    # A transaction was silent for longer than it may be.
    asyncpg.IdleInTransactionSessionTimeoutError,
    ConnectionError,
    # Ours: it did not answer in time.
    TimeoutError,
)
# Nothing of such a transaction is left, so it may be done once more.
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_ATTEMPTS = 3
_BREATH_SECONDS = 0.05
transaction = in_transaction


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

    def __init__(self, url: str, modules: Sequence[str], **options: Any) -> None:
        """Take in where it is.

        Args:
            url: As for `connection_settings`.
            modules: Modules that hold models.
            options: As for `connection_settings`.

        Raises:
            SettingsError: The URL cannot be used, or a file that it names.
        """
        self.url = url
        self._config = tortoise_config(url, modules, **options)
        self._context = TortoiseContext()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite; PostgreSQL otherwise."""
        return self.url.startswith("sqlite")

    async def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: The server does not answer, or refuses, or is too old.
        """
        if self.is_sqlite:
            Path(self.url.removeprefix("sqlite://")).parent.mkdir(parents=True, exist_ok=True)
        # Current only while it is made; after that every task finds it as the process's own.
        with self._context:
            await self._context.init(config=self._config, _enable_global_fallback=True)
        try:
            await self.ping()
        except Unavailable:
            await self.close()
            raise
        except (*AWAY, OSError, OperationalError, asyncpg.exceptions.PostgresError) as cause:
            await self.close()
            raise Unavailable(f"the database does not answer: {str(cause) or type(cause).__name__}") from cause

    async def close(self) -> None:
        """Disconnect."""
        await self._context.close_connections()

    @property
    def connection(self) -> BaseDBAsyncClient:
        """The connection outside of any transaction."""
        return self._context.db()

    async def describe(self) -> str:
        """What answers, and how it is reached, in words.

        Raises:
            Exception: Whatever the driver says.
        """
        client = self.connection
        return await client.describe() if isinstance(client, postgres.Client) else "SQLite answers"

    async def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            Exception: Whatever the driver says.
        """
        await self.connection.execute_query("SELECT 1")


def is_sqlite(db: BaseDBAsyncClient) -> bool:
    """Whether a connection speaks SQLite's dialect; PostgreSQL's otherwise."""
    return db.capabilities.dialect == "sqlite"


async def transact(
    work: Callable[[BaseDBAsyncClient], Coroutine[Any, Any, Result]], opening: "Statement | None" = None
) -> Result:
    """Run a transaction of many statements, as fast as the database allows.

    Args:
        work: Uses `Statement` on the connection that it is given, no models, and awaits nothing else: on SQLite it
            runs in SQLite's own thread. On PostgreSQL it may run again, after a deadlock that has left nothing of it.
        opening: A SELECT without parameters that goes out with BEGIN, in one round trip; `opened` says how many
            rows it gave.
    """
    client = require_context().db()
    text = opening.text(client) if opening else ""
    if isinstance(client, Client):
        return await client.transact(cast("Callable[[InThread], Coroutine[Any, Any, Result]]", work), text)
    held = cast("Callable[[postgres.Held], Coroutine[Any, Any, Result]]", work)
    for _ in range(_ATTEMPTS - 1):
        with suppress(*_AGAIN):
            return await cast("postgres.Client", client).transact(held, text)
        # Whoever was in the way goes first, or both would meet in the same place.
        await asyncio.sleep(_BREATH_SECONDS)
    return await cast("postgres.Client", client).transact(held, text)


def opened(db: BaseDBAsyncClient) -> int:
    """How many rows the opening of a transaction gave, of a connection as `transact` gives it."""
    return cast("postgres.Held | InThread", db).opened


async def reading(work: Callable[[BaseDBAsyncClient], Coroutine[Any, Any, Result]]) -> Result:
    """Read with several statements in one visit to the database.

    On PostgreSQL on one connection, each statement seeing what is committed by then; on SQLite in its own thread, all
    of them seeing the same state.

    Args:
        work: As for `transact`; it changes nothing.
    """
    client = require_context().db()
    if isinstance(client, Client):
        return await client.transact(cast("Callable[[InThread], Coroutine[Any, Any, Result]]", work), begin="BEGIN")
    async with cast("postgres.Client", client).hold() as held:
        return await work(cast("BaseDBAsyncClient", held))


_PLACEHOLDER = re.compile(r"\$(\d+)")
_POSTGRES_ONLY = re.compile(r"@(?:lock|postgres)\(([^)]*)\)")
_ROWS = re.compile(r"@rows\(\$(\d+):([^)]*)\)")
_TIME = re.compile(r"@time\(([^)]*)\)")


def _rows_postgres(match: re.Match[str]) -> str:
    # Not `jsonb`: a tree that is read once, from its beginning to its end, need not be built. It took a fifth longer.
    return f"json_to_recordset(${match[1]}::json) AS r({match[2]})"


def _rows_sqlite(match: re.Match[str]) -> str:
    columns = [column.split(maxsplit=1) for column in match[2].split(",")]
    picked = ", ".join(f"{_value_sqlite(name, type_.strip())} AS {name}" for name, type_ in columns)
    return f"(SELECT {picked} FROM json_each(${match[1]})) AS r"  # noqa: S608 (the names stand in our own statements)


def _value_sqlite(name: str, type_: str) -> str:
    value = f"json_extract(value, '$.{name}')"
    # From msgspec's form to that of `sql_time`, which it leaves as it is.
    return f"replace(replace({value}, 'T', ' '), 'Z', '+00:00')" if type_ == "timestamptz" else value


class Statement:
    """A statement written once for both dialects.

    Placeholders are `$1`, `$2`, … . `@rows($1: name text, size bigint)` stands for a table `r` of those
    columns, made of a parameter that `rows` has encoded: many rows in one round trip. `@postgres(...)`
    stands for its content on PostgreSQL and for nothing on SQLite; so does `@lock(...)`, because on SQLite
    the whole transaction holds the lock. `@time(...)` stands for a time in a form for `time_column`.
    """

    def __init__(self, text: str) -> None:
        postgres = _TIME.sub(r"timestamptz_send(\1)", _ROWS.sub(_rows_postgres, text))
        sqlite = _TIME.sub(r"\1", _ROWS.sub(_rows_sqlite, text))
        self._postgres = _POSTGRES_ONLY.sub(r"\1", postgres)
        self._sqlite = _PLACEHOLDER.sub(r"?\1", _POSTGRES_ONLY.sub("", sqlite))

    def text(self, db: BaseDBAsyncClient) -> str:
        """The statement in the dialect of a connection."""
        return self._sqlite if is_sqlite(db) else self._postgres

    async def fetch(self, db: BaseDBAsyncClient, *values: Any) -> list[Row]:
        """Run it and return its rows, those of `RETURNING` too."""
        return await db.execute_query_dict(self.text(db), list(values))

    async def select(self, db: BaseDBAsyncClient, *values: Any) -> Sequence[Sequence[Any]]:
        """Run it and return its rows, each a sequence in the order of the columns.

        For long lists: a dict for each of 200 rows, and then a struct by keywords, took a third of the request.

        Args:
            db: As `reading` has given it.
            values: Of the placeholders.
        """
        return await cast("postgres.Held | InThread", db).execute_query_tuples(self.text(db), values)

    async def run(self, db: BaseDBAsyncClient, *values: Any) -> int:
        """Run it and return how many rows it touched."""
        return (await db.execute_query(self.text(db), list(values)))[0]


def rows(items: Iterable[Mapping[str, Any] | msgspec.Struct]) -> str:
    """Encode the rows of a `@rows` parameter.

    Args:
        items: Each has what its columns are called, and may have more. Structs need no Python for each of their fields:
            mappings made of them took a tenth of an ingest batch. Times are in UTC, or have gone through `sql_time`.
    """
    return msgspec.json.encode(items if isinstance(items, list) else list(items)).decode()


def columns(*names: str) -> Callable[[object], Row]:
    """What makes rows of objects: of each the attributes of these names, without Python for each of them."""
    values = attrgetter(*names)
    return lambda item: dict(zip(names, values(item), strict=True))


# Many rows of a transaction have its own time.
@lru_cache(maxsize=4096)
def sql_time(time: datetime) -> str:
    """A time as SQLite stores it and PostgreSQL reads it. Sorting the texts sorts the times."""
    return (time if time.tzinfo is UTC else time.astimezone(UTC)).isoformat(" ")


# What PostgreSQL counts microseconds from.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_MICROS = round(_EPOCH.timestamp()) * 1_000_000
# From 2242 on, 2^33 seconds after 1970, a float has no room for microseconds.
_LATE = 2**33 * 1_000_000 - _EPOCH_MICROS


def time_column(values: Sequence[Any]) -> list[datetime]:
    """The times of a column that was selected as `@time(...)`; none may be NULL.

    To make a time of what PostgreSQL sends took asyncpg 500 ns, and so a fifth of what a list of 200 sessions
    costs; all of a column together take 130 ns each.
    """
    if not values or not isinstance(values[0], bytes):
        return [read_time(value) for value in values]
    since = struct.unpack(f">{len(values)}q", b"".join(values))
    if max(since) >= _LATE:
        return [_EPOCH + timedelta(microseconds=micros) for micros in since]
    return msgspec.convert([(micros + _EPOCH_MICROS) / 1_000_000 for micros in since], list[datetime], strict=False)


def read_time(value: Any) -> datetime:
    """A time from a row of either dialect."""
    if isinstance(value, bytes):
        return time_column([value])[0]
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError(f"not a time: {value!r}")
    # As they mostly come, and hundreds of them in one answer.
    if value.tzinfo is UTC:
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def read_times(row: Row, *names: str) -> Row:
    """Make times of some of a row's values, in place; NULL stays."""
    for name in names:
        if row[name] is not None:
            row[name] = read_time(row[name])
    return row


def read_json(value: Any, shape: type[Result]) -> Result:
    """A value from a JSON column of either dialect.

    Args:
        value: Its text, or what the driver has made of it.
        shape: What it is to be.
    """
    return msgspec.json.decode(value, type=shape) if isinstance(value, str) else msgspec.convert(value, shape)
