"""What clients have used of their allowances, in Redis, for all processes of a server.

Not a plugin: it is no family of things that people replace, and fifty lines on the library that the queue plugin uses.
The library `limits` was looked at first: each of its checks is a round trip of its own, of whole windows, and it has no
say in what happens while Redis is away.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from retrospec.core.errors import Unavailable
from retrospec.core.rate_limit import Rate
from retrospec.core.shared_rate_limit import Answer, Ask

_PREFIX = "retrospec:rate:"
_CONNECT_SECONDS = 2.0
# Requests may wait for it. When it takes longer, each process limits by itself.
_ANSWER_SECONDS = 0.1

# The generic cell rate algorithm, in microseconds of the clock of Redis. A key is gone when its allowance is whole.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, slack = tonumber(ARGV[1]), tonumber(ARGV[2]) + 1
local answers = {}
for place, key in ipairs(KEYS) do
  local told, asked = tonumber(ARGV[2 * place + 1]), tonumber(ARGV[2 * place + 2])
  local whole_at = math.max(tonumber(redis.call('GET', key) or 0), now) + told * interval
  local granted = 0
  while granted < asked and whole_at - now <= slack do
    whole_at = whole_at + interval
    granted = granted + 1
  end
  if whole_at > now then
    redis.call('SET', key, string.format('%.0f', whole_at), 'PX', math.ceil((whole_at - now) / 1000))
  end
  answers[2 * place - 1] = math.floor(whole_at - now)
  answers[2 * place] = granted
end
return answers
"""


class RedisAllowances:
    """The allowances of all clients in one Redis."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        # Neither has types before `open`.
        self._client: Any = None
        self._take: Any = None
        self._errors: tuple[type[Exception], ...] = (OSError, TimeoutError)

    async def open(self) -> None:
        """Connect, unless that has been done, and see that it answers.

        Raises:
            Unavailable: It does not.
        """
        if self._client is None:
            self._make()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._client.ping()
        except self._errors as cause:
            raise Unavailable(f"Redis does not answer: {cause or 'no word'}") from cause

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.aclose()

    async def take(self, rate: Rate, asks: Sequence[Ask]) -> Sequence[Answer]:
        """Take from the allowances of some clients, in one step.

        Raises:
            Unavailable: It did not answer in time, or refused.
        """
        keys = [_PREFIX + ask.client for ask in asks]
        counts = [count for ask in asks for count in (ask.told, ask.asked)]
        try:
            # A call that is cut off here hangs up: its reply must not be the next one's.
            async with asyncio.timeout(_ANSWER_SECONDS):
                said = await self._take(keys, [rate.interval * 1e6, rate.slack * 1e6, *counts])
        except TimeoutError as cause:
            raise Unavailable(f"Redis does not answer within {_ANSWER_SECONDS:g} s") from cause
        except self._errors as cause:
            raise Unavailable(f"Redis does not take it: {cause}") from cause
        return [Answer(whole_in / 1e6, granted) for whole_in, granted in zip(said[::2], said[1::2], strict=True)]

    def _make(self) -> None:
        # Imported here: it takes 0.27 s, a quarter of the time in which a server without Redis starts.
        from redis.asyncio import Redis  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415

        self._errors = (RedisError, OSError, TimeoutError)
        # Once more, for a connection that died while it was not used.
        retry = Retry(NoBackoff(), 1)
        self._client = Redis.from_url(
            self._url.get_secret_value(), socket_connect_timeout=_CONNECT_SECONDS, max_connections=2, retry=retry
        )
        self._take = self._client.register_script(_TAKE)
