"""Fixtures for the tests of plugins. A test run asks for them in the `conftest.py` at its top:

```python
pytest_plugins = ["retrospec.plugin.testing.fixtures"]
```

They are no entry point of pytest, so that a test run which has nothing to do with plugins loads nothing of this.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from retrospec.plugin.component import Component
from retrospec.plugin.testing.clock import VirtualClock
from retrospec.plugin.testing.receiver import Receiver
from retrospec.plugin.testing.server import RunningServer


class StartServer(Protocol):
    """What the fixture `retrospec_server` gives."""

    async def __call__(
        self,
        config: str = "",
        *,
        plugins: Iterable[type[Component] | Path] = (),
        environ: Mapping[str, str] | None = None,
    ) -> RunningServer:
        """Start a server, which stops at the end of the test.

        Args:
            config: Its settings, as a TOML file has them.
            plugins: Plugins that are not installed: classes that are marked with a decorator and can be imported by
                the name of their module, and files.
            environ: Variables of its environment, beside the test's own; they go before `config`.

        Raises:
            NotStarted: It ended instead, for example because of its settings; the text is what it said.
        """


@pytest_asyncio.fixture
async def retrospec_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Starts real servers, each in a process of its own, with SQLite in the test's folder."""
    async with AsyncExitStack() as running:
        started = 0

        async def start(
            config: str = "",
            *,
            plugins: Iterable[type[Component] | Path] = (),
            environ: Mapping[str, str] | None = None,
        ) -> RunningServer:
            nonlocal started
            started += 1
            folder = tmp_path / f"server-{started}"
            folder.mkdir()
            return await running.enter_async_context(RunningServer(folder, config, plugins=plugins, environ=environ))

        yield start


@pytest_asyncio.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A real HTTP server that records what it is sent and answers as told."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still until the test turns it."""
    return VirtualClock()
