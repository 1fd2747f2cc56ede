"""The keys that databases hold, and how the strategy explains them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrospec.plugin import MarkerFacts
from retrospec_plugins.cluster_fingerprint import Fingerprint
from tests.plugins.cluster_fingerprint.builders import api, field, gecko, get, js, key, rage, ui, v8

GOLDEN: dict[str, MarkerFacts] = {
    "api_error:89e7e14e64eb9cad": get("/v2/shelves/7/parts?x=1", "502"),
    "api_error:ec62d296897488cd": api("GET /cart/9 -> 404", hint="api_error:GET:https://api.shop.example/cart/9:4xx"),
    "api_error:d956375da40ab958": api("POST https://a.example/graphql?operationName=SaveNote -> timeout"),
    "js_exception:9821edf521fa2afb": js(
        "Uncaught TypeError: Cannot read properties of undefined (reading 'price')", v8("Cart.total")
    ),
    "js_exception:38a9178f9aa7f3a5": js('Order 123456 of ann@mail.example: unknown plan "pro plus"', gecko("total")),
    "js_exception:0f3f7f342a50c3aa": js("ResizeObserver loop limit exceeded"),
    "ui_no_effect:24ca6334b266902d": rage("tag:button|id:buy-4711|text:buy", route="/products/oak-table"),
    "ui_no_effect:30bb89a42cc091da": rage("tag:button|class:btn|text:in-den-warenkorb", route="/products/4711"),
    "ui_no_effect:75081fbfa6d70665": ui("", route=""),
    "validation_failed:de7fafb3157b9ac7": field("email", "Füllen Sie dieses Feld aus", route="/signup"),
}


@pytest.mark.parametrize(("stored", "marker"), GOLDEN.items(), ids=GOLDEN)
def test_version_2_gives_the_keys_that_databases_hold(stored: str, marker: MarkerFacts) -> None:
    assert (Fingerprint.version, key(marker)) == (2, stored), (
        "This change gives stored failures other keys, so their issues would split in two. "
        "Make it a version of its own, and leave version 2 as it was."
    )


def test_explains_each_part_of_a_key_and_the_text_that_is_hashed() -> None:
    marker = api(
        "GET https://api-eu-west-1.staging.shop.example:8443/de/shelves/17/parts?x=1 -> 503",
        evidence="statusText=Service Unavailable",
    )
    parts = ("service=api.shop.example", "method=GET", "endpoint=/shelves/*/parts", "outcome=5xx")
    told = Fingerprint().explain(marker)
    assert told.steps == (
        ("read label", marker.label),
        ("read evidence", marker.evidence),
        ("read route", "/checkout"),
    )
    assert told.parts == tuple(tuple(part.split("=")) for part in parts)
    assert told.text.split("\x1f") == ["fingerprint 2", "api_error", *parts]


def test_explains_an_error_in_a_script() -> None:
    marker = js("TypeError: undefined is not an object (evaluating 'item.price')", gecko("total/<"))
    parts = dict(Fingerprint().explain(marker).parts)
    assert (parts["error"], parts["expression"], parts["function"]) == ("nullish", "price undefined", "total")


@pytest.mark.parametrize("marker", GOLDEN.values(), ids=GOLDEN)
def test_the_text_that_is_told_is_what_the_key_is_a_digest_of(marker: MarkerFacts) -> None:
    told = Fingerprint().explain(marker)
    assert told.key == key(marker) == f"{marker.kind}:{sha256(told.text.encode()).hexdigest()[:16]}"


_ROUTES = st.lists(
    st.sampled_from(["cart", "42", "de", "a1b2c3d4e5f6", "{id}", "2026-11-26", "", "oak-table-4711", "*"])
)


@given(
    st.lists(_ROUTES.map(lambda parts: "/" + "/".join(parts)) | st.text(max_size=30), min_size=1, max_size=5),
    st.sampled_from(["ui_no_effect", "validation_failed", "js_exception", "api_error"]),
    st.sampled_from(["tag:button|id:buy", "email (Enter an address)", "GET /a -> 500", "x" * 1_200]),
)
def test_what_is_remembered_of_markers_changes_no_key(routes: list[str], kind: str, label: str) -> None:
    strategy = Fingerprint()
    markers = [MarkerFacts(route, kind, "", label, "") for route in routes]

    # An explanation remembers nothing.
    told = [strategy.explain(marker).key for marker in markers]

    assert list(strategy.keys(markers)) == list(strategy.keys(markers)) == told
