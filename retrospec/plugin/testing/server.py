"""A real server in a process of its own, on a free port of loopback, with SQLite and its files in a test's folder."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from retrospec.core.settings import Settings
from retrospec.plugin.component import Component
from retrospec.plugin.testing.project import PATIENCE_SECONDS, Project, until

_ADMIN_KEY = "admin-key-of-the-tests"
# A test sends more at once than a visitor does, and does not wait for what failed.
_DEFAULTS = {
    "ADMIN_API_KEY": _ADMIN_KEY,
    "INTERNAL_API_KEY": "internal-key-of-the-tests",
    "RATE_LIMIT_REQUESTS_PER_SEC": "0",
    "JOB_RETRY_BASE_SECONDS": "0.1",
    "ALERT_RETRY_PAUSES_SECONDS": "0.1,0.2,0.4",
    "LOG_FORMAT": "json",
    "NO_PROXY": "127.0.0.1",
}
_OFFERING = """\
from importlib import import_module

from retrospec.plugin import hookimpl


@hookimpl
def retrospec_register():
    return [getattr(import_module({module!r}), {name!r}).registration]
"""


class NotStarted(Exception):
    """The server ended instead of serving; the text is what it said."""


class RunningServer:
    """A server that takes requests. Tests get one from the fixture `retrospec_server`.

    Attributes:
        url: Where, e.g. `http://127.0.0.1:40123`.
        folder: Where its settings, database and objects are.
        log: What it has logged, a mapping for each line.
    """

    def __init__(
        self,
        folder: Path,
        config: str = "",
        *,
        plugins: Iterable[type[Component] | Path] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare one; it runs as `async with` it.

        Args:
            folder: An empty folder of the test.
            config: Its settings, as a TOML file has them.
            plugins: Classes that are marked with a decorator and not installed, and files of plugins.
            environ: Variables of its environment, beside the test's own.
        """
        self.url = ""
        self.folder = folder
        self.log: list[Mapping[str, Any]] = []
        self._said: list[str] = []
        self._environ = _environment({**_DEFAULTS, **(environ or {})})
        self._open = AsyncExitStack()
        self._process: asyncio.subprocess.Process | None = None
        (folder / "retrospec.toml").write_text(config, encoding="utf-8")
        _fill(folder / "plugins", plugins)

    async def __aenter__(self) -> Self:
        self._process = await self._run("serve", "--port", "0", stderr=asyncio.subprocess.PIPE)
        self._open.push_async_callback(self.stop)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._read_until_it_serves()
        except BaseException:
            await self._open.aclose()
            raise
        reading = asyncio.create_task(self._read())
        self._open.push_async_callback(_ended, reading)
        self._http = await self._client({"X-Retrospec-Admin": _ADMIN_KEY})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def project(self, name: str = "Shop", site: str = "shop.example") -> Project:
        """Make a project.

        Args:
            name: What people call it.
            site: Where it is recorded.
        """
        answer = await self._http.post("/v1/admin/projects", json={"name": name, "site": site})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        return Project(made["project"]["id"], made["apiKey"], await self._client({"X-Retrospec-Key": made["apiKey"]}))

    async def plugins(self) -> Sequence[Mapping[str, Any]]:
        """What `retrospec plugins --json` lists with this server's settings."""
        listing = await self._run("plugins", "--json", stdout=asyncio.subprocess.PIPE)
        said, _ = await listing.communicate()
        assert listing.returncode == 0, said
        lines: list[Mapping[str, Any]] = json.loads(said)["plugins"]
        return lines

    async def metric(self, name: str, **labels: str) -> float:
        """What `/metrics` says: the sum of the samples that have these labels; 0 where there is none.

        Args:
            name: With `_total` for a counter.
            labels: Those that must match.
        """
        text = (await self._http.get("/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    async def delivered(self, count: int = 1) -> None:
        """Wait until so many alerts were taken by sinks.

        Args:
            count: In all, since the start.
        """
        await self._counted("retrospec_alert_sent_total", count)

    async def refused(self, count: int = 1) -> None:
        """Wait until so many attempts to deliver an alert have failed.

        Args:
            count: In all, since the start.
        """
        await self._counted("retrospec_alert_errors_total", count)

    async def stop(self) -> int:
        """End it as an operator does, and return its exit code."""
        if self._process is None:
            return 0
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            return await asyncio.wait_for(self._process.wait(), PATIENCE_SECONDS)
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()

    async def _counted(self, name: str, count: int) -> None:
        async def enough() -> bool:
            return await self.metric(name) >= count

        await until(enough, f"{count} of {name}")

    async def _client(self, headers: Mapping[str, str]) -> httpx.AsyncClient:
        http = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False)
        return await self._open.enter_async_context(http)

    async def _run(
        self, *arguments: str, stdout: int | None = None, stderr: int | None = None
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "retrospec",
            *arguments,
            cwd=self.folder,
            env=self._environ,
            stdout=stdout,
            stderr=stderr,
        )

    async def _read_until_it_serves(self) -> None:
        while line := await self._line():
            if line.get("event") == "serving":
                self.url = line["url"]
                return
        raise NotStarted("".join(self._said).strip())

    async def _read(self) -> None:
        while await self._line():
            pass

    async def _line(self) -> Mapping[str, Any]:
        """The next line of the log; empty at its end."""
        assert self._process is not None
        assert self._process.stderr is not None
        raw = (await self._process.stderr.readline()).decode(errors="replace")
        if not raw:
            return {}
        self._said.append(raw)
        try:
            line = json.loads(raw)
        except ValueError:
            line = raw
        self.log.append(line if isinstance(line, dict) else {"event": raw.rstrip()})
        return self.log[-1]


async def _ended(reading: asyncio.Task[None]) -> None:
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """The test's own without settings, so that nothing of the machine is in them."""
    names = {name.upper() for name in Settings.model_fields} | {"RETROSPEC_CONFIG"}
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in names}
    # What the test can import, the server can.
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PLUGINS_DIR": "plugins", **given}


def _fill(folder: Path, plugins: Iterable[type[Component] | Path]) -> None:
    folder.mkdir()
    installed = tuple(point.module for point in entry_points(group="retrospec"))
    for number, one in enumerate(plugins):
        if isinstance(one, Path):
            shutil.copy(one, folder)
        elif not any(f"{one.__module__}.".startswith(f"{module}.") for module in installed):
            code = _OFFERING.format(module=one.__module__, name=one.__name__)
            (folder / f"plugin_{number}.py").write_text(code, encoding="utf-8")
