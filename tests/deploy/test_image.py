"""The Dockerfile's form; tests/test_wheel.py runs its commands."""

from configparser import ConfigParser
from pathlib import Path

from retrospec.cli.main import COMMANDS
from retrospec.core.settings_sources import load
from retrospec.version import __version__
from tests.deploy.image import ROOT, copies, environment_of_the_image, health_check, last, stages


def packaged_folders() -> set[str]:
    """Folders of the checkout that setup.cfg makes packages of."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    places = dict(line.split(" = ") for line in setup["options"]["package_dir"].split("\n") if line)
    names = {name.partition(".")[0] for name in setup["options"]["packages"].split()}
    return {places.get(name, name) for name in names}


def test_the_image_is_made_of_what_the_wheel_needs_and_of_nothing_else() -> None:
    taken = {name for names, _ in copies() for name in names}
    files = {"requirements-dev.lock", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"}
    assert taken == packaged_folders() | files


def test_what_is_not_copied_does_not_even_reach_the_engine() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert allowed == {name for names, _ in copies() for name in names}


def test_it_runs_the_server_as_an_ordinary_user_known_by_number() -> None:
    assert last("USER") == "10001:10001"
    assert last("ENTRYPOINT") == '["retrospec"]'
    assert last("CMD") == '["serve"]'
    assert "serve" in COMMANDS
    made = " ".join(step.value for step in stages()[-1] if step.word == "RUN")
    assert "--uid 10001 --gid 10001" in made


def test_it_listens_to_the_network_and_lets_nobody_in_without_a_key() -> None:
    environment = environment_of_the_image()
    settings = load(environment)
    assert (settings.orchestrator_host, settings.anonymous) == ("0.0.0.0", "none")
    assert last("EXPOSE") == str(settings.orchestrator_port)
    assert settings.data_dir == Path(last("WORKDIR"))
    assert environment["PATH"].startswith("/opt/retrospec/bin:")


def test_its_version_is_the_one_of_the_code() -> None:
    assert last("ARG") == f"VERSION={__version__}"


def test_its_health_check_runs_without_a_shell() -> None:
    assert health_check()[:2] == ["python", "-c"]
