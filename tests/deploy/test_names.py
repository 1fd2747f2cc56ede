"""Settings that deploy/ names, in settings as in comments."""

import re
from pathlib import Path

import pytest

from retrospec.core.settings import Settings
from tests.deploy.image import ROOT

FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and "secrets" not in path.parts)
# Of others: pip, Grafana, Redis, systemd, and what compose.yaml itself reads.
OTHERS = {
    *("PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR", "GF_SECURITY_ADMIN_PASSWORD__FILE", "REDISCLI_AUTH"),
    *("AF_INET", "AF_INET6", "AF_UNIX", "RETROSPEC_IMAGE", "RETROSPEC_LISTEN", "GRAFANA_LISTEN"),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "deploy")))
def test_a_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", path.read_text(encoding="utf-8")))
    known = {name.upper() for name in Settings.model_fields}
    assert {name for name in named if name.removesuffix("_FILE") not in known} - OTHERS == set()
