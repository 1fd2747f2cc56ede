"""Tortoise's PostgreSQL engine for a server: cancelled at any moment, or left without an answer, it goes on."""

import asyncio
from typing import Any

import asyncpg
from asyncpg.pool import Pool
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections

# Making a connection fit for its next user takes a millisecond; one that takes longer is replaced.
_RELEASE_SECONDS = 3.0
_CLOSE_SECONDS = 1.0


class ImpatientPool(Pool):
    """A pool that ends a connection which its server does not answer on any more.

    asyncpg waits for it without end otherwise, also where whoever used it has been told to give up:
    with a database that said nothing, `/healthz` said nothing either.
    """

    __slots__ = ()

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:
        """Take a connection back."""
        await super().release(connection, timeout=timeout or _RELEASE_SECONDS)  # type: ignore[no-untyped-call]


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


class Client(AsyncpgDBClient):
    """A pool of connections."""

    async def create_pool(self, **options: Any) -> Pool:
        """Make the pool; what Tortoise does not name is as `asyncpg.create_pool` has it."""
        own = {"max_queries": 50_000, "max_inactive_connection_lifetime": 300.0, "record_class": asyncpg.Record}
        pool: Pool = await ImpatientPool(None, **own, **options)  # type: ignore[no-untyped-call]
        return pool

    async def _close(self) -> None:
        """Close as Tortoise does, but wait less for connections that do not answer: a stop has 15 s in all."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), _CLOSE_SECONDS)  # type: ignore[no-untyped-call]
            except TimeoutError:
                self._pool.terminate()  # type: ignore[no-untyped-call]
            self._pool = None

    def _in_transaction(self) -> TransactionContext:
        return CancellableTransaction(TransactionWrapper(self), self._pool_init_lock)


client_class = Client
