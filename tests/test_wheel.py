"""The wheel holds all that the server needs: installed into an empty environment, it serves."""

import asyncio
import json
import os
import shutil
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import httpx

from retrospec.core.migrations import history
from retrospec.demo.library import read_recordings
from retrospec.version import __version__
from tests.client import eventually

ROOT = Path(__file__).parents[1]
# Folders of the checkout, and the packages that they are in the wheel.
PACKAGES = {
    "retrospec": "retrospec",
    "plugins": "retrospec_plugins",
    "migrations": "retrospec_migrations",
    "config": "retrospec_config",
}
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
INSIDE = """
import json
from importlib.resources import files
from retrospec.core.migrations import history
from retrospec.demo.library import read_recordings
print(json.dumps({
    "migrations": history(),
    "recordings": [one.name for one in read_recordings()],
    "config": sorted(one.name for one in files("retrospec_config").iterdir() if one.name.endswith(".toml")),
    "place": str(files("retrospec")),
}))
"""


def environment() -> dict[str, str]:
    """Nothing that could lead back to the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL", "COV"))}


async def call(*command: str | Path, folder: Path) -> str:
    """Run a command to its end; gives what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await process.communicate()
    assert process.returncode == 0, f"{command}: {said.decode()[-2000:]} {complained.decode()[-2000:]}"
    return said.decode()


async def build(folder: Path) -> Path:
    """Build the wheel of a copy of the sources."""
    sources = folder / "sources"
    sources.mkdir()
    for name in PACKAGES:
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, sources)
    await call(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, sources, folder=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_content(wheel: Path) -> None:
    """Every module and data file of the packages is in it, and nothing else."""
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        f"{package}/{path.relative_to(ROOT / name)}"
        for name, package in PACKAGES.items()
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(wanted - held) == [], "setup.cfg names too little"
    assert sorted(held - wanted) == [], "setup.cfg names too much"


async def install(wheel: Path, folder: Path) -> Path:
    """Install it into an empty environment; gives the folder of its commands."""
    await asyncio.to_thread(venv.create, folder / "environment", with_pip=True)
    commands = folder / "environment" / "bin"
    lock = ROOT / "requirements-dev.lock"
    quiet = ("--quiet", "--disable-pip-version-check")
    await call(commands / "pip", "install", *quiet, "--constraint", lock, wheel, folder=folder)
    return commands


async def check_serving(commands: Path, folder: Path) -> None:
    """In an empty folder, without any setting, it answers and keeps its data there."""
    log = folder / "serve.log"
    with log.open("wb") as output:
        server = await asyncio.create_subprocess_exec(
            commands / "retrospec",
            "serve",
            "--port",
            "0",
            cwd=folder,
            env=environment() | {"LOG_FORMAT": "json"},
            stdout=output,
            stderr=output,
        )

    async def url() -> str:
        assert server.returncode is None, log.read_text()[-3000:]
        said = [json.loads(line) for line in log.read_text().splitlines()]
        return next((one["url"] for one in said if one["event"] == "serving"), "")

    try:
        async with httpx.AsyncClient(base_url=await eventually(url, 60), trust_env=False) as http:
            assert (await http.get("/healthz")).json() == {"status": "ok"}
            assert (await http.get("/docs/openapi.json")).json()["info"]["version"]
            body = {"session": {"id": "s1", "site": "x"}, "markers": [{"label": "It broke"}]}
            assert (await http.post("/v1/ingest/session", json=body)).status_code == 202
    finally:
        server.terminate()
        assert await server.wait() == 0
    assert (folder / "data" / "retrospec.db").is_file()


async def test_the_wheel_in_an_empty_environment_has_all_and_serves(tmp_path: Path) -> None:
    wheel = await build(tmp_path)
    check_content(wheel)
    commands = await install(wheel, tmp_path)
    folder = tmp_path / "empty"
    folder.mkdir()

    assert __version__ in await call(commands / "retrospec", "--version", folder=folder)
    inside = json.loads(await call(commands / "python", "-c", INSIDE, folder=folder))
    assert inside["place"].startswith(str(tmp_path))
    assert inside["migrations"] == history()
    assert inside["recordings"] == [one.name for one in read_recordings()]
    assert inside["config"] == sorted(path.name for path in (ROOT / "config").glob("*.toml"))
    plugins = json.loads(await call(commands / "retrospec", "plugins", "--json", folder=folder))["plugins"]
    assert [one for one in plugins if one["state"] == "failed"] == []
    await check_serving(commands, folder)
    assert history()[0] in await call(commands / "retrospec", "db", "status", folder=folder)
