"""The examples of reverse proxies."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import crossplane
import pytest

from retrospec.app import endpoints
from retrospec.core.routing import Access
from retrospec.core.settings import Settings
from tests.deploy.image import ROOT

NGINX = ROOT / "deploy" / "nginx" / "retrospec.conf"
CADDY = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text()
Directive = dict[str, Any]


@pytest.fixture
def nginx(tmp_path: Path) -> list[Directive]:
    """The example as nginx includes it, checked against what each directive takes and where it may stand."""
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"events {{}}\nhttp {{\n  include {NGINX};\n}}\n")
    payload = crossplane.parse(str(whole), strict=True)
    assert payload["errors"] == []
    parsed: list[Directive] = payload["config"][1]["parsed"]
    return parsed


def blocks(of: list[Directive], name: str) -> list[Directive]:
    return [one for one in of if one["directive"] == name]


def argument(of: list[Directive], name: str) -> str:
    [found] = blocks(of, name)
    return " ".join(found["args"])


def inside() -> set[str]:
    """What only operators, workers and Prometheus call."""
    guarded = {Access.ADMIN, Access.INTERNAL}
    return {one.path for one in endpoints() if one.access in guarded} | {"/metrics", "/readyz"}


def test_nginx_ends_tls_and_sends_everybody_there(nginx: list[Directive]) -> None:
    plain, tls = (one["block"] for one in blocks(nginx, "server"))
    assert argument(plain, "return").startswith("308 https://")
    assert all("ssl" in one["args"] for one in blocks(tls, "listen"))
    assert argument(tls, "ssl_protocols") == "TLSv1.2 TLSv1.3"


def test_nginx_tells_the_client_and_lets_uploads_through_as_they_come(nginx: list[Directive]) -> None:
    tls = blocks(nginx, "server")[1]["block"]
    assert ["X-Forwarded-For", "$proxy_add_x_forwarded_for"] in [one["args"] for one in blocks(tls, "proxy_set_header")]
    size = argument(tls, "client_max_body_size")
    assert int(size.removesuffix("m")) * 2**20 > Settings().max_events_bytes
    wait = argument(tls, "proxy_read_timeout")
    assert int(wait.removesuffix("s")) > Settings().request_read_timeout_seconds
    [upload] = [one for one in blocks(tls, "location") if one["args"] == ["=", "/v1/artifacts/session-events"]]
    assert argument(upload["block"], "proxy_request_buffering") == "off"


def test_nginx_writes_no_query_down(nginx: list[Directive]) -> None:
    written = argument(nginx, "log_format")
    assert "$uri" in written
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", written)


def test_nginx_keeps_what_is_inside_from_outside(nginx: list[Directive]) -> None:
    tls = blocks(nginx, "server")[1]["block"]
    [guarded] = [one for one in blocks(tls, "location") if one["args"][0] == "~"]
    rules = [one for one in guarded["block"] if one["directive"] in {"allow", "deny"}]
    *allowed, rest = [(one["directive"], *one["args"]) for one in rules]
    assert rest == ("deny", "all")
    assert all(ip_network(network).is_private for _, network in allowed)
    caught = {one.path for one in endpoints() if re.search(guarded["args"][1], one.path)}
    assert caught == inside()


def test_caddy_does_the_same() -> None:
    matcher = re.search(r"@outside \{\n\t*path (.+)\n\t*not remote_ip private_ranges\n", CADDY)
    assert matcher
    patterns = [re.escape(path).replace(r"\*", ".*") for path in matcher[1].split()]
    caught = {one.path for one in endpoints() if any(re.fullmatch(pattern, one.path) for pattern in patterns)}
    assert caught == inside()
    size = re.search(r"max_size (\d+)MiB", CADDY)
    assert size
    assert int(size[1]) * 2**20 > Settings().max_events_bytes
