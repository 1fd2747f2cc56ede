"""The wheel alone, in an empty environment, is a working server."""

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent


def run(*command: object, **options: object) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what git knows, so that nothing that lies about comes along."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    files = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--wheel", "--outdir", built, source)
    (made,) = built.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that holds the wheel and what it asks for, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder)
    lock = ROOT / "requirements-dev.lock"
    run(folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", lock, wheel)
    return folder / "bin"


@pytest.fixture
def running(environment: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server that the wheel's command runs in an empty folder."""
    environ = {"PATH": os.environ["PATH"], "ORCHESTRATOR_PORT": "0"}
    with (tmp_path / "log").open("w+") as log:
        server = subprocess.Popen([environment / "retrospec", "serve"], cwd=tmp_path, env=environ, stderr=log)
        try:
            yield _address(tmp_path / "log", server)
        finally:
            server.terminate()
            assert server.wait(timeout=20) == 0


def _address(log: Path, server: subprocess.Popen[bytes]) -> str:
    for _ in range(200):
        if "url=" in (text := log.read_text()):
            return text.partition("url=")[2].split()[0]
        assert server.poll() is None, text
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_the_wheel_holds_plugins_migrations_settings_and_the_demo(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "retrospec_plugins/storage_s3/__init__.py" in names
    assert any(name.startswith("retrospec_migrations/models/0_") for name in names)
    assert sum(name.startswith("retrospec/demo/recordings/") for name in names) == 12
    assert {"retrospec_config/default.toml", "retrospec_config/production.example.toml"} <= set(names)
    assert {"retrospec/py.typed", "retrospec/apidocs/page.css"} <= set(names)
    packages = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "retrospec").rglob("*.py")}
    assert {
        str(Path(name).parent) for name in names if name.startswith("retrospec/") and name.endswith(".py")
    } == packages


def test_it_serves_in_an_empty_environment_and_an_empty_folder(running: str) -> None:
    assert httpx.get(f"{running}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{running}/readyz").status_code == 200

    sent = httpx.post(f"{running}/v1/ingest/session", json={"session": {"id": "s1"}, "markers": [{"label": "x"}]})

    assert sent.status_code == 202
    assert httpx.get(f"{running}/docs").status_code == 200


def test_its_commands_upgrade_and_show_the_schema(environment: Path, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"]}

    run(environment / "retrospec", "db", "upgrade", cwd=tmp_path, env=environ)

    assert "0_" in run(environment / "retrospec", "db", "status", cwd=tmp_path, env=environ)
    assert "local" in run(environment / "retrospec", "plugins", cwd=tmp_path, env=environ)
