"""The wheel holds all that the server needs: built and installed by the Dockerfile's commands, it serves."""

import asyncio
import json
from pathlib import Path
from zipfile import ZipFile

import httpx

from retrospec.core.migrations import history
from retrospec.demo.library import read_recordings
from retrospec.version import __version__
from tests.deploy.image import ROOT, bare_environment, build, call, health_check, serving

# Folders of the checkout, and the packages that they are in the wheel.
PACKAGES = {
    "retrospec": "retrospec",
    "plugins": "retrospec_plugins",
    "migrations": "retrospec_migrations",
    "config": "retrospec_config",
}
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


async def well(commands: Path, port: int | None) -> int:
    """What the health check of the image says of a server."""
    _, *arguments = health_check()
    env = bare_environment() | {"ORCHESTRATOR_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        commands / "python", *arguments, env=env, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


async def check_serving(commands: Path, folder: Path) -> None:
    """In an empty folder, without any setting, it answers and keeps its data there."""
    async with (
        serving(commands, folder) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/docs/openapi.json")).json()["info"]["version"]
        body = {"session": {"id": "s1", "site": "x"}, "markers": [{"label": "It broke"}]}
        assert (await http.post("/v1/ingest/session", json=body)).status_code == 202
        assert await well(commands, http.base_url.port) == 0
    assert await well(commands, http.base_url.port) == 1
    assert (folder / "data" / "retrospec.db").is_file()


async def test_what_the_dockerfile_builds_and_installs_has_all_and_serves(tmp_path: Path) -> None:
    await build(tmp_path)
    (wheel,) = (tmp_path / "dist").iterdir()
    check_content(wheel)
    commands = tmp_path / "opt" / "retrospec" / "bin"
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
