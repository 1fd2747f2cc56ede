"""The Kubernetes manifests: valid, and fitting together. No cluster runs them here."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from retrospec.app import endpoints
from retrospec.cli.main import COMMANDS
from retrospec.core.routing import Access
from retrospec.core.settings import Settings
from retrospec.core.settings_sources import load
from tests.deploy.image import ROOT, STOPS_WITHIN, environment_of_the_image, last

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
FILES = (*KUSTOMIZATION["resources"], "secret.example.yaml")
# The oldest with all that is used here, and the newest.
VERSIONS = ("1.27", "1.37")
Manifest = dict[str, Any]


def manifests() -> list[Manifest]:
    return [one for name in FILES for one in yaml.safe_load_all((FOLDER / name).read_text())]


def named(kind: str, name: str = "retrospec") -> Manifest:
    return next(one for one in manifests() if (one["kind"], one["metadata"]["name"]) == (kind, name))


def pods() -> dict[str, Manifest]:
    """The pods that run, by their component."""
    templates = [one["spec"]["template"] for one in manifests() if one["kind"] in {"Deployment", "Job"}]
    return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one for one in templates}


def container(component: str) -> Manifest:
    [only] = pods()[component]["spec"]["containers"]
    return dict(only)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_satisfies_the_schema_of_its_kind(version: str) -> None:
    for manifest in manifests():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_every_file_of_the_folder_is_applied_but_the_example_of_the_secret() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*FILES, "kustomization.yaml"}
    assert "secret.example.yaml" not in KUSTOMIZATION["resources"]


def test_selectors_find_the_pods_that_they_are_for() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods().items()}
    assert set(labels) == {"server", "worker", "migration"}
    for manifest in manifests():
        selector = manifest.get("spec", {}).get("selector", {}) if manifest["kind"] != "Job" else {}
        wanted = selector.get("matchLabels", selector)
        if wanted:
            assert wanted in labels.values(), manifest["metadata"]["name"]
    port = named("Service")["spec"]["ports"][0]["targetPort"]
    assert {"name": port, "containerPort": 8080} in container("server")["ports"]
    assert named("HorizontalPodAutoscaler", "retrospec-server")["spec"]["scaleTargetRef"]["name"] == "retrospec-server"


@pytest.mark.parametrize("component", ["server", "worker", "migration"])
def test_pods_run_as_the_user_of_the_image_with_nothing_that_they_do_not_need(component: str) -> None:
    pod = pods()[component]["spec"]
    user, _, group = last("USER").partition(":")
    security = pod["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (int(user), int(group), int(group))
    assert security["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    own = container(component)["securityContext"]
    assert own["readOnlyRootFilesystem"]
    assert not own["allowPrivilegeEscalation"]
    assert own["capabilities"] == {"drop": ["ALL"]}
    mounts = {mount["mountPath"] for mount in container(component)["volumeMounts"]}
    assert {environment_of_the_image()["DATA_DIR"], "/tmp"} < mounts
    assert container(component)["args"][0] in COMMANDS


@pytest.mark.parametrize("component", ["server", "worker"])
def test_pods_have_time_to_stop(component: str) -> None:
    before = container(component).get("lifecycle", {"preStop": {"exec": {"command": ["sleep", "0"]}}})["preStop"]
    waited = float(before["exec"]["command"][1])
    given = pods()[component]["spec"]["terminationGracePeriodSeconds"]
    assert given > waited + STOPS_WITHIN


def test_a_probe_waits_for_as_long_as_the_server_may_take_to_say_no() -> None:
    server = container("server")
    assert {server[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")} == {"/healthz"}
    assert server["startupProbe"]["httpGet"]["path"] == "/readyz"
    # /healthz says it within two seconds, /readyz within three.
    assert all(server[probe]["timeoutSeconds"] > 3 for probe in ("startupProbe", "readinessProbe", "livenessProbe"))


def test_settings_and_secrets_lead_to_postgresql_redis_and_s3(tmp_path: Path) -> None:
    secrets = named("Secret")["stringData"]
    for name, value in secrets.items():
        (tmp_path / name).write_text(value)
    config = named("ConfigMap")["data"]
    [place] = {mount["mountPath"] for mount in container("server")["volumeMounts"] if mount["name"] == "secrets"}
    given = {name: value.replace(place, str(tmp_path)) for name, value in config.items()}

    settings = load({**environment_of_the_image(), **given})

    assert settings.database.startswith("postgres://")
    assert (settings.queue_name, settings.storage_name, settings.anonymous) == ("redis", "s3", "none")
    files = {Path(value).name for name, value in config.items() if name.endswith("_FILE")}
    assert files == set(secrets)


def test_the_ingress_opens_what_clients_need_and_nothing_of_operators() -> None:
    [rule] = named("Ingress")["spec"]["rules"]
    paths = rule["http"]["paths"]
    assert all(path["backend"]["service"] == {"name": "retrospec", "port": {"name": "http"}} for path in paths)
    exact = {path["path"] for path in paths if path["pathType"] == "Exact"}
    below = tuple(path["path"] for path in paths if path["pathType"] == "Prefix")
    for endpoint in endpoints():
        opened = endpoint.path in exact or f"{endpoint.path}/".startswith(tuple(f"{path}/" for path in below))
        inside = endpoint.access in {Access.ADMIN, Access.INTERNAL} or endpoint.path in {"/metrics", "/readyz"}
        assert opened != inside, endpoint.path


def test_uploads_of_every_allowed_size_pass_the_ingress() -> None:
    size = named("Ingress")["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert int(re.sub(r"m$", "", size)) * 2**20 > Settings().max_events_bytes
