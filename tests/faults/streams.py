"""The streams of Redis, as workers written by others read them."""

import json
from typing import Any

from redis.asyncio import Redis

REPLAY, ANALYSIS = "replay-jobs", "analysis-jobs"


async def streamed(url: str, queue: str) -> list[str]:
    """The sessions of a stream's jobs, in its order."""
    async with Redis.from_url(url, decode_responses=True) as redis:
        # By the client's types every reply may be anything.
        entries: Any = await redis.xrange(queue)
    return [json.loads(fields["payload"])["sessionId"] for _, fields in entries]
