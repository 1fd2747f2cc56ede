"""Markers in few words, and what version 2 makes of them."""

from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint import Fingerprint, Parts, describe

SHOP = "https://shop.example"
APP = f"{SHOP}/assets/app-8f3a2b1c.js"


def api(label: str, *, hint: str = "", evidence: str = "", route: str = "/checkout") -> MarkerFacts:
    return MarkerFacts(route, "api_error", hint, label, evidence)


def get(path: str, outcome: str = "500", host: str = "api.shop.example") -> MarkerFacts:
    return api(f"GET https://{host}{path} -> {outcome}")


def js(label: str, evidence: str = "", *, hint: str = "", route: str = "/checkout") -> MarkerFacts:
    return MarkerFacts(route, "js_exception", hint, label, evidence)


def ui(label: str, *, route: str = "/checkout", hint: str = "") -> MarkerFacts:
    return MarkerFacts(route, "ui_no_effect", hint, label, "")


def rage(locator: str, *, route: str = "/checkout") -> MarkerFacts:
    return ui(f"Repeated clicks with no progress on {locator}", route=route)


def field(name: str, message: str = "Please fill out this field.", *, route: str = "/checkout") -> MarkerFacts:
    return MarkerFacts(route, "validation_failed", "", f"Validation blocked submission: {name} ({message})", "")


def v8(function: str, file: str = APP) -> str:
    return f"Error: boom\n    at {function} ({file}:10:20)\n    at dispatch ({file}:1:2)"


def gecko(function: str, file: str = APP) -> str:
    return f"{function}@{file}:10:20\ndispatch@{file}:1:2"


def key(marker: MarkerFacts) -> str:
    (only,) = Fingerprint().keys([marker])
    return only


def same(*markers: MarkerFacts) -> None:
    """Require one key; parts say more than two digests when it fails."""
    first, *others = markers
    for other in others:
        assert describe(other) == describe(first)
        assert key(other) == key(first)


def apart(*markers: MarkerFacts) -> None:
    """Require as many keys as markers."""
    told: dict[str, Parts] = {}
    for marker in markers:
        parts = describe(marker)
        assert key(marker) not in told, f"{marker} shares {parts}"
        told[key(marker)] = parts
