"""An analyzer that says when it begins, and goes on only when told to."""

from pathlib import Path

from tests.client import eventually

_PLUGIN = """
import asyncio
import os
import threading
from pathlib import Path

from retrospec.plugin import Analysis, Analyzer, analyzer

HERE = Path(__file__).parent


@analyzer("waiting", "Waits for a file")
class Waiting(Analyzer):
    async def analyze(self, request):
        about = f"{os.getpid()}-{request.session_id}"
        (HERE / f"began-{about}").touch()
        while not any((HERE / f"go{which}").exists() for which in ("", f"-{about}")):
            await asyncio.sleep(0.02)
        return Analysis(f"seen by {os.getpid()}", "a file was missing", "touch it", "It waited.", "", 0.9)
"""
# In a thread of an executor, which Python waits for when it ends.
_STUBBORN = """
            await asyncio.to_thread(threading.Event().wait)
"""


class Analyzer:
    """The plugin, and the files by which a test speaks with it.

    Attributes:
        environ: Settings of a process that uses it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._write(_PLUGIN)
        self.environ = {"PLUGINS_DIR": str(folder), "ANALYZER": "waiting"}

    def become_stubborn(self) -> None:
        """Hang where nobody can cancel it."""
        self._write(_PLUGIN.replace("            await asyncio.sleep(0.02)\n", _STUBBORN.removeprefix("\n")))

    def began(self) -> list[tuple[int, str]]:
        """Process and session of every analysis that has begun."""
        about = [path.name.removeprefix("began-").partition("-") for path in self._folder.glob("began-*")]
        return [(int(pid), session) for pid, _, session in about]

    async def begins(self, pid: int | None = None, count: int = 1, seconds: float = 20) -> None:
        """Wait until so many analyses have begun, of one process or of any."""

        async def check() -> bool:
            return len([of for of, _ in self.began() if pid in {None, of}]) >= count

        await eventually(check, seconds)

    def go(self, pid: int | None = None, session: str = "") -> None:
        """Let one analysis of one process go on, or all."""
        (self._folder / ("go" if pid is None else f"go-{pid}-{session}")).touch()

    def _write(self, text: str) -> None:
        (self._folder / "waiting.py").write_text(text)
