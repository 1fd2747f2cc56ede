"""compose.yaml: valid, whole, and settings that lead to PostgreSQL, Redis and S3. No engine runs it here."""

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from tests.deploy.image import ROOT, STOPS_WITHIN, environment_of_the_image

DEPLOY = ROOT / "deploy"
OURS = ("migrate", "server", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Secrets as the script makes them."""
    make_secrets(tmp_path / "secrets")
    return tmp_path / "secrets"


def make_secrets(folder: Path) -> None:
    subprocess.run(["sh", DEPLOY / "secrets.sh", folder], check=True)


def without_variables(value: str) -> str:
    """What compose makes of `${NAME:-default}` while nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def settings_of(service: dict[str, Any], secrets: Path) -> Settings:
    given = {name: without_variables(value) for name, value in service["environment"].items()}
    mounted = {name: value.replace("/run/secrets", str(secrets)) for name, value in given.items()}
    return load({**environment_of_the_image(), **mounted})


def test_it_satisfies_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text()))


@pytest.mark.parametrize("name", OURS)
def test_the_settings_lead_to_postgresql_redis_and_s3_and_close_the_door(
    compose: dict[str, Any], secrets: Path, name: str
) -> None:
    settings = settings_of(compose["services"][name], secrets)

    database = urlsplit(settings.database)
    assert (database.scheme, database.hostname, database.username) == ("postgres", "postgres", "retrospec")
    assert database.password == (secrets / "postgres_password").read_text()
    assert (settings.queue_name, settings.storage_name) == ("redis", "s3")
    assert settings.anonymous == "none"
    assert settings.admin_api_key
    assert not settings.runs_embedded_worker


def test_every_secret_is_made_once_and_mounted_where_it_is_read(compose: dict[str, Any], secrets: Path) -> None:
    made = {path.name: path.read_text() for path in secrets.iterdir()}
    assert {Path(one["file"]).name for one in compose["secrets"].values()} == set(made)
    assert all(made.values())
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert urlsplit(made["redis_url"].strip()).password == made["redis_password"]
    assert made["redis_config"].split() == ["requirepass", made["redis_password"]]
    [identity] = json.loads(made["s3_config"])["identities"]
    assert identity["credentials"] == [{"accessKey": made["s3_access_key"], "secretKey": made["s3_secret_key"]}]

    make_secrets(secrets)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == made
    for service in compose["services"].values():
        read = re.findall(r"/run/secrets/(\w+)", json.dumps(service))
        assert set(read) <= set(service.get("secrets", ()))


def test_what_a_service_waits_for_tells_its_health(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for name, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "test" in services[name]["healthcheck"], name
            else:
                assert services[name]["restart"] == "no", name
    assert set(services["server"]["depends_on"]) == {"migrate", "redis", "s3"}
    assert set(services["worker"]["depends_on"]) == {"migrate", "redis", "s3"}
    assert services["migrate"]["command"] == ["db", "upgrade"]


def test_ports_are_open_on_loopback_only_and_the_backends_have_none(compose: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert set(ports) == {"server", "grafana"}
    assert all(without_variables(port).startswith("127.0.0.1:") for listed in ports.values() for port in listed)
    assert compose["networks"]["backend"] == {"internal": True}
    assert [compose["services"][name]["networks"] for name in ("postgres", "redis", "s3")] == [["backend"]] * 3


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_no_more_than_they_need_and_have_time_to_stop(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    grace = float(service["stop_grace_period"].removesuffix("s"))
    assert grace > STOPS_WITHIN


def test_every_volume_and_file_that_is_mounted_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (DEPLOY / source).exists() if source.startswith("./") else source in compose["volumes"], volume


def test_the_guide_tells_of_every_variable_that_it_reads() -> None:
    read = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    _, _, told = (ROOT / "docs" / "deployment.md").read_text().partition("`deploy/.env` takes")
    assert read == set(re.findall(r"`([A-Z_]+)`", told.partition("Other settings")[0]))
