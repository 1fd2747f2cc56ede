"""The systemd units: directives that systemd knows, commands that there are, settings that can be used."""

from collections import defaultdict
from pathlib import Path

import pytest

from retrospec.cli.main import COMMANDS
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from tests.deploy.image import ROOT, STOPS_WITHIN

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.iterdir() if path.suffix in {".service", ".timer", ".conf"})
SERVICES = [name for name in UNITS if name.endswith(".service")]
Unit = dict[str, list[tuple[str, str]]]


def parse(text: str) -> Unit:
    """Sections with their directives, each as often and in the order in which it stands there."""
    unit: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            unit[section].append((name, value))
    return unit


def unit(name: str) -> Unit:
    return parse((FOLDER / name).read_text())


def service(name: str) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for directive, value in unit(name)["Service"]:
        found[directive].append(value)
    return found


def known_directives() -> dict[str, set[str]]:
    lines = (Path(__file__).parent / "systemd_directives.txt").read_text()
    return {section: {name for name, _ in listed} for section, listed in parse(lines).items()}


@pytest.mark.parametrize("name", [name for name in UNITS if name != "retrospec.sysusers.conf"])
def test_systemd_knows_every_directive(name: str) -> None:
    known = known_directives()
    for section, listed in unit(name).items():
        assert {directive for directive, _ in listed} <= known[section]


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_runs_a_command_that_there_is(name: str) -> None:
    [line] = service(name)["ExecStart"]
    program, command = line.split()
    assert program == "/opt/retrospec/bin/retrospec"
    assert command in COMMANDS


@pytest.mark.parametrize("name", ["retrospec.service", "retrospec-worker@.service"])
def test_a_unit_has_time_to_stop(name: str) -> None:
    [given] = service(name)["TimeoutStopSec"]
    assert float(given) > STOPS_WITHIN


def test_units_are_locked_up_alike() -> None:
    own = {"ExecStart", "Type", "Restart", "RestartSec", "TimeoutStopSec", "TimeoutStartSec", "LoadCredential"}
    first, *others = [
        {directive: values for directive, values in service(name).items() if directive not in {*own, "Environment"}}
        for name in SERVICES
    ]
    assert all(other == first for other in others)
    assert first["NoNewPrivileges"] == ["yes"]
    assert first["CapabilityBoundingSet"] == [""]


@pytest.mark.parametrize("name", SERVICES)
def test_its_settings_can_be_used_alone_and_with_those_of_production(name: str, tmp_path: Path) -> None:
    example = (FOLDER / "retrospec.env.example").read_text()
    begin = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    secrets = {"database_url": "postgres://u:p@db/retrospec", "redis_url": "redis://queue"}

    def settings(*parts: str) -> Settings:
        given = dict(begin)
        for part in parts:
            loaded = {line.partition(":")[0] for line in service(part)["LoadCredential"]}
            for secret in loaded:
                (tmp_path / secret).write_text(secrets.get(secret, "long-enough"))
            for line in service(part)["Environment"]:
                variable, _, value = line.partition("=")
                given[variable] = value.replace("%d", str(tmp_path)).replace("%S", "/var/lib")
                assert not variable.endswith("_FILE") or Path(value).name in loaded
        return load(given)

    alone = settings(name)
    assert (alone.on_sqlite, alone.anonymous, alone.data_dir) == (True, "none", Path("/var/lib/retrospec"))
    whole = settings(name, "production.conf")
    assert (whole.on_sqlite, whole.queue_name) == (False, "redis")
    assert whole.s3_access_key
    assert "# S3_BUCKET=" in example


def test_the_timer_starts_the_cleanup() -> None:
    assert (FOLDER / "retrospec-cleanup.timer").stem == Path("retrospec-cleanup.service").stem
    assert dict(unit("retrospec-cleanup.timer")["Timer"])["OnCalendar"]
