"""Tortoise's PostgreSQL engine for a server: cancelled at any moment, or left without an answer, it goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from asyncpg.pool import Pool, PoolAcquireContext
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError

from retrospec.core.errors import Unavailable

Result = TypeVar("Result")

# What statements and migrations are written for.
OLDEST = 14

# Making a connection fit for its next user takes a millisecond; one that takes longer is replaced.
_RELEASE_SECONDS = 3.0
_CLOSE_SECONDS = 1.0


class ImpatientPool(Pool):
    """A pool that ends a connection which its server does not answer on any more.

    asyncpg waits for it without end otherwise, also where whoever used it has been told to give up:
    with a database that said nothing, `/healthz` said nothing either.
    """

    __slots__ = ("_acquire_seconds",)

    def __init__(self, *, acquire_timeout: float | None = None, **options: Any) -> None:
        """Take in how long to wait for a free connection; the rest is asyncpg's."""
        super().__init__(connect=_connect, **options)  # type: ignore[no-untyped-call]
        self._acquire_seconds = acquire_timeout

    def acquire(self, *, timeout: float | None = None) -> PoolAcquireContext:
        """Lend a connection."""
        lent: PoolAcquireContext = super().acquire(timeout=timeout or self._acquire_seconds)  # type: ignore[no-untyped-call]
        return lent

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:
        """Take a connection back."""
        await super().release(connection, timeout=timeout or _RELEASE_SECONDS)  # type: ignore[no-untyped-call]


async def _connect(*args: Any, **options: Any) -> Any:
    """Connect, and call everything that is in the way of it a broken connection.

    While PostgreSQL restarts its socket is no file, a name may have no address for a while, and a password may have
    been changed: none is a defect of ours.

    Raises:
        Unavailable: The server is too old.
    """
    try:
        connection: Any = await asyncpg.connect(*args, **options)  # type: ignore[no-untyped-call]
    except (ConnectionError, TimeoutError):
        raise
    except (OSError, asyncpg.exceptions.PostgresError) as cause:
        raise ConnectionError(str(cause)) from cause
    major = connection.get_server_version().major
    if major < OLDEST:
        connection.terminate()
        raise Unavailable(f"PostgreSQL {major} is too old: Retrospec needs {OLDEST} or later")
    return connection


async def _as_it_is(_connection: Any) -> None:
    """Leave a connection that comes back as it is; asyncpg itself rolls back what is open.

    Nothing here sets, listens or locks beyond its transaction, and to undo that anyway took a second round trip for
    each query.
    """


class _Plain(AsyncpgDBClient):
    """Leaves errors about the state of the server as they are, where Tortoise calls them misuse of a transaction."""

    async def _translate_exceptions(self, func: Any, *args: Any, **options: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **options)
        except TransactionManagementError as error:
            # E.g. "cannot execute UPDATE in a read-only transaction", of a server that has become a standby.
            if isinstance(error.__cause__, asyncpg.InvalidTransactionStateError):
                raise error.__cause__ from None
            raise


class _Transaction(_Plain, TransactionWrapper):
    """A transaction's connection."""


class CancellableTransaction(TransactionContextPooled):
    """A transaction that gives its connection back to the pool when it cannot begin.

    Tortoise keeps it for ever when BEGIN fails or its task is cancelled meanwhile: a pool of two was
    empty after two clients that hung up at that moment.
    """

    async def __aenter__(self) -> TransactionalDBClient:
        """Take a connection and begin."""
        await self.ensure_connection()
        pool = self.client._parent._pool  # noqa: SLF001 - as the class that this replaces
        self.client._connection = await pool.acquire()  # noqa: SLF001
        try:
            await self.client.begin()
        except BaseException:
            # The pool shields this from a further cancellation, and rolls back what had begun.
            await pool.release(self.client._connection)  # noqa: SLF001
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client


class Held:
    """One connection of the pool, for statements one after the other, without what Tortoise adds to each.

    Has of a connection what `Statement` needs; Tortoise's models cannot use it.

    Attributes:
        opened: How many rows the opening of the transaction has given.
    """

    capabilities = AsyncpgDBClient.capabilities

    def __init__(self, connection: Any, opened: int = 0) -> None:
        self._connection = connection
        self.opened = opened

    async def execute_query(self, query: str, values: Sequence[Any] = ()) -> tuple[int, list[dict[str, Any]]]:
        """Run a statement, and say how many rows it touched."""
        return _touched(await self._connection.execute(query, *values)), []

    async def execute_query_dict(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run a statement, and return its rows."""
        return [dict(row) for row in await self._connection.fetch(query, *values)]

    async def execute_query_tuples(self, query: str, values: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """Run a statement, and return its rows as they come."""
        rows: list[Sequence[Any]] = await self._connection.fetch(query, *values)
        return rows


def _touched(status: str) -> int:
    """How many rows a statement touched, by what PostgreSQL says at its end."""
    touched = status.rpartition(" ")[2]
    return int(touched) if touched.isdecimal() else 0


async def _roll_back(connection: Any) -> None:
    """Undo a transaction; where that cannot be said any more, the server does it when it finds the connection gone."""
    if connection.is_closed():
        return
    try:
        await connection.execute("ROLLBACK")
    except Exception:
        connection.terminate()


class Client(_Plain):
    """A pool of connections."""

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Held]:
        """Keep one connection for several reads."""
        async with self.acquire_connection() as connection:
            yield Held(connection)

    async def transact(self, work: Callable[[Held], Coroutine[Any, Any, Result]], opening: str = "") -> Result:
        """Run a transaction on one connection.

        Args:
            work: What it does.
            opening: A statement without parameters that goes out with BEGIN, in one round trip.
        """
        async with self.acquire_connection() as connection:
            try:
                status = await connection.execute(f"BEGIN; {opening}")
                result = await work(Held(connection, _touched(status)))
                await connection.execute("COMMIT")
            except BaseException:
                await _roll_back(connection)
                raise
        return result

    async def create_pool(self, **options: Any) -> Pool:
        """Make the pool; what Tortoise does not name is as `asyncpg.create_pool` has it."""
        pool: Pool = await ImpatientPool(reset=_as_it_is, max_queries=50_000, record_class=asyncpg.Record, **options)
        return pool

    async def describe(self) -> str:
        """Which server this is, how it is reached, and how busy the pool is, in words."""
        (row,) = await self.execute_query_dict(
            "SELECT current_setting('server_version') AS server, version AS tls FROM pg_stat_ssl "
            "WHERE pid = pg_backend_pid()"
        )
        way = row["tls"] or ("a unix socket" if str(self.host).startswith("/") else "a connection without TLS")
        pool: Any = self._pool
        size, idle, most = pool.get_size(), pool.get_idle_size(), pool.get_max_size()
        version = row["server"].split()[0]
        return f"PostgreSQL {version} answers over {way}; {size} of {most} connections, {size - idle} in use"

    async def _close(self) -> None:
        """Close as Tortoise does, but wait less for connections that do not answer: a stop has 15 s in all."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), _CLOSE_SECONDS)  # type: ignore[no-untyped-call]
            except TimeoutError:
                self._pool.terminate()  # type: ignore[no-untyped-call]
            self._pool = None

    def _in_transaction(self) -> TransactionContext:
        return CancellableTransaction(_Transaction(self), self._pool_init_lock)


client_class = Client
