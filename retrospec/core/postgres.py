"""Tortoise's PostgreSQL engine with transactions that may be cancelled while they begin."""

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections


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

    def _in_transaction(self) -> TransactionContext:
        return CancellableTransaction(TransactionWrapper(self), self._pool_init_lock)


client_class = Client
