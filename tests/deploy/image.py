"""The Dockerfile without a container engine: its copies and commands, in a folder instead of an image."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from dockerfile_parse import DockerfileParser

from retrospec.core.settings import Settings
from retrospec.core.stopping import CLOSING_SECONDS
from retrospec.supervising import _KILL_SECONDS as KILL_SECONDS
from tests.client import eventually

ROOT = Path(__file__).parents[2]
# What a server may take to stop, of several processes too: nobody may end it sooner.
STOPS_WITHIN = Settings().shutdown_grace_seconds + CLOSING_SECONDS + KILL_SECONDS
# Places of the image that its commands write to.
PLACES = re.compile(r"(?<![\w.])/(?=(?:src|dist|opt)\b)")


class Step(NamedTuple):
    """One instruction of a Dockerfile."""

    word: str
    value: str


def stages() -> list[list[Step]]:
    """The instructions of each stage, from its FROM on."""
    parser = DockerfileParser(path=str(ROOT / "deploy" / "Dockerfile"))
    steps = [Step(one["instruction"], one["value"]) for one in parser.structure]
    found: list[list[Step]] = []
    for step in steps:
        if step.word == "FROM":
            found.append([])
        if found:
            found[-1].append(step)
    return found


def last(word: str) -> str:
    """What an instruction says in the image itself."""
    return next(step.value for step in reversed(stages()[-1]) if step.word == word)


def environment_of_the_image() -> dict[str, str]:
    """The variables that every container begins with."""
    return dict(pair.partition("=")[::2] for pair in last("ENV").split())


def health_check() -> list[str]:
    """The command that tells whether a container is well."""
    command: list[str] = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    return command


def copies() -> Iterator[tuple[list[str], str]]:
    """What the first stage takes from the checkout, and where to."""
    for step in stages()[0]:
        if step.word == "COPY":
            *sources, target = step.value.split()
            yield sources, target


def bare_environment() -> dict[str, str]:
    """Nothing that could lead back to the checkout."""
    own = ("PYTHON", "VIRTUAL", "COV", "PIP_NO_CACHE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"}


async def call(*command: str | Path, folder: Path) -> str:
    """Run a command to its end; gives what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=bare_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await process.communicate()
    assert process.returncode == 0, f"{command}: {said.decode()[-2000:]} {complained.decode()[-2000:]}"
    return said.decode()


async def build(folder: Path) -> None:
    """Go through the first stage, with `folder` for its root."""
    sources = copy_sources(folder / "src")
    for step in stages()[0]:
        if step.word == "RUN":
            await call("sh", "-ec", PLACES.sub(f"{folder}/", step.value), folder=sources)


def copy_sources(folder: Path) -> Path:
    """Copy what the first stage builds from into a folder that is made, and return it."""
    folder.mkdir()
    for names, target in copies():
        for name in names:
            copy(ROOT / name, folder / (target if (ROOT / name).is_dir() else f"{target}/{name}"))
    return folder


@asynccontextmanager
async def serving(commands: Path, folder: Path) -> AsyncIterator[str]:
    """A server of an installed wheel, by its address; it must end well.

    Args:
        commands: Where `retrospec` is.
        folder: Where it runs, and keeps its data and its log.
    """
    log = folder / "serve.log"
    with log.open("wb") as output:
        server = await asyncio.create_subprocess_exec(
            commands / "retrospec",
            "serve",
            "--port",
            "0",
            cwd=folder,
            env=bare_environment() | {"LOG_FORMAT": "json"},
            stdout=output,
            stderr=output,
        )

    async def url() -> str:
        assert server.returncode is None, log.read_text()[-3000:]
        said = [json.loads(line) for line in log.read_text().splitlines()]
        return next((one["url"] for one in said if one["event"] == "serving"), "")

    try:
        yield await eventually(url, 60)
    finally:
        if server.returncode is None:
            server.terminate()
        assert await server.wait() == 0


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, without what Python has compiled."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
