"""What third parties do: packages of theirs, installed beside a wheel of ours where nothing of the checkout is."""

import asyncio
import json
import re
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from retrospec.cli.scaffold import KINDS
from retrospec.plugin.testing.receiver import Receiver
from tests.client import marker
from tests.deploy.image import ROOT, bare_environment, call, copy, copy_sources, serving
from tests.test_docs import block

EXAMPLES = ROOT / "examples"
GUIDE = "docs/plugins.md"
CONFIG = """
alert_sinks = ["ops"]
clustering_strategy = "error-codes"

[alerts.ops]
type = "matrix"
homeserver = "{url}"
room = "!ops:example.org"
access_token = "syt_of_the_test"

[clustering.error-codes.components]
checkout = ["/checkout*"]
"""


async def environment(folder: Path) -> Path:
    """A clean environment with a wheel of ours in it; gives its commands.

    The libraries are those of the tests, by a path that brings no checkout with it: nothing is downloaded.
    """
    libraries = sysconfig.get_paths()["purelib"]
    place = folder / "env"
    await call(sys.executable, "-m", "venv", "--without-pip", place, folder=folder)
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(f"{libraries}\n")
    await install(place / "bin", copy_sources(folder / "src"))
    return place / "bin"


async def install(commands: Path, *packages: Path) -> None:
    """Install packages by pip, as wheels."""
    pip = (sys.executable, "-m", "pip", "--python", commands / "python", "install", "--quiet")
    await call(*pip, "--no-index", "--no-deps", "--no-build-isolation", *packages, folder=commands)


async def check_own_tests(commands: Path, packages: Sequence[Path]) -> None:
    """Run the tests of packages as their authors do, two at once."""
    slots = asyncio.Semaphore(2)
    problems = await asyncio.gather(*(own_tests(commands, package, slots) for package in packages))
    assert [problem for problem in problems if problem] == []


async def own_tests(commands: Path, package: Path, slots: asyncio.Semaphore) -> str:
    """Run the tests of one package; gives what is wrong, or nothing."""
    async with slots:
        process = await asyncio.create_subprocess_exec(
            commands / "python",
            "-m",
            "pytest",
            "-q",
            *("-p", "no:cacheprovider"),
            *("-p", "no:xdist"),
            cwd=package,
            env=bare_environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
    ran = re.search(r"^(\d+) passed(, \d+ skipped)? in", said, re.M)
    return "" if process.returncode == 0 and ran and int(ran[1]) > 20 else f"{package.name}: {said[-3000:]}"


async def listed(commands: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """What `retrospec plugins` tells of what does not come with the server, by name."""
    lines = json.loads(await call(commands / "retrospec", "plugins", "--json", folder=folder))["plugins"]
    return {one["name"]: one for one in lines if one["origin"] != "built-in"}


async def test_the_examples_install_pass_their_tests_and_work_in_a_server(tmp_path: Path) -> None:
    commands = await environment(tmp_path)
    packages = [tmp_path / name for name in ("retrospec-error-codes", "retrospec-matrix")]
    assert [one.name for one in packages] == sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
    for package in packages:
        copy(EXAMPLES / package.name, package)
    await install(commands, *packages)
    folder = tmp_path / "server"
    folder.mkdir()

    where = "import retrospec; print(retrospec.__file__)"
    assert str(tmp_path) in await call(commands / "python", "-c", where, folder=folder)
    found = await listed(commands, folder)
    assert {name: (one["origin"], one["state"]) for name, one in found.items()} == {
        "error-codes": ("retrospec-error-codes", "available"),
        "matrix": ("retrospec-matrix", "available"),
    }
    await check_an_alert(commands, folder)
    await check_own_tests(commands, packages)


async def check_an_alert(commands: Path, folder: Path) -> None:
    """Let one code fail in three wordings, and wait for the room to hear of it."""
    async with Receiver() as homeserver:
        (folder / "retrospec.toml").write_text(CONFIG.format(url=homeserver.url))
        assert {one["state"] for one in (await listed(commands, folder)).values()} == {"in use"}
        async with serving(commands, folder) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
            for number, label in enumerate(("SHOP-1042: declined", "Declined (SHOP-1042)", "SHOP-1042")):
                body = {
                    "session": {"id": f"s{number}", "site": "shop.example", "route": "/checkout/pay"},
                    "markers": [marker(label=label)],
                }
                assert (await http.post("/v1/ingest/session", json=body)).status_code == 202
            async with asyncio.timeout(20):
                await homeserver.until(1)
        [request] = homeserver.requests
        assert request.target.startswith("/_matrix/client/v3/rooms/%21ops%3Aexample.org/send/m.room.message/")
        assert "3 sessions" in request.json()["body"]


async def check_the_quick_start(commands: Path, folder: Path) -> None:
    """What docs/plugins.md leads a stranger through, from settings to an alert, on other ports."""
    script, start, _ = block(GUIDE, "listen").partition("HTTPServer((")
    assert start
    listening = "server = HTTPServer(('127.0.0.1', 0), Listener)\nprint(server.server_port, flush=True)\n"
    (folder / "listen.py").write_text(f"{script}{listening}server.serve_forever()\n")
    listener = await asyncio.create_subprocess_exec(
        commands / "python", "listen.py", cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert listener.stdout is not None
    try:
        port = int(await listener.stdout.readline())
        (folder / "retrospec.toml").write_text(block(GUIDE, "quickstart").replace("9000", str(port)))
        assert (await listed(commands, folder))["pager"]["state"] == "in use"
        async with serving(commands, folder) as url:
            sending = block(GUIDE, "send").replace("http://127.0.0.1:8080", url)
            said = await call("bash", "-ec", sending, folder=folder)
            assert [json.loads(line)["alertsSent"] for line in said.splitlines()] == [0, 0, 1]
            async with asyncio.timeout(20):
                told = json.loads(await listener.stdout.readline())
        assert "POST /api/orders -> 500" in told["text"]
    finally:
        listener.terminate()
        await listener.wait()


async def test_a_new_package_of_any_family_installs_and_passes_its_tests_at_once(tmp_path: Path) -> None:
    commands = await environment(tmp_path)
    for family in KINDS:
        await call(commands / "retrospec", "plugins", "new", f"my-{family}", "--family", family, folder=tmp_path)
    packages = [tmp_path / f"my-{family}" for family in KINDS]
    of_the_guide = block(GUIDE, "begin").splitlines()[-1].split()
    await call(commands / of_the_guide[0], *of_the_guide[1:], folder=tmp_path)

    await install(commands, *packages, tmp_path / of_the_guide[-1])

    found = await listed(commands, tmp_path)
    assert {(one["family"], name, one["version"]) for name, one in found.items()} == {
        ("alerts", "pager", "0.1.0"),
        *((family, f"my-{family}", "0.1.0") for family in KINDS),
    }
    folder = tmp_path / "quickstart"
    folder.mkdir()
    await check_the_quick_start(commands, folder)
    await check_own_tests(commands, packages)
