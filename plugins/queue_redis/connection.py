"""The way to Redis: a pool of connections, a deadline on every call, and errors in our words."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from retrospec.plugin import QueueUnavailable

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

_SCHEMES = ("redis", "rediss", "unix")


def _address(url: SecretStr) -> SecretStr:
    if urlsplit(url.get_secret_value()).scheme not in _SCHEMES:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return url


class RedisSettings(BaseModel):
    """The section `[queue.redis]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[SecretStr, AfterValidator(_address)] = Field(
        SecretStr("redis://127.0.0.1:6379"), description="Address of Redis; unset: `REDIS_URL`"
    )
    lease_seconds: float = Field(
        60,
        ge=1,
        le=3600,
        description="Idle time from which a job is anybody's, seconds, the same for all workers; "
        "unset: `JOB_LEASE_SECONDS`",
    )
    timeout_seconds: float = Field(5, gt=0, le=60, description="How long one call may take, seconds")
    connections: int = Field(16, ge=1, le=1000, description="Connections that a process keeps at the most")


class Connection:
    """Runs scripts on one Redis. Connects when first needed, and again after Redis was away."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._scripts: dict[str, AsyncScript] = {}
        # Its types are not known before `open`, and half of its methods have none.
        self._client: Any = None
        self._errors: tuple[type[Exception], ...] = (OSError,)

    def open(self) -> None:
        """Make ready; nothing is sent yet.

        Raises:
            ValueError: The address cannot be understood.
        """
        # Imported here: it takes 0.27 s, a quarter of the time in which a server without Redis starts.
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        self._errors = (RedisError, OSError)
        pool = BlockingConnectionPool.from_url(
            self._settings.url.get_secret_value(),
            max_connections=self._settings.connections,
            timeout=self._settings.timeout_seconds,
            socket_connect_timeout=self._settings.timeout_seconds,
            # Once, for a connection that died while it was not used. Beyond that, whoever calls knows better when.
            retry=Retry(NoBackoff(), 1),
        )
        self._client = Redis.from_pool(pool)

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.aclose()

    async def run(self, script: str, keys: Sequence[str], arguments: Iterable[str | int | bytes]) -> Any:
        """Run a script.

        Raises:
            QueueUnavailable: There is no answer, or a refusal.
        """
        client = self._opened()
        if script not in self._scripts:
            self._scripts[script] = client.register_script(script)
        return await self._answer(self._scripts[script](keys=list(keys), args=list(arguments)))

    async def command(self, *words: str | int) -> Any:
        """Run a command.

        Raises:
            QueueUnavailable: There is no answer, or a refusal.
        """
        return await self._answer(self._opened().execute_command(*words))

    async def _answer(self, call: Any) -> Any:
        # A call that is cut off here hangs up: its reply must not be the next caller's.
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                answer = await call
        except TimeoutError as cause:
            raise QueueUnavailable(f"Redis does not answer within {self._settings.timeout_seconds:g} s") from cause
        except self._errors as cause:
            raise QueueUnavailable(f"Redis does not take it: {cause}") from cause
        # The `wait_for` of Python 3.11, in which redis-py sends, forgets that it is cancelled when it is about to
        # return: of 12,000 heartbeats that were told to end, 1,747 went on.
        if task and task.cancelling() > cancelled:
            raise asyncio.CancelledError
        return answer

    def _opened(self) -> Any:
        if self._client is None:
            raise RuntimeError("the queue is not open")
        return self._client
