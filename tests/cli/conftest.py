"""Commands as a user runs them: in an empty folder, with no setting but what the test gives."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from retrospec.cli.main import app
from retrospec.core.db import Database
from retrospec.core.settings import Settings
from retrospec.schema import MODELS


class Cli:
    """Runs commands in this process.

    Attributes:
        environ: What the environment holds for every command.
        folder: The working folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ: dict[str, str] = {}

    def __call__(self, *args: str, answer: str = "", **environ: str) -> Result:
        """Run one, and give what it printed and its exit code."""
        return CliRunner().invoke(app, args, input=answer, env={**self.environ, **environ}, prog_name="retrospec")

    def prints(self, *args: str, answer: str = "", **environ: str) -> str:
        """What a command prints that succeeds."""
        result = self(*args, answer=answer, **environ)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *args: str, **environ: str) -> Any:
        """What a command answers that succeeds, with `--json`."""
        return json.loads(self.prints(*args, "--json", **environ))

    def fails(self, *args: str, answer: str = "", **environ: str) -> str:
        """What a command says on standard error that fails; never a traceback."""
        result = self(*args, answer=answer, **environ)
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
        return result.stderr

    def misused(self, *args: str) -> str:
        """What is said of arguments that are wrong."""
        result = self(*args)
        assert result.exit_code == 2, result.output
        # The frame that the text is in breaks its lines.
        return " ".join(result.stderr.replace("│", " ").split())


class Processes:
    """Runs commands in processes of their own."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = dict(environ)
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *args: str, **environ: str) -> subprocess.Popen[str]:
        """Begin a command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "retrospec", *args],
            cwd=self._folder,
            env={**self._environ, "PYTHONUNBUFFERED": "1", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, *args: str, **environ: str) -> tuple[int, str, str]:
        """Run a command to its end: exit code, standard output, standard error."""
        process = self.start(*args, **environ)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def stop(self) -> None:
        """End all that still run."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The environment without any setting; the working folder is the test's own."""
    for name in ("RETROSPEC_CONFIG", "RETROSPEC_KEY", *(field.upper() for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return dict(os.environ)


@pytest.fixture
def cli(bare_environment: dict[str, str], tmp_path: Path) -> Iterator[Cli]:
    """Runs commands on the embedded default in the test's folder."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Cli(tmp_path)
    # A command logs to its own standard error, which is closed by now.
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def on_database(cli: Cli, database_url: str) -> Cli:
    """Runs commands on either database, with the schema in it."""
    cli.environ["DATABASE_URL"] = database_url
    return cli


@pytest.fixture
def processes(bare_environment: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    """Runs commands in processes of their own, on the embedded default in the test's folder."""
    running = Processes(tmp_path, bare_environment)
    yield running
    running.stop()


def in_database(url: str, work: Callable[[Database], Coroutine[Any, Any, Any]]) -> Any:
    """Do something with a database between two commands."""

    async def run() -> Any:
        database = Database(url, MODELS)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
