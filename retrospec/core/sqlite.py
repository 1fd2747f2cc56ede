"""Tortoise's SQLite engine with what a server of several processes needs.

BEGIN IMMEDIATE: with Tortoise's deferred BEGIN, 577 of 800 read-modify-write transactions of four
processes failed with "database is locked"; with this none.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from tortoise.backends.base.client import ConnectionWrapper, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

# busy_timeout comes first: already the switch to WAL may have to wait for another process.
_PRAGMAS = {
    "busy_timeout": 15_000,
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "journal_size_limit": 67_108_864,
    # KiB, as a negative number. The two megabytes of the default no longer hold the inner pages of the indexes at
    # 100,000 sessions.
    "cache_size": -32_768,
    # Pages, 32 MB of them. At 100,000 sessions every row goes to another page: with the default of 1,000 each fifth
    # batch copied them back, and ingest was slower by a third.
    "wal_autocheckpoint": 8_000,
    # In memory: what a statement would need to be undone went into a file of its own, made and removed for each
    # statement that touches more than sixteen pages.
    "temp_store": 2,
}
_MINIMUM = (3, 35)  # RETURNING

Result = TypeVar("Result")


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that takes the write lock when it begins, instead of failing when it first writes."""

    async def begin(self) -> None:
        """Begin, waiting for other processes up to `busy_timeout`."""
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as cause:
            raise OperationalError(cause) from cause

    async def commit(self) -> None:
        """Commit, or roll back."""
        # A COMMIT that fails, on a full disk for one, leaves the transaction open: what others wrote next on
        # the one connection would be lost with it.
        try:
            await super().commit()
        except sqlite3.Error as cause:
            await self._connection.rollback()
            if isinstance(cause, sqlite3.OperationalError):
                raise OperationalError(cause) from cause
            raise


class CancellableTransaction(SqliteTransactionContext):
    """A transaction that gives the connection back when it cannot begin.

    Tortoise keeps it for ever when BEGIN fails or its task is cancelled meanwhile: one client that
    hung up at that moment stopped every other request of the process.
    """

    async def __aenter__(self) -> TransactionalDBClient:
        """Take the connection and begin."""
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            await asyncio.shield(self._give_back())
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        connection: TransactionalDBClient = self.connection
        return connection

    async def _give_back(self) -> None:
        try:
            # A cancelled BEGIN still waits in SQLite's thread; this comes after it.
            if self.connection._connection is not None:  # noqa: SLF001 - as the class that this replaces
                await self.connection.rollback()
        finally:
            self._trxlock.release()


class Turn(ConnectionWrapper[Any]):
    """A turn on the one connection, given back when it cannot be connected.

    Tortoise keeps it for ever: a file that cannot be opened failed one query, and stopped all others.
    """

    async def __aenter__(self) -> Any:
        """Wait for the turn, and connect where that has not been done."""
        await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()
            raise
        return self.connection


class InThread:
    """The connection inside of SQLite's own thread: whatever is asked is answered at once, without waiting.

    Has of a connection what `Statement` needs; Tortoise's models cannot use it.

    Attributes:
        opened: How many rows the opening of the transaction has given.
    """

    capabilities = SqliteClient.capabilities

    def __init__(self, connection: sqlite3.Connection, opened: int = 0) -> None:
        self._connection = connection
        self.opened = opened

    async def execute_query(self, query: str, values: Sequence[Any] | None = None) -> tuple[int, list[dict[str, Any]]]:
        """Run a statement, and say how many rows it touched."""
        cursor = self._connection.execute(query, values or ())
        touched = cursor.rowcount
        cursor.close()
        return touched, []

    async def execute_query_dict(self, query: str, values: Sequence[Any] | None = None) -> list[dict[str, Any]]:
        """Run a statement, and return its rows."""
        return [dict(row) for row in self._connection.execute(query, values or ()).fetchall()]

    async def execute_query_tuples(self, query: str, values: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """Run a statement, and return its rows as they come."""
        rows: Sequence[Sequence[Any]] = self._connection.execute(query, values).fetchall()
        return rows


def _transact(
    connection: sqlite3.Connection, work: Callable[[InThread], Coroutine[Any, Any, Result]], begin: str, opening: str
) -> Result:
    connection.execute(begin)
    try:
        running = work(InThread(connection, len(connection.execute(opening).fetchall()) if opening else 0))
        try:
            running.send(None)
        except StopIteration as done:
            connection.commit()
            result: Result = done.value
            return result
        running.close()
    except BaseException:
        connection.rollback()
        raise
    connection.rollback()
    raise RuntimeError("a transaction in SQLite's thread waited for something else than the database")


class Client(SqliteClient):
    """One connection a process, in WAL, durable on commit."""

    async def transact(
        self,
        work: Callable[[InThread], Coroutine[Any, Any, Result]],
        opening: str = "",
        *,
        begin: str = "BEGIN IMMEDIATE",
    ) -> Result:
        """Run a whole transaction in one visit to SQLite's thread.

        Each visit costs two changes of thread, and waits behind whatever the event loop does meanwhile. An
        ingest batch asks thirteen times; visit by visit it took half as long again.

        Args:
            work: Awaits the connection that it is given and nothing else.
            opening: A statement without parameters, run before it.
            begin: How; work that only reads begins with `BEGIN`, and waits for no other process.

        Raises:
            OperationalError: Locked, full, read-only, or a mistake in a statement. Nothing was written.
            IntegrityError: A statement contradicts a constraint. Nothing was written.
        """
        async with self.acquire_connection() as connection:
            try:
                # aiosqlite's own way of running something in its thread; it has no public one for whole functions.
                result: Result = await connection._execute(_transact, connection._conn, work, begin, opening)  # noqa: SLF001
            except sqlite3.OperationalError as cause:
                raise OperationalError(cause) from cause
            except sqlite3.IntegrityError as cause:
                raise IntegrityError(cause) from cause
        return result

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self.pragmas = dict(_PRAGMAS)

    async def create_connection(self, with_db: bool) -> None:
        """Connect, set the pragmas and read them back.

        Raises:
            DBConnectionError: The file cannot be opened, SQLite is too old, or refuses a pragma (WAL on a network
                file system).
        """
        if sqlite3.sqlite_version_info < _MINIMUM:
            raise DBConnectionError(f"SQLite {sqlite3.sqlite_version} is older than 3.35")
        try:
            await super().create_connection(with_db)
        except sqlite3.Error as cause:
            # aiosqlite's thread reports its end to the loop, and complains if that is closed by then.
            await asyncio.sleep(0.1)
            raise DBConnectionError(f"SQLite: {self.filename}: {cause}") from cause
        if self._connection is None or self.filename == ":memory:":
            return
        for pragma, wanted in _PRAGMAS.items():
            async with self._connection.execute(f"PRAGMA {pragma}") as cursor:
                row = await cursor.fetchone()
            # The answer to `PRAGMA busy_timeout` is a column of another name, hence by position.
            if row is None or row[0] != wanted:
                raise DBConnectionError(f"SQLite refuses {pragma}={wanted} on {self.filename}")

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        """The connection, for one query."""
        return Turn(self._lock, self)

    def _in_transaction(self) -> TransactionContext:
        return CancellableTransaction(ImmediateTransaction(self), self._lock)


client_class = Client
